import type { EngineName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** What a run decided to do with the rows of its aligned entities, one row for each kind of decision. */
export function decisions(engine: EngineName): Sql[] {
  const bytes = engine === 'postgres' ? sql`bytea` : sql`varbinary(max)`;
  const name = engine === 'postgres' ? sql`varchar(200)` : sql`nvarchar(200) collate Latin1_General_BIN2`;
  return [
    sql`create table caravel_decision (
      run_id ${name} not null,
      entity ${name} not null,
      decision ${name} not null,
      row_count integer not null,
      content ${bytes} not null,
      primary key (run_id, entity, decision)
    )`,
  ];
}
