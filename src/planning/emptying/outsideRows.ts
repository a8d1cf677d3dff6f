import { idsOfRows } from '../../alignment/idsReferredTo.ts';
import { fittingIds } from '../../alignment/platformTable.ts';
import type { Cell, Database, PhysicalTable } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer, text } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { IdSet } from '../../identity/idSet.ts';
import { columnOf, type Environment, page } from '../../outsystems/environment.ts';
import { entityName, isNullIdentifier } from '../../outsystems/naming.ts';
import type { ReferringColumn } from '../../outsystems/referringColumns.ts';
import { Findings } from '../../plan/findings.ts';
import { instanceTables } from '../../processes/instanceTables.ts';
import { physicalColumn } from '../drafting/draft.ts';
import { rightsOn } from '../preflight/rights.ts';
import { inParallel } from '../questions/parallel.ts';
import { type Candidate, type Emptied, tableName } from './candidates.ts';

/** Rows that stay and refer to rows that go. */
export interface OutsideReference {
  target: Candidate;
  by: ReferringColumn;
  /** null where the login may not look: there may be some. */
  rows: number | null;
}

/**
 * Every column of a table that stays by which rows may refer to rows that go, with how many do.
 * @throws DatabaseError
 */
export async function outsideReferences(
  { database }: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
  referring: ReadonlyMap<string, ReferringColumn[]>,
): Promise<OutsideReference[]> {
  const references = candidates.flatMap((target) =>
    (referring.get(target.table.name.toUpperCase()) ?? [])
      .filter(({ table }) => !emptied.has(table.name.toUpperCase()))
      .map((by) => ({ target, by })),
  );
  const told = await rightsOn(
    database,
    references.map((owner) => ({ owner, table: owner.by.table })),
  );
  return inParallel(told, async ({ owner: { target, by }, rights }) => {
    return { target, by, rows: rights.select ? await referringRows(database, target, by, emptied) : null };
  });
}

async function referringRows(
  database: Database,
  target: Candidate,
  by: ReferringColumn,
  emptied: Emptied,
): Promise<number> {
  const going = emptied.get(target.table.name.toUpperCase());
  if (going === undefined) throw new Error(`nothing of ${target.name} is deleted`);
  return going === 'all' ? countReferring(database, target, by) : countReferringTo(database, going, by);
}

/** Rows that refer to some rows of a table. */
async function countReferringTo(database: Database, going: IdSet, { table, column }: ReferringColumn): Promise<number> {
  let rows = 0;
  for await (const id of idsOfRows(database, { table: tableName(table), column, target: '' })) {
    if (going.has(id)) rows += 1;
  }
  return rows;
}

/** Rows that refer to any row of a table. */
async function countReferring(
  database: Database,
  { table: target, identifier }: Candidate,
  { table, column }: ReferringColumn,
): Promise<number> {
  if (identifier === null) return 0;
  const [held, key] = [sql.id('t', column), sql.id('e', identifier)];
  const kindOf = ({ columns }: PhysicalTable, column: string) => columns.find(({ name }) => name === column)?.kind;
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
  environment: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
): Promise<Findings> {
  const findings = new Findings();
  const byType = new Map(
    candidates.filter(({ instances }) => instances === null).map((candidate) => [`bt${candidate.key}`, candidate]),
  );
  for (const table of valueTables(environment)) {
    for (const [candidate, mentions] of await mentionsIn(environment.database, table, byType, emptied)) {
      const rows = await countPresent(environment.database, candidate, mentions);
      if (rows === 0) continue;
      const facts = { entity: candidate.name, rows, name: table.name };
      findings.add('outside-rows-refer', { ...facts, referring: 'values' });
    }
  }
  return findings;
}

/** A table of values of process instances. */
interface ValueTable {
  /** `(System).Entity`. */
  name: string;
  table: PhysicalTable;
  value: string;
  /** Column with the type of the value. */
  type: string;
  /** Column with the id of the instance that the value is part of, and the upper-case name of that instance's table. */
  owner: string;
  ownerTable: string;
}

/** Those that this platform version has. */
function valueTables({ catalog }: Environment): ValueTable[] {
  return instanceTables.flatMap(({ table: ofInstances, name, value: declared, partOf }) => {
    const table = catalog.platformTables.get(ofInstances);
    if (table?.type !== 'table' || declared === null) return [];
    const value = columnOf(table, declared.column);
    const type = columnOf(table, declared.type);
    const owner = columnOf(table, partOf.column);
    if (value === undefined || type === undefined || owner === undefined) return [];
    return [{ name: `(System).${name}`, table, value, type, owner, ownerTable: partOf.table }];
  });
}

/** How often the values of instances that stay name each id of the entities that go. @throws DatabaseError */
async function mentionsIn(
  database: Database,
  { table, value, type, owner, ownerTable }: ValueTable,
  byType: ReadonlyMap<string, Candidate>,
  emptied: Emptied,
): Promise<Map<Candidate, Map<string, number>>> {
  const mentions = new Map<Candidate, Map<string, number>>();
  const spelled = sql`lower(${sql.id(type)})`;
  const used = await database.query(
    sql`select distinct ${spelled} as found from ${sql.table(table)} where ${spelled} like 'bt%'`,
    { found: text },
  );
  if (!used.some(({ found }) => byType.has(found))) return mentions;
  const going = emptied.get(ownerTable);
  const goes = (id: Cell | undefined) => going instanceof IdSet && id !== null && going.has(String(id));
  const read = { table: tableName(table), columns: [value, type, owner], key: null, batch: page };
  for await (const rows of database.readRows(read)) {
    for (const [id, ofType, ofOwner] of rows) {
      const candidate = ofType === null ? undefined : byType.get(String(ofType).toLowerCase());
      if (candidate === undefined || id === null || id === undefined || isNullIdentifier(String(id))) continue;
      if (goes(ofOwner)) continue;
      const counts = mentions.get(candidate) ?? new Map<string, number>();
      mentions.set(candidate, counts.set(String(id), (counts.get(String(id)) ?? 0) + 1));
    }
  }
  return mentions;
}

/** How many of these mentions mean a row that is there. */
async function countPresent(
  database: Database,
  { table, identifier }: Candidate,
  mentions: ReadonlyMap<string, number>,
): Promise<number> {
  if (identifier === null) return 0;
  const asked = fittingIds(physicalColumn(table, identifier), mentions.keys());
  const present = new Set<string>();
  for (let at = 0; at < asked.length; at += page.rows) {
    const keys = asked.slice(at, at + page.rows);
    const existing = await database.transaction((transaction) =>
      transaction.existingKeys(tableName(table), identifier, keys),
    );
    for (const id of existing) present.add(id);
  }
  return [...mentions].reduce((rows, [id, count]) => (present.has(id) ? rows + count : rows), 0);
}
