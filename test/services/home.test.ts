import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../src/services/freePort.ts';
import { cacheDirectory, homeDirectory, readRunningServices, writeRunningServices } from '../../src/services/home.ts';
import { acquireLock, lockHolder, processRecord } from '../../src/services/processLock.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'caravel-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('where state lives', () => {
  it('is $CARAVEL_HOME, else a folder of the user', () => {
    expect(homeDirectory({ CARAVEL_HOME: folder })).toBe(folder);
    expect(homeDirectory({})).toBe(
      process.getuid?.() === 0 ? '/var/lib/caravel' : path.join(homedir(), '.local/share/caravel'),
    );
    expect(cacheDirectory({ XDG_CACHE_HOME: folder })).toBe(path.join(folder, 'caravel'));
    expect(cacheDirectory({})).toBe(path.join(homedir(), '.cache/caravel'));
  });

  it('tells where services run for as long as their process lives, to this user only', () => {
    const addresses = { temporal: '127.0.0.1:1', ui: null, journal: 'postgres://caravel:secret@127.0.0.1:2/j' };
    expect(readRunningServices(folder)).toBeNull();
    writeRunningServices(folder, addresses);
    expect(readRunningServices(folder)).toEqual({ ...addresses, pid: process.pid });
    const file = path.join(folder, 'services.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { pid } = spawnSync('true');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), pid }));
    expect(readRunningServices(folder)).toBeNull();
  });
});

describe('a lock', () => {
  it('is held by one living process, and is free once that has ended, even if its id is used again', () => {
    const file = path.join(folder, 'lock');
    const release = acquireLock(file)!;
    expect(acquireLock(file)).toBeNull();
    expect(lockHolder(file)).toBe(process.pid);
    release();
    expect(lockHolder(file)).toBeNull();

    for (const dead of [
      { pid: spawnSync('true').pid, start: 'long ago' },
      { ...processRecord(process.pid), start: 'before' },
    ]) {
      writeFileSync(file, JSON.stringify(dead));
      const taken = acquireLock(file);
      expect(taken).not.toBeNull();
      taken!();
    }
  });
});

describe('a free port', () => {
  it('is a preferred one if possible', async () => {
    const port = await freePort();
    const { createServer } = await import('node:net');
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await freePort(port)).not.toBe(port);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the bootstrap', () => {
  /** A project whose dependencies lie beside it, so that nothing has to be fetched. */
  function project(version: string): void {
    const write = (file: string, text: string) => {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
    };
    const dependencies = { esbuild: 'file:esbuild', tsx: 'file:tsx' };
    const manifest = { name: 'project', version, type: 'module', dependencies };
    write('package.json', JSON.stringify(manifest));
    write(
      'package-lock.json',
      JSON.stringify({
        name: 'project',
        version,
        lockfileVersion: 3,
        requires: true,
        packages: {
          '': { name: 'project', version, dependencies },
          'node_modules/esbuild': { resolved: 'esbuild', link: true },
          esbuild: { version: '1.0.0' },
          'node_modules/tsx': { resolved: 'tsx', link: true },
          tsx: { version: '1.0.0' },
        },
      }),
    );
    write('tsx/package.json', '{ "name": "tsx", "version": "1.0.0", "main": "index.js" }');
    write('tsx/index.js', '');
    write('esbuild/package.json', '{ "name": "esbuild", "version": "1.0.0", "type": "module", "main": "index.js" }');
    write(
      'esbuild/index.js',
      "export const build = ({ outdir }) => ({ outputFiles: [{ path: outdir + '/main.js', contents: 'built' }] });",
    );
    write('entry.mjs', 'console.log(process.argv.slice(2).join()); process.exit(7);');
    for (const file of ['infra/bootstrap.mjs', 'src/services/processLock.mjs', 'src/cli/build.mjs']) {
      write(file, readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
    }
  }

  function run() {
    const env = { ...process.env, NODE_ENV: 'production', npm_config_dry_run: 'true', npm_config_global: 'true' };
    const args = [path.join(folder, 'infra/bootstrap.mjs'), 'entry.mjs', 'one', 'two'];
    return spawnSync(process.execPath, args, { env, cwd: tmpdir(), encoding: 'utf8' });
  }

  it('installs and builds what is missing or stale, and passes arguments and exit code on', () => {
    project('1.0.0');
    const first = run();
    expect(first.stderr).toMatch(/^Installing the dependencies \(npm ci\) …\nInstalled in \d+ s\n$/);
    expect([first.status, first.stdout]).toEqual([7, 'one,two\n']);
    const built = path.join(folder, 'dist/main.js');
    expect(readFileSync(built, 'utf8')).toBe('built');
    writeFileSync(built, 'built before');
    expect(run().stderr).toBe('');
    expect(readFileSync(built, 'utf8')).toBe('built before');
    utimesSync(built, 0, 0);
    expect(run().stderr).toBe('');
    expect(readFileSync(built, 'utf8')).toBe('built');

    rmSync(path.join(folder, 'node_modules', '.package-lock.json'));
    expect(run().stderr).toContain('Installing');
  });
});
