import { ConfigurationError } from '../config/configuration.ts';
import { DatabaseError, type DatabaseErrorCode } from '../database/errors.ts';
import { PlanFormatError, UnknownRunError } from '../journal/runs.ts';
import { PlanningError } from '../planning/questions/errors.ts';
import { ServiceError } from '../services/serviceError.ts';
import { placeOf } from './databasePlaces.ts';
import { CommandError, exitCode } from './exitCodes.ts';

/** What an operator reads of an error (without `caravel: `), and the exit code that belongs to it. */
export function explain(error: unknown): { message: string; exitCode: number } {
  if (error instanceof CommandError || error instanceof ServiceError) return error;
  if (error instanceof ConfigurationError || error instanceof PlanningError || error instanceof UnknownRunError) {
    return { message: error.message, exitCode: exitCode.usage };
  }
  if (error instanceof PlanFormatError) return { message: error.message, exitCode: exitCode.failed };
  if (error instanceof DatabaseError) {
    const isRefusal = error.code === 'permission';
    return { message: aboutDatabase(error), exitCode: isRefusal ? exitCode.failed : exitCode.unavailable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message: `unexpected error: ${message}; --verbose shows where`, exitCode: exitCode.defect };
}

const notThere: ReadonlySet<DatabaseErrorCode> = new Set(['unreachable', 'login']);

/** What a worker tries again, a command gives up: it says where it looked. */
function aboutDatabase(error: DatabaseError): string {
  const place = placeOf(error.database);
  if (place === null || !(notThere.has(error.code) || error.number === '3D000')) return error.message;
  const number = error.number ? ` [${error.number}]` : '';
  if (error.code === 'unreachable') {
    return `${place.name} is out of reach at ${place.address}${number}; check that the server is up and the address right (${place.setting})`;
  }
  const what = error.code === 'login' ? 'refuses the login' : `has no database '${place.database}'`;
  return `${place.name} at ${place.address} ${what}${number}; check the user, the password and the database (${place.setting})`;
}
