import { Sql } from '../src/database/sql.ts';

/**
 * A statement that the demo, the bench or a test has written itself, DDL above all: its names are their own, and no
 * part of it comes from anybody else. Values are bound with the tag `sql`, here as everywhere.
 */
export function written(text: string): Sql {
  return new Sql([{ text }]);
}
