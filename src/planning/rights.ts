import type { Database } from '../database/port.ts';
import type { Draft } from './draft.ts';
import { type Findings, noFindings } from './findings.ts';

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
  const readable = drafts.filter((draft) => {
    const lacking = sides.filter(({ rights }) => rights.get(draft)?.select === false);
    for (const { database, rights } of lacking) {
      findings.blocking.push(lackingRight(database, draft, ['SELECT'], rights.get(draft)!));
    }
    return lacking.length === 0;
  });
  return { readable, findings };
}

/**
 * Rights to write what the plan writes, and to make temporary tables, which every batch needs.
 * @throws DatabaseError
 */
export async function checkWritable(
  destination: Database,
  drafts: readonly Draft[],
  deletes: boolean,
): Promise<Findings> {
  const findings = noFindings();
  if (drafts.length === 0) return findings;
  if (!(await destination.mayStage())) {
    findings.blocking.push({
      code: 'right-missing',
      entity: '',
      message: `the login of '${destination.name}' may not make temporary tables; grant it TEMPORARY on the database`,
    });
  }
  const rights = await rightsOn(destination, drafts, 'destination');
  for (const draft of drafts) {
    const right = rights.get(draft);
    if (right === undefined) continue;
    const needed = [
      ['INSERT', right.insert],
      ['UPDATE', right.update || !draft.references.some(({ deferred }) => deferred)],
      ['DELETE', right.delete || !deletes],
    ] as const;
    const lacking = needed.filter(([, has]) => !has).map(([operation]) => operation);
    if (lacking.length > 0) findings.blocking.push(lackingRight(destination, draft, lacking, right));
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

function lackingRight(database: Database, draft: Draft, operations: string[], { table }: Rights) {
  return {
    code: 'right-missing',
    entity: draft.name,
    message: `the login of '${database.name}' may not ${operations.join(', ')} on ${table.name}; grant it`,
  };
}
