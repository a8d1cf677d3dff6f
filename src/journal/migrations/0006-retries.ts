import type { EngineName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** A run that migrates what another one set aside; and the constraint that a row broke. */
export function retries(engine: EngineName): Sql[] {
  const name = engine === 'postgres' ? sql`varchar(200)` : sql`nvarchar(200) collate Latin1_General_BIN2`;
  return [
    sql`alter table caravel_run add retry_of ${name}`,
    sql`alter table caravel_issue add constraint_name ${name}`,
  ];
}
