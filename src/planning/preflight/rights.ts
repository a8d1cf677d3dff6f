import type { Database, TableName } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft, DraftReference } from '../drafting/draft.ts';
import type { Environments } from '../questions/request.ts';

type Rights = Awaited<ReturnType<Database['rights']>>[number];

/** What the login may do with each table, beside what the table belongs to. @throws DatabaseError */
export async function rightsOn<Owner>(
  database: Database,
  tables: readonly { owner: Owner; table: TableName }[],
): Promise<{ owner: Owner; rights: Rights }[]> {
  const rights = await database.rights(tables.map(({ table: { schema, name } }) => ({ schema, name })));
  return tables.map(({ owner }, index) => ({ owner, rights: rights[index]! }));
}

/** What the login may do with one table. @throws DatabaseError */
export async function rightsOnTable(database: Database, table: TableName): Promise<Rights> {
  const [rights] = await database.rights([{ schema: table.schema, name: table.name }]);
  if (rights === undefined) throw new Error(`the database told no rights on ${table.name}`);
  return rights;
}

/**
 * Drafts whose rows the login may not read, on either side. They cannot be counted or compared, so this is asked first.
 * @throws DatabaseError
 */
export async function checkReadable(
  { source, destination }: Environments,
  drafts: readonly Draft[],
): Promise<{ readable: Draft[]; findings: Findings }> {
  const findings = new Findings();
  const unreadable = groupUnreadable([
    ...(await unreadableTables(source.database, drafts, 'source')),
    ...(await unreadableTables(destination.database, drafts, 'destination')),
  ]);
  for (const draft of drafts) {
    for (const { database, table } of unreadable.get(draft) ?? []) {
      await addMissingRight(findings, database, { entity: draft.name, table, operations: ['SELECT'] });
    }
  }
  return { readable: drafts.filter((draft) => !unreadable.has(draft)), findings };
}

interface UnreadableTable {
  draft: Draft;
  database: Database;
  table: TableName;
}

async function unreadableTables(
  database: Database,
  drafts: readonly Draft[],
  side: 'source' | 'destination',
): Promise<UnreadableTable[]> {
  if (drafts.length === 0) return [];
  const told = await rightsOn(
    database,
    drafts.map((draft) => ({ owner: draft, table: draft[side] })),
  );
  return told
    .filter(({ rights }) => !rights.select)
    .map(({ owner, rights }) => ({ draft: owner, database, table: rights.table }));
}

function groupUnreadable(tables: readonly UnreadableTable[]): Map<Draft, UnreadableTable[]> {
  const byDraft = new Map<Draft, UnreadableTable[]>();
  for (const one of tables) byDraft.set(one.draft, [...(byDraft.get(one.draft) ?? []), one]);
  return byDraft;
}

export type Operation = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

const operationTexts: Record<Operation, Sql> = {
  SELECT: sql`SELECT`,
  INSERT: sql`INSERT`,
  UPDATE: sql`UPDATE`,
  DELETE: sql`DELETE`,
};

/** What a run does to a table of the destination. */
export interface NeededRights {
  /** `Espace.Entity`. */
  entity: string;
  table: TableName;
  operations: Operation[];
  /** What else there is to do than to grant what is missing. */
  otherwise?: string;
}

/** @param deferred references that are filled in a second pass, of all drafts. */
export function neededRights(
  { name, destination, references }: Draft,
  deferred: ReadonlySet<DraftReference>,
): NeededRights {
  const hasDeferred = references.some((reference) => deferred.has(reference));
  const operations: Operation[] = hasDeferred ? ['INSERT', 'UPDATE'] : ['INSERT'];
  return { entity: name, table: { schema: destination.schema, name: destination.name }, operations };
}

/** The right to make temporary tables, which every batch needs. @throws DatabaseError */
export async function checkStaging(destination: Database): Promise<Findings> {
  const findings = new Findings();
  if (await destination.mayStage()) return findings;
  findings.add('right-missing', { entity: '', database: destination.name, lacking: 'temporary tables' });
  return findings;
}

/** Rights to write what the plan writes. @throws DatabaseError */
export async function checkWritable(destination: Database, needed: readonly NeededRights[]): Promise<Findings> {
  const findings = new Findings();
  if (needed.length === 0) return findings;
  const told = await rightsOn(
    destination,
    needed.map((one) => ({ owner: one, table: one.table })),
  );
  for (const { owner, rights } of told) {
    const has: Record<Operation, boolean> = {
      SELECT: rights.select,
      INSERT: rights.insert,
      UPDATE: rights.update,
      DELETE: rights.delete,
    };
    const operations = owner.operations.filter((operation) => !has[operation]);
    if (operations.length > 0) await addMissingRight(findings, destination, { ...owner, operations });
  }
  return findings;
}

/** With the statement that a database administrator must run. */
async function addMissingRight(
  findings: Findings,
  database: Database,
  { entity, table, operations, otherwise }: NeededRights,
): Promise<void> {
  const { login } = await queryOne(database, sql`select current_user as login`, { login: text });
  const granted = sql.list(operations.map((operation) => operationTexts[operation]));
  const grant = database.textOf(sql`GRANT ${granted} ON ${sql.table(table)} TO ${sql.id(login)}`);
  findings.add('right-missing', {
    entity,
    database: database.name,
    lacking: { table: table.name, operations, grant, ...(otherwise === undefined ? {} : { otherwise }) },
  });
}
