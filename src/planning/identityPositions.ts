import type { Database, EngineName, PhysicalColumn, TableName } from '../database/port.ts';
import type { Finding } from '../outsystems/finding.ts';
import type { Draft } from './draft.ts';
import type { Findings } from './findings.ts';
import { inParallel } from './parallel.ts';
import { columnText, mainTable, type Quote, tableText } from './statements.ts';

/**
 * Looks for identity columns whose counter stands below the largest identifier: the next rows would collide, or get ids
 * that the batch protocol does not accept (design.md, "The batch protocol").
 * @throws DatabaseError
 */
export async function checkIdentityPositions(
  database: Database,
  quote: Quote,
  drafts: readonly Draft[],
): Promise<Findings> {
  const minted = drafts.filter(({ identifier }) => identifier === 'minted');
  const found = await inParallel(minted, async (draft): Promise<Finding[]> => {
    const table = draft.destination;
    const column = draft.identifierColumns!.destination;
    const position = await database.identityPosition({ schema: table.schema, name: table.name }, column.name);
    if (position === null) return [];
    const [row] = await database.query(
      `select max(${columnText(quote, column)}) from ${tableText(quote, table)} ${mainTable}`,
    );
    const largest = row?.[0];
    if (largest === null || largest === undefined || position >= BigInt(String(largest))) return [];
    return [
      {
        code: 'identity-behind',
        entity: draft.name,
        message:
          `the identity of ${table.name} in '${database.name}' stands at ${position}, below the largest id ${largest}; ` +
          `a database administrator can mend it: ${reseed(database.engine, table, column, String(largest))}`,
      },
    ];
  });
  return { blocking: found.flat(), warnings: [] };
}

function reseed(engine: EngineName, table: TableName, column: PhysicalColumn, largest: string): string {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  if (engine === 'sqlserver')
    return `DBCC CHECKIDENT (${literal(`${table.schema}.${table.name}`)}, RESEED, ${largest})`;
  const name = `"${table.schema}"."${table.name}"`;
  return `SELECT setval(pg_get_serial_sequence(${literal(name)}, ${literal(column.name)}), ${largest})`;
}
