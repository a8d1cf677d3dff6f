import type { EngineName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** Event subscriptions that a run took out of a destination, until they are back there. */
export function subscriptions(engine: EngineName): Sql[] {
  const bytes = engine === 'postgres' ? sql`bytea` : sql`varbinary(max)`;
  const name = engine === 'postgres' ? sql`varchar(200)` : sql`nvarchar(200) collate Latin1_General_BIN2`;
  return [
    sql`create table caravel_subscription (
      run_id ${name} not null,
      destination ${name} not null,
      event_table ${name} not null,
      part integer not null,
      state ${name} not null,
      row_count integer not null,
      content ${bytes} not null,
      primary key (run_id, event_table, part)
    )`,
  ];
}
