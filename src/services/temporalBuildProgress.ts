/** How far Go is, by what it has said. */
export interface BuildProgress {
  downloaded: number;
  /** Modules that may have to be downloaded; null when that is not known. */
  modules: number | null;
  compiled: number;
  /** Packages that will be compiled; null when that is not known. */
  packages: number | null;
  /** The last package is compiled: what comes is one long step that says nothing. */
  isLinking: boolean;
}

export const notBegun: BuildProgress = { downloaded: 0, modules: null, compiled: 0, packages: null, isLinking: false };

/**
 * @param line of `go install -v` or `go list` on stderr: of a module it downloads, or the path of a package it
 * compiles.
 */
export function afterLine(progress: BuildProgress, line: string, program: string): BuildProgress {
  if (/^go: downloading /.test(line)) return { ...progress, downloaded: progress.downloaded + 1 };
  // Warnings of compilers have spaces or colons.
  if (!/^[\w.~/-]+$/.test(line)) return progress;
  return { ...progress, compiled: progress.compiled + 1, isLinking: line === program };
}

/** One line, without a number that is not known. */
export function progressLine(progress: BuildProgress, seconds: number): string {
  const { downloaded, modules, compiled, packages, isLinking } = progress;
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  const all = (most: number | null, done: number, words: string) =>
    most === null || most < done ? '' : ` ${words} ${most.toLocaleString('en')}`;
  const count = (number: number, noun: string) => `${number.toLocaleString('en')}${noun}`;
  const step = isLinking
    ? 'all compiled, linking'
    : compiled > 0
      ? `compiled ${count(compiled, all(packages, compiled, 'of'))} packages`
      : downloaded > 0
        ? `downloaded ${count(downloaded, all(modules, downloaded, 'of at most'))} modules`
        : 'asking for its modules';
  return `Building the Temporal server: ${step} (${time})`;
}

/** The number of modules whose content go.sum vouches for. */
export const modulesIn = (goSum: string): number =>
  goSum.split('\n').filter((line) => line.includes(' h1:') && !line.includes('/go.mod ')).length;

/**
 * Says what `line` gives: on a terminal in one line that is written anew every second, elsewhere every half a minute.
 * @returns what ends that.
 */
export function showProgress(log: (line: string) => void, line: (seconds: number) => string): () => void {
  const { stderr } = process;
  const began = performance.now();
  const now = () => line((performance.now() - began) / 1_000);
  // The cursor stays at the start of the line, so that what others print takes its place.
  const write = () => stderr.write(`\r\u001b[K  ${now().slice(0, (stderr.columns || 80) - 3)}\r`);
  const timer = stderr.isTTY ? setInterval(write, 1_000) : setInterval(() => log(now()), 30_000);
  return () => {
    clearInterval(timer);
    if (stderr.isTTY) stderr.write('\r\u001b[K');
  };
}
