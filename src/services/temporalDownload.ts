import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './command.ts';
import { temporalVersion } from './temporalVersion.ts';

/** Where the Temporal SDKs look (sdk-core, ephemeral_server). It answers with the address of an archive. */
const site = 'https://temporal.download';

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
const silenceSeconds = 10;

/** The SDK's own download. Offline it gives up in seconds: nothing may be silent for longer than ten. */
export async function downloadTemporal(target: string, log: (line: string) => void, from = site): Promise<void> {
  const architecture = architectures[process.arch];
  if (!architecture) throw new Error(`there is none for ${process.arch}`);
  const folder = path.dirname(target);
  const answer = path.join(folder, 'answer.json');
  const archive = path.join(folder, 'archive.tar.gz');
  const platform = process.platform === 'darwin' ? 'darwin' : 'linux';
  await fetchFile(`${from}/cli/v${temporalVersion}?arch=${architecture}&platform=${platform}&format=tar.gz`, answer);
  const { archiveUrl, fileToExtract } = JSON.parse(readFileSync(answer, 'utf8')) as Record<string, unknown>;
  if (typeof archiveUrl !== 'string' || typeof fileToExtract !== 'string') throw new Error(`${from} gave no archive`);

  log(`Downloading the Temporal server from ${new URL(archiveUrl).host}, once`);
  await fetchFile(archiveUrl, archive);
  if (runCommand('tar', ['-xzf', archive, '-C', folder, fileToExtract]) === null) {
    throw new Error('tar could not unpack the archive');
  }
  if (path.join(folder, fileToExtract) !== target) renameSync(path.join(folder, fileToExtract), target);
  chmodSync(target, 0o755);
  rmSync(archive);
}

/** With curl where there is one: it knows the machine's proxy and certificates, which Node's fetch does not. */
async function fetchFile(url: string, file: string): Promise<void> {
  if (runCommand('curl', ['--version']) === null) return fetchWithNode(url, file);
  const limits = ['--connect-timeout', '5', '--speed-limit', '1', '--speed-time', String(silenceSeconds)];
  const curl = spawn('curl', ['-fsSL', ...limits, '-o', file, url], { stdio: ['ignore', 'ignore', 'pipe'] });
  let message = '';
  curl.stderr.on('data', (chunk) => {
    message += chunk;
  });
  const [code] = (await once(curl, 'close')) as [number | null];
  if (code !== 0) throw new Error(message.trim().split('\n').at(-1) || `curl ended with ${code}`);
}

export async function fetchWithNode(url: string, file: string): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error('no answer')), silenceSeconds * 1_000);
  try {
    const response = await fetch(url, { signal: silence.signal });
    if (!response.ok || !response.body) throw new Error(`${new URL(url).host} answered ${response.status}`);
    // fetch's own stream type and node:stream/web's are the same object at run time.
    const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
    body.on('data', () => timer.refresh());
    await pipeline(body, createWriteStream(file));
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  } finally {
    clearTimeout(timer);
  }
}
