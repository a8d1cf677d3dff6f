import { idsOfRows } from '../../alignment/idsReferredTo.ts';
import { fittingIds } from '../../alignment/platformTable.ts';
import type { Database, PhysicalTable } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer, text } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { IdSet } from '../../identity/idSet.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { entityName } from '../../outsystems/naming.ts';
import type { ReferringColumn } from '../../outsystems/referringColumns.ts';
import { Findings } from '../../plan/findings.ts';
import { instanceTables } from '../../processes/instanceTables.ts';
import { inParallel } from '../questions/parallel.ts';
import { type Candidate, type Emptied, tableName } from './candidates.ts';

const ids = { rows: 5_000, bytes: 4 * 1024 * 1024 };

/** Rows that stay and refer to rows that go. */
export interface OutsideReference {
  target: Candidate;
  by: ReferringColumn;
  /** null where the login may not look: there may be some. */
  rows: number | null;
}

/** Every column of a table that stays by which rows may refer to rows that go, with how many do. @throws DatabaseError */
export async function outsideReferences(
  { database }: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
  referring: ReadonlyMap<string, ReferringColumn[]>,
): Promise<OutsideReference[]> {
  const found = candidates.flatMap((target) =>
    (referring.get(target.table.name.toUpperCase()) ?? [])
      .filter(({ table }) => !emptied.has(table.name.toUpperCase()))
      .map((by) => ({ target, by })),
  );
  const readable = await database.rights(found.map(({ by }) => tableName(by.table)));
  return inParallel(
    found.map((one, index) => ({ ...one, mayRead: readable[index]!.select })),
    async ({ target, by, mayRead }) => {
      return { target, by, rows: mayRead ? await referringRows(database, target, by, emptied) : null };
    },
  );
}

async function referringRows(
  database: Database,
  { table: target, identifier }: Candidate,
  { table, column }: ReferringColumn,
  emptied: Emptied,
): Promise<number> {
  const goes = emptied.get(target.name.toUpperCase())!;
  if (goes !== 'all') {
    let rows = 0;
    for await (const id of idsOfRows(database, { table: tableName(table), column, target: '' })) {
      if (goes.has(id)) rows += 1;
    }
    return rows;
  }
  if (identifier === null) return 0;
  const [held, key] = [sql.id('t', column), sql.id('e', identifier)];
  const kindOf = ({ columns }: PhysicalTable, wanted: string) => columns.find(({ name }) => name === wanted)?.kind;
  const same = kindOf(table, column) === kindOf(target, identifier);
  // Values of another kind cannot be compared; they mean something all the same.
  const exists = same
    ? sql`exists (select 1 from ${sql.table(target)} e where ${key} = ${held})`
    : sql`${held} is not null`;
  const counted = sql`select ${sql.countOfRows} as total from ${sql.table(table)} t where ${exists}`;
  const { total } = await queryOne(database, counted, { total: integer });
  return total;
}

/** Why rows that stay keep those they refer to from going. */
export function addRefusal(findings: Findings, { catalog }: Environment, { target, by, rows }: OutsideReference): void {
  const { table, column, entity, onDelete } = by;
  const name = entity === null ? table.name : entityName(entity);
  const facts = { entity: target.name, name, column, goAlong: onDelete === 'cascade' };
  if (rows === null) {
    const unseen = { ...facts, there: catalog.environment, table: table.name };
    findings.add('outside-rows-refer', { ...unseen, referring: 'unseen' });
  } else if (rows > 0) {
    findings.add('outside-rows-refer', { ...facts, referring: 'rows', rows, mayGoToo: entity?.kind === 'entity' });
  }
}

/** Values of process instances that stay, and that name rows that go: no constraint knows of them (trap 23). */
export async function outsideValues(
  { database, catalog }: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
): Promise<Findings> {
  const findings = new Findings();
  const byType = new Map(
    candidates.filter(({ instances }) => instances === null).map((candidate) => [`bt${candidate.key}`, candidate]),
  );
  for (const { table, name, value, partOf } of instanceTables) {
    const physical = catalog.platformTables.get(table);
    const columns =
      physical && value && [value.column, value.type, partOf.column].map((one) => columnOf(physical, one));
    if (physical?.type !== 'table' || !columns || columns.includes(undefined)) continue;
    const [held, type, owner] = columns as [string, string, string];
    const spelled = sql`lower(${sql.id(type)})`;
    const used = await database.query(
      sql`select distinct ${spelled} as found from ${sql.table(physical)} where ${spelled} like 'bt%'`,
      { found: text },
    );
    if (!used.some(({ found }) => byType.has(found))) continue;
    const named = new Map<Candidate, Map<string, number>>();
    const goes = emptied.get(partOf.table);
    const read = { table: tableName(physical), columns: [held, type, owner], key: null, batch: ids };
    for await (const rows of database.readRows(read)) {
      for (const [id, ofType, of] of rows) {
        const candidate = ofType === null ? undefined : byType.get(String(ofType).toLowerCase());
        if (candidate === undefined || id === null || id === undefined || id === '' || id === '0') continue;
        if (goes instanceof IdSet && of !== null && goes.has(String(of))) continue;
        const counts = named.get(candidate) ?? new Map<string, number>();
        named.set(candidate, counts.set(String(id), (counts.get(String(id)) ?? 0) + 1));
      }
    }
    for (const [candidate, counts] of named) {
      const rows = await countPresent(database, candidate, counts);
      if (rows === 0) continue;
      const facts = { entity: candidate.name, rows, name: `(System).${name}` };
      findings.add('outside-rows-refer', { ...facts, referring: 'values' });
    }
  }
  return findings;
}

/** How many of these mentions mean a row that is there. */
async function countPresent(
  database: Database,
  { table, identifier }: Candidate,
  counts: ReadonlyMap<string, number>,
): Promise<number> {
  if (identifier === null) return 0;
  const asked = fittingIds(table.columns.find(({ name }) => name === identifier)!, counts.keys());
  let rows = 0;
  for (let at = 0; at < asked.length; at += ids.rows) {
    const some = asked.slice(at, at + ids.rows);
    const present = await database.transaction((transaction) =>
      transaction.existingKeys(tableName(table), identifier, some),
    );
    for (const id of present) rows += counts.get(id)!;
  }
  return rows;
}
