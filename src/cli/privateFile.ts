import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CommandError, exitCode } from './exitCodes.ts';

/** A file that holds personal data: nobody but its owner may read it. */
export interface PrivateFile {
  path: string;
  /** Replaces what the file holds. @throws CommandError where it cannot be written */
  write(text: string): void;
}

/**
 * Names a file for a text that comes later. What can be known of it now is: a command that works for long should not
 * end with that.
 * @param option that names the file, for the error. @throws CommandError where there is no such place
 */
export function privateFile(file: string, option: string): PrivateFile {
  const place = path.resolve(file);
  const refuse = (why: string, cause?: unknown) =>
    new CommandError(exitCode.usage, `${option} ${file}: it cannot be written: ${why}; name another file`, cause);
  const kindOf = (name: string) => statSync(name, { throwIfNoEntry: false });
  if (kindOf(place)?.isDirectory()) throw refuse('it is a folder');
  if (!kindOf(path.dirname(place))?.isDirectory()) throw refuse('there is no such folder');
  return {
    path: place,
    write(text) {
      try {
        writeFileSync(place, text, { mode: 0o600 });
      } catch (error) {
        throw refuse((error as Error).message, error);
      }
    },
  };
}
