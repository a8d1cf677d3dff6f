import type { Cell, ColumnName, Database, TableName } from '../port.ts';
import { bigInteger, integer, orNull } from '../shape.ts';
import { dialect } from './dialect.ts';
import { quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';

type Rights = Awaited<ReturnType<Database['rights']>>;

/** NULL is said of what is not there, or may not be seen. */
const granted = (cell: Cell) => cell === '1';
const rightsOnTable = { select: granted, insert: granted, update: granted, delete: granted };
const noRights = { select: false, insert: false, update: false, delete: false };

/** A statement takes 2,100 parameters. */
const tablesAtATime = 500;

/**
 * Effective rights on each table, roles, ownership and DENY at any level included (Microsoft's documentation,
 * "HAS_PERMS_BY_NAME"). A table that is not there, or that the login may not see, gives none.
 */
export async function readRights(session: Session, tables: TableName[]): Promise<Rights> {
  const rights: Rights = [];
  for (let at = 0; at < tables.length; at += tablesAtATime) {
    const some = tables.slice(at, at + tablesAtATime);
    const shape = { position: integer, ...rightsOnTable };
    const details = { parameters: some.map(quoteTable) };
    const rows = await queryShaped(session, rightsQuestion(some.length), shape, details);
    const byPosition = new Map(rows.map(({ position, ...rightsOnOne }) => [position, rightsOnOne]));
    for (const [index, table] of some.entries()) rights.push({ table, ...(byPosition.get(index) ?? noRights) });
  }
  return rights;
}

export function rightsQuestion(tables: number): string {
  const asked = Array.from({ length: tables }, (_, index) => `SELECT ${index} AS [position], @p${index} AS [name]`);
  const right = (name: string) => `HAS_PERMS_BY_NAME([asked].[name], 'OBJECT', '${name}') AS [${name.toLowerCase()}]`;
  return `SELECT [asked].[position], ${['SELECT', 'INSERT', 'UPDATE', 'DELETE'].map(right).join(', ')}
FROM (${asked.join(' UNION ALL ')}) AS [asked]`;
}

export function identityQuestion(columns: number): string {
  const asked = Array.from(
    { length: columns },
    (_, index) => `SELECT ${index} AS [position], @p${index * 2} AS [name], @p${index * 2 + 1} AS [column]`,
  );
  return `SELECT [asked].[position], CONVERT(varchar(41), COALESCE(c.last_value, IDENT_CURRENT([asked].[name]))) AS [value]
FROM (${asked.join(' UNION ALL ')}) AS [asked]
JOIN sys.identity_columns AS c ON c.object_id = OBJECT_ID([asked].[name]) AND c.name = [asked].[column]`;
}

/** The last value minted for each identity column, its seed when it never minted one; null when it is none. */
export async function readIdentityPositions(
  session: Session,
  columns: readonly ColumnName[],
): Promise<(bigint | null)[]> {
  const positions: (bigint | null)[] = columns.map(() => null);
  for (let at = 0; at < columns.length; at += tablesAtATime) {
    const some = columns.slice(at, at + tablesAtATime);
    const names = some.flatMap(({ table, column }) => [quoteTable(table), column]);
    const shape = { position: integer, value: orNull(bigInteger) };
    const found = await queryShaped(session, identityQuestion(some.length), shape, { parameters: names });
    for (const { position, value } of found) positions[at + position] = value;
  }
  return positions;
}

/** What has the identity of a table go on after a value (Microsoft's documentation, "DBCC CHECKIDENT"). */
export function reseedText({ table }: ColumnName, value: bigint): string {
  return `DBCC CHECKIDENT (${dialect.literal(quoteTable(table))}, RESEED, ${value})`;
}
