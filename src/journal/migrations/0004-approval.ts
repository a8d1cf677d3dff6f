import type { EngineName } from '../../database/port.ts';

/** Who let a run go on after its plan, and when. */
export function approval(engine: EngineName): string[] {
  const text = engine === 'postgres' ? 'text' : 'nvarchar(max)';
  return [`alter table caravel_run add approved_by ${text}`, 'alter table caravel_run add approved_ms bigint'];
}
