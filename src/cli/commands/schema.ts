import { z } from 'zod';
import { configuration } from '../../config/configuration.ts';
import { migrationSpec } from '../../config/migrationSpec.ts';
import { exitCode } from '../exitCodes.ts';
import { printJson } from '../output.ts';

/** `caravel schema config|spec`: the JSON Schema of a file as people write it, defaults left out. */
export async function schema(file: 'config' | 'spec'): Promise<number> {
  printJson(z.toJSONSchema(file === 'config' ? configuration : migrationSpec, { io: 'input' }));
  return exitCode.ok;
}
