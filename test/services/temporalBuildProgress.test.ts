import { describe, expect, it } from 'vitest';
import {
  afterLine,
  type BuildProgress,
  modulesIn,
  notBegun,
  progressLine,
} from '../../src/services/temporalBuildProgress.ts';

const program = 'example.com/cli/cmd/program';
const heard = (lines: string[], progress: BuildProgress = notBegun) =>
  lines.reduce((current, line) => afterLine(current, line, program), progress);

describe('the build of the Temporal server says how far it is', () => {
  it('by modules that are downloaded, of those that may have to be', () => {
    const lines = [
      'go: finding module for package x',
      'go: downloading example.com/a v1.2.3',
      'go: downloading b.org/b v2',
    ];
    expect(progressLine(notBegun, 0)).toBe('Building the Temporal server: asking for its modules (0:00)');
    expect(progressLine(heard(lines), 5.9)).toBe('Building the Temporal server: downloaded 2 modules (0:05)');
    expect(progressLine(heard(lines, { ...notBegun, modules: 208 }), 65)).toBe(
      'Building the Temporal server: downloaded 2 of at most 208 modules (1:05)',
    );
  });

  it('by packages that are compiled, of those that will be, and not by what compilers warn of', () => {
    const lines = ['go: downloading b.org/b v2', 'internal/cpu', '# b.org/b', 'b.c:1:2: warning: x', 'b.org/b/v2-x'];
    expect(progressLine(heard(lines), 125)).toBe('Building the Temporal server: compiled 2 packages (2:05)');
    expect(progressLine(heard(lines, { ...notBegun, packages: 1298 }), 125)).toBe(
      'Building the Temporal server: compiled 2 of 1,298 packages (2:05)',
    );
    // Counted wrong: nothing is said rather than "2 of 1".
    expect(progressLine(heard(lines, { ...notBegun, packages: 1 }), 125)).toContain('compiled 2 packages');
  });

  it('by the last step, when the program itself is compiled', () => {
    expect(progressLine(heard(['fmt', program]), 240)).toBe(
      'Building the Temporal server: all compiled, linking (4:00)',
    );
  });

  it('knows the modules whose content a go.sum vouches for', () => {
    const hash = 'h1:0RZMk14BWxz44Xg6ciDQvpfAMffoG3J7=';
    expect(modulesIn(`a.org/a v1.0.0 ${hash}\na.org/a v1.0.0/go.mod ${hash}\nb.org/b v2.0.0/go.mod ${hash}\n`)).toBe(1);
    expect(modulesIn('')).toBe(0);
  });
});
