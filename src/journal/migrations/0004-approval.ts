import type { EngineName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** Who let a run go on after its plan, and when. */
export function approval(engine: EngineName): Sql[] {
  const text = engine === 'postgres' ? sql`text` : sql`nvarchar(max)`;
  return [sql`alter table caravel_run add approved_by ${text}`, sql`alter table caravel_run add approved_ms bigint`];
}
