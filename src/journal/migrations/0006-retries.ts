import type { EngineName } from '../../database/port.ts';

/** A run that migrates what another one set aside; and the constraint that a row broke. */
export function retries(engine: EngineName): string[] {
  const name = engine === 'postgres' ? 'varchar(200)' : 'nvarchar(200) collate Latin1_General_BIN2';
  return [`alter table caravel_run add retry_of ${name}`, `alter table caravel_issue add constraint_name ${name}`];
}
