import { agreeing, countOf } from '../wording/counts.ts';

/**
 * Deleting would take rows along that lie outside the scope and were not there when the plan was made. Nothing of the
 * batch is gone.
 */
export class EmptyingError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EmptyingError';
  }
}

export function outsideRowsCame(entity: string, table: string, column: string, rows: number): EmptyingError {
  return new EmptyingError(
    `${entity}: ${countOf(rows, 'row')} to be deleted ${agreeing(rows, 'is', 'are')} referred to by ` +
      `${table}.${column} since the plan was made, and would be followed by what refers to them; ` +
      'stop whatever writes there, remove those rows, and start the run again',
  );
}
