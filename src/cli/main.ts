import { CommandError, exitCode } from './exitCodes.ts';
import { createProgram } from './program.ts';

/** Runs the command that the process was called with; its exit code becomes the process's. */
async function main(): Promise<void> {
  // `caravel map … | head`: the reader has had enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const words = process.argv.slice(2);
  process.on('uncaughtException', (error) => {
    // A worker says more, and ends by itself.
    if (process.listenerCount('uncaughtException') > 1) return;
    process.stderr.write(`caravel: unexpected error: ${String(error?.message ?? error)}; --verbose shows where\n`);
    if (words.includes('--verbose')) console.error(error);
    process.exit(exitCode.defect);
  });
  try {
    process.exitCode = await createProgram().run(words);
  } catch (error) {
    // What the errors of databases and files mean is loaded only when one of them comes.
    const told = error instanceof CommandError ? error : (await import('./explain.ts')).explain(error);
    process.exitCode = told.exitCode;
    process.stderr.write(`caravel: ${told.message.replace(/\s*\n\s*/g, ' ')}\n`);
    if (words.includes('--verbose') && error instanceof Error) console.error(error);
  }
  // Whatever is still open after a failure, a worker that lost its server for instance, does not keep the command.
  setTimeout(() => process.exit(), 3_000).unref();
}

await main();
