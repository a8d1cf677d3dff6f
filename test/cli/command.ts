import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder to call `caravel` in, with nothing of the caller's own settings around it. */
export interface Workplace {
  folder: string;
  /** Writes a file; data becomes JSON. */
  write(name: string, content: unknown): string;
  caravel(...words: string[]): Promise<Ended>;
  /** Environment variables of the command, besides those of the system. */
  variables: NodeJS.ProcessEnv;
  remove(): void;
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(path.join(tmpdir(), 'caravel-cli-'));
  const variables: NodeJS.ProcessEnv = { CARAVEL_HOME: path.join(folder, 'home') };
  return {
    folder,
    variables,
    write(name, content) {
      writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
      return name;
    },
    async caravel(...words) {
      const own = Object.entries(process.env).filter(([name]) => !/^(CARAVEL|TEMPORAL)_(?!TEST)/.test(name));
      const child = spawn(process.execPath, [command, ...words], {
        cwd: folder,
        env: { ...Object.fromEntries(own), ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, stdout, stderr };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What an operator sees when something is wrong: nothing on stdout, one line, an exit code. */
export function refusal(code: number, line: string): Ended {
  return { code, stdout: '', stderr: `caravel: ${line}\n` };
}
