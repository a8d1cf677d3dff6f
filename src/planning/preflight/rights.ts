import type { Database, TableName } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';

type Rights = Awaited<ReturnType<Database['rights']>>[number];

/**
 * Drafts whose rows the login may not read, on either side. They cannot be counted or compared, so this is asked first.
 * @throws DatabaseError
 */
export async function checkReadable(
  source: Database,
  destination: Database,
  drafts: readonly Draft[],
): Promise<{ readable: Draft[]; findings: Findings }> {
  const findings = new Findings();
  const sides = [
    { database: source, rights: await rightsOn(source, drafts, 'source') },
    { database: destination, rights: await rightsOn(destination, drafts, 'destination') },
  ];
  const readable: Draft[] = [];
  for (const draft of drafts) {
    const lacking = sides.filter(({ rights }) => rights.get(draft)?.select === false);
    for (const { database, rights } of lacking) {
      const needed: NeededRights = { entity: draft.name, table: rights.get(draft)!.table, operations: ['SELECT'] };
      await addLacking(findings, database, needed);
    }
    if (lacking.length === 0) readable.push(draft);
  }
  return { readable, findings };
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
  /** What else there is to do than to grant what is lacking. */
  otherwise?: string;
}

export function neededRights({ name, destination, references }: Draft): NeededRights {
  const operations: Operation[] = ['INSERT'];
  if (references.some(({ deferred }) => deferred)) operations.push('UPDATE');
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
  const rights = await destination.rights(needed.map(({ table }) => table));
  for (const [index, one] of needed.entries()) {
    const right = rights[index]!;
    const has: Record<Operation, boolean> = {
      SELECT: right.select,
      INSERT: right.insert,
      UPDATE: right.update,
      DELETE: right.delete,
    };
    const operations = one.operations.filter((operation) => !has[operation]);
    if (operations.length > 0) await addLacking(findings, destination, { ...one, operations });
  }
  return findings;
}

async function rightsOn(
  database: Database,
  drafts: readonly Draft[],
  side: 'source' | 'destination',
): Promise<Map<Draft, Rights>> {
  const tables = drafts.map((draft) => ({ schema: draft[side].schema, name: draft[side].name }));
  const rights = tables.length === 0 ? [] : await database.rights(tables);
  return new Map(rights.map((right, index) => [drafts[index]!, right]));
}

/** With the statement that a database administrator must run. */
async function addLacking(
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
