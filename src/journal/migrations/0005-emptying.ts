import type { EngineName } from '../../database/port.ts';

/** What a run has done with the tables of the destination that it empties. */
export function emptying(engine: EngineName): string[] {
  const name = engine === 'postgres' ? 'varchar(200)' : 'nvarchar(200) collate Latin1_General_BIN2';
  return [
    `create table caravel_emptying (
      run_id ${name} not null,
      table_name ${name} not null,
      step ${name} not null,
      row_count bigint not null,
      primary key (run_id, table_name, step)
    )`,
  ];
}
