import type { Database, EngineName, TableName } from '../../database/port.ts';
import type { Finding } from '../../outsystems/finding.ts';
import type { Draft } from '../draft.ts';
import type { Findings } from '../findings.ts';
import { inParallel } from '../parallel.ts';
import { mainTable, quoteFor, tableText } from '../statements.ts';

/** A column of the destination that mints identifiers. */
export interface MintedIdentity {
  /** `Espace.Entity`. */
  entity: string;
  table: TableName;
  column: string;
}

export function mintedIdentity(draft: Draft): MintedIdentity[] {
  if (draft.identifier !== 'minted') return [];
  const { schema, name } = draft.destination;
  return [{ entity: draft.name, table: { schema, name }, column: draft.identifierColumns!.destination.name }];
}

/**
 * Looks for identity columns whose counter stands below the largest identifier: the next rows would collide, or get ids
 * that the batch protocol does not accept (design.md, "The batch protocol").
 * @throws DatabaseError
 */
export async function checkIdentityPositions(
  database: Database,
  identities: readonly MintedIdentity[],
): Promise<Findings> {
  const quote = quoteFor(database);
  const found = await inParallel(identities, async ({ entity, table, column }): Promise<Finding[]> => {
    const position = await database.identityPosition(table, column);
    if (position === null) return [];
    const [row] = await database.query(
      `select max(${mainTable}.${quote(column)}) from ${tableText(quote, table)} ${mainTable}`,
    );
    const largest = row?.[0];
    if (largest === null || largest === undefined || position >= BigInt(String(largest))) return [];
    return [
      {
        code: 'identity-behind',
        entity,
        message:
          `the identity of ${table.name} in '${database.name}' stands at ${position}, below the largest id ${largest}; ` +
          `a database administrator can mend it: ${reseed(database.engine, table, column, String(largest))}`,
      },
    ];
  });
  return { blocking: found.flat(), warnings: [] };
}

function reseed(engine: EngineName, table: TableName, column: string, largest: string): string {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  if (engine === 'sqlserver')
    return `DBCC CHECKIDENT (${literal(`${table.schema}.${table.name}`)}, RESEED, ${largest})`;
  const name = `"${table.schema}"."${table.name}"`;
  return `SELECT setval(pg_get_serial_sequence(${literal(name)}, ${literal(column)}), ${largest})`;
}
