import type { Database, TableName } from '../../database/port.ts';
import type { Finding } from '../../plan/finding.ts';
import { type Findings, noFindings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import { quoteFor, tableText } from '../questions/conditions.ts';

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
  const findings = noFindings();
  const sides = [
    { database: source, rights: await rightsOn(source, drafts, 'source') },
    { database: destination, rights: await rightsOn(destination, drafts, 'destination') },
  ];
  const readable: Draft[] = [];
  for (const draft of drafts) {
    const lacking = sides.filter(({ rights }) => rights.get(draft)?.select === false);
    for (const { database, rights } of lacking) {
      findings.blocking.push(await lackingRight(database, draft.name, rights.get(draft)!.table, ['SELECT']));
    }
    if (lacking.length === 0) readable.push(draft);
  }
  return { readable, findings };
}

export type Operation = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

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
  const findings = noFindings();
  if (await destination.mayStage()) return findings;
  findings.blocking.push({
    code: 'right-missing',
    entity: '',
    message: `the login of '${destination.name}' may not make temporary tables; grant it TEMPORARY on the database`,
  });
  return findings;
}

/** Rights to write what the plan writes. @throws DatabaseError */
export async function checkWritable(destination: Database, needed: readonly NeededRights[]): Promise<Findings> {
  const findings = noFindings();
  if (needed.length === 0) return findings;
  const rights = await destination.rights(needed.map(({ table }) => table));
  for (const [index, { entity, table, operations, otherwise }] of needed.entries()) {
    const right = rights[index]!;
    const has: Record<Operation, boolean> = {
      SELECT: right.select,
      INSERT: right.insert,
      UPDATE: right.update,
      DELETE: right.delete,
    };
    const lacking = operations.filter((operation) => !has[operation]);
    if (lacking.length > 0) {
      findings.blocking.push(await lackingRight(destination, entity, table, lacking, otherwise));
    }
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
async function lackingRight(
  database: Database,
  entity: string,
  table: TableName,
  operations: readonly Operation[],
  otherwise?: string,
): Promise<Finding> {
  const quote = quoteFor(database);
  const [row] = await database.query('select current_user');
  const grant = `GRANT ${operations.join(', ')} ON ${tableText(quote, table)} TO ${quote(String(row![0]))}`;
  return {
    code: 'right-missing',
    entity,
    message:
      `the login of '${database.name}' may not ${operations.join(', ')} on ${table.name}; ` +
      `a database administrator can allow it: ${grant}${otherwise === undefined ? '' : `; ${otherwise}`}`,
  };
}
