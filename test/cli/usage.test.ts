import { afterAll, describe, expect, it } from 'vitest';
import { createWorkplace, refusal } from './command.ts';

const workplace = createWorkplace();
afterAll(() => workplace.remove());

const commands = [
  ...['dev', 'worker', 'plan', 'start', 'status', 'pause', 'resume', 'approve', 'cancel'],
  ...['verify', 'map', 'issues', 'retry-issues', 'restore', 'schema'],
];

describe('caravel without any service, file or setting', () => {
  it('answers --help with all commands', async () => {
    const { code, stdout, stderr } = await workplace.caravel('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}( |$)`, 'm'));
  });

  it.for(commands)('answers %s --help with its options and those of every command', async (command) => {
    const { code, stdout, stderr } = await workplace.caravel(command, '--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: caravel ${command}`);
    expect(stdout).toContain('--config <file>');
    expect(stdout).toContain('--verbose');
  });

  it('shows its help when it is called without a command', async () => {
    const { code, stderr } = await workplace.caravel();
    expect(code).toBe(64);
    expect(stderr).toContain('Usage: caravel');
    expect(stderr).toContain("caravel: no command given; see 'caravel --help'");
  });

  it.for([
    [['nonsense'], "unknown command 'nonsense'; see 'caravel --help'"],
    [['plan'], "missing required argument 'spec'; see 'caravel plan --help'"],
    [['plan', 'a', 'b'], "too many arguments for 'plan'. Expected 1 argument but got 2; see 'caravel plan --help'"],
    [['plan', 'a', '--wait'], "unknown option '--wait'; see 'caravel plan --help'"],
    [['plan', 'a', '--jsn'], "unknown option '--jsn' (Did you mean --json?); see 'caravel plan --help'"],
    [['start', 'a', '--id'], "option '--id <id>' argument missing; see 'caravel start --help'"],
    [
      ['start', 'a', '--id', 'a/b'],
      "option '--id <id>' argument 'a/b' is invalid. It must have 1 to 150 characters, none of them a space or a slash; see 'caravel start --help'",
    ],
    [
      ['dev', '--port', '70000'],
      "option '--port <number>' argument '70000' is invalid. It must be a port number, 1 to 65535; see 'caravel dev --help'",
    ],
    [
      ['issues', 'a', '--csv', '--json'],
      "option '--csv' cannot be used with option '--json'; see 'caravel issues --help'",
    ],
    [
      ['schema', 'plan'],
      "command-argument value 'plan' is invalid for argument 'file'. Allowed choices are config, spec; see 'caravel schema --help'",
    ],
    [['status', '--watch'], "--watch follows one run; name it: 'caravel status ID --watch'"],
  ] as const)('refuses %j with one line', async ([words, line]) => {
    expect(await workplace.caravel(...words)).toEqual(refusal(64, line));
  });
});
