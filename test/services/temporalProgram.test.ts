import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildTemporal } from '../../src/services/temporalBuild.ts';
import { downloadTemporal, fetchWithNode } from '../../src/services/temporalDownload.ts';
import { type TemporalSource, temporalProgram } from '../../src/services/temporalProgram.ts';

/** What says of itself what a Temporal CLI says. */
const program = '#!/bin/sh\necho "--db-filename --dynamic-config-value"\n';
const writeProgram = (file: string, text = program) => {
  writeFileSync(file, text);
  chmodSync(file, 0o755);
};
const makes: TemporalSource = async (target) => writeProgram(target);
const fails: TemporalSource = async () => {
  throw new Error('offline');
};

let folder: string;
let cache: string;
const pathBefore = process.env.PATH;
const silent = () => {};

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'caravel-program-'));
  cache = path.join(folder, 'cache');
  mkdirSync(path.join(folder, 'bin'));
  // No `temporal` here, whatever the machine has.
  process.env.PATH = `${path.join(folder, 'bin')}:/usr/bin:/bin`;
});

afterEach(() => {
  process.env.PATH = pathBefore;
  rmSync(folder, { recursive: true, force: true });
});

describe('the Temporal server program', () => {
  it('is the one on the PATH if that has a development server', async () => {
    writeProgram(path.join(folder, 'bin', 'temporal'));
    expect(await temporalProgram(silent, { cache, sources: [['none', fails]] })).toBe('temporal');
    writeProgram(path.join(folder, 'bin', 'temporal'), '#!/bin/sh\necho something else\n');
    expect(await temporalProgram(silent, { cache, sources: [['one', makes]] })).toContain(cache);
  });

  it('comes from the next source when one fails or gives something that does not run, and is kept', async () => {
    const broken: TemporalSource = async (target) => writeFileSync(target, 'not a program');
    const sources: [string, TemporalSource][] = [
      ['first', fails],
      ['second', broken],
      ['third', makes],
    ];
    const found = await temporalProgram(silent, { cache, sources });
    expect(readdirSync(path.dirname(found))).toEqual(['temporal']);
    expect(await temporalProgram(silent, { cache, sources: [['none', fails]] })).toBe(found);
  });

  it('is got once when several ask at the same time', async () => {
    let times = 0;
    const slow: TemporalSource = async (target) => {
      times++;
      await new Promise((resolve) => setTimeout(resolve, 300));
      writeProgram(target);
    };
    const asked = [1, 2, 3].map(() => temporalProgram(silent, { cache, sources: [['slow', slow]] }));
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(times).toBe(1);
  });

  it('is asked for in one line when every source fails', async () => {
    const asked = temporalProgram(silent, { cache, sources: [['download', fails]] });
    await expect(asked).rejects.toThrow(/\(download: offline\): install the Temporal CLI .* or set TEMPORAL_ADDRESS/);
    await expect(asked).rejects.not.toThrow(/\n/);
  });

  it('is downloaded from where the SDKs download it', async () => {
    writeProgram(path.join(folder, 'temporal'));
    const archive = path.join(folder, 'archive.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', folder, 'temporal']);
    const requests: string[] = [];
    const site = createServer((request, response) => {
      requests.push(request.url!);
      if (request.url!.startsWith('/cli/')) {
        const archiveUrl = `http://${request.headers.host}/archive`;
        response.end(JSON.stringify({ archiveUrl, fileToExtract: 'temporal' }));
      } else if (request.url === '/archive') {
        response.end(readFileSync(archive));
      } else {
        response.writeHead(404).end();
      }
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => site.once('listening', resolve));
    const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    try {
      const download: TemporalSource = (target, log) => downloadTemporal(target, log, address);
      const found = await temporalProgram(silent, { cache, sources: [['download', download]] });
      expect(readFileSync(found, 'utf8')).toBe(program);
      expect(requests[0]).toMatch(/^\/cli\/v1\.5\.1\?arch=(amd64|arm64)&platform=(linux|darwin)&format=tar\.gz$/);

      await fetchWithNode(`${address}/archive`, path.join(folder, 'fetched'));
      expect(readFileSync(path.join(folder, 'fetched'))).toEqual(readFileSync(archive));
      await expect(fetchWithNode(`${address}/nothing`, path.join(folder, 'fetched'))).rejects.toThrow('answered 404');
    } finally {
      site.close();
    }
    await expect(downloadTemporal(path.join(folder, 'offline'), silent, address)).rejects.toThrow();
  });

  it('is built with Go, whatever flags the user gives Go', async () => {
    const record = path.join(folder, 'record');
    writeProgram(
      path.join(folder, 'bin', 'go'),
      `#!/bin/sh
echo "$* GOFLAGS=$GOFLAGS GOOS=$GOOS GO111MODULE=$GO111MODULE" >> "${record}"
[ "$1" = install ] && printf '#!/bin/sh\\necho "--db-filename --dynamic-config-value"\\n' > "$GOBIN/temporal" && chmod +x "$GOBIN/temporal"
exit 0
`,
    );
    const before = { ...process.env };
    Object.assign(process.env, { GOFLAGS: '-mod=vendor', GOOS: 'plan9', GO111MODULE: 'off' });
    try {
      const lines: string[] = [];
      const found = await temporalProgram((line) => lines.push(line), { cache, sources: [['Go', buildTemporal]] });
      expect(existsSync(found)).toBe(true);
      expect(lines).toEqual(['Building the Temporal server with Go, once; this takes some minutes']);
    } finally {
      process.env = before;
    }
    expect(readFileSync(record, 'utf8').trim().split('\n')).toEqual([
      'list -m github.com/temporalio/cli@v1.5.1 GOFLAGS=-mod=mod GOOS= GO111MODULE=on',
      'mod download -json github.com/temporalio/cli@v1.5.1 GOFLAGS=-mod=mod GOOS= GO111MODULE=on',
      'install -v github.com/temporalio/cli/cmd/temporal@v1.5.1 GOFLAGS=-mod=mod GOOS= GO111MODULE=on',
    ]);
  });

  it('is not built where Go is missing or cannot find the module', async () => {
    const target = path.join(folder, 'target');
    process.env.PATH = path.join(folder, 'bin');
    await expect(buildTemporal(target, silent)).rejects.toThrow('there is none');
    writeProgram(path.join(folder, 'bin', 'go'), '#!/bin/sh\necho "no such module" >&2\nexit 1\n');
    await expect(buildTemporal(target, silent)).rejects.toThrow('no such module');
  });
});
