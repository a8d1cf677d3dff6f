import type { EngineName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** What a run has done with the tables of the destination that it empties. */
export function emptying(engine: EngineName): Sql[] {
  const name = engine === 'postgres' ? sql`varchar(200)` : sql`nvarchar(200) collate Latin1_General_BIN2`;
  return [
    sql`create table caravel_emptying (
      run_id ${name} not null,
      table_name ${name} not null,
      step ${name} not null,
      row_count bigint not null,
      primary key (run_id, table_name, step)
    )`,
  ];
}
