import type { ColumnName, Database, TableName } from '../port.ts';
import { arrayText, quoteLiteral, quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

type Rights = Awaited<ReturnType<Database['rights']>>;

/**
 * Effective rights, those of roles and of the schema included. A table that is not there gives none. To insert where a
 * `serial` mints the ids needs the sequence too.
 */
export async function readRights(session: Session, tables: TableName[]): Promise<Rights> {
  const rows = await queryCells(
    session,
    `SELECT asked.position,
       coalesce(has_table_privilege(c.oid, 'SELECT'), false),
       coalesce(has_table_privilege(c.oid, 'INSERT'), false) AND NOT EXISTS (
         SELECT FROM pg_attrdef d
         JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
         JOIN pg_class s ON s.oid = p.refobjid
         WHERE d.adrelid = c.oid AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END),
       coalesce(has_table_privilege(c.oid, 'UPDATE'), false),
       coalesce(has_table_privilege(c.oid, 'DELETE'), false)
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY asked (schema, name, position)
     LEFT JOIN pg_namespace n ON n.nspname = asked.schema AND has_schema_privilege(n.oid, 'USAGE')
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name
     ORDER BY asked.position`,
    [arrayText(tables.map((table) => table.schema)), arrayText(tables.map((table) => table.name))],
  );
  return tables.map((table, index) => {
    const [, select, insert, update, remove] = rows[index]!;
    return { table, select: select === '1', insert: insert === '1', update: update === '1', delete: remove === '1' };
  });
}

export async function mayStage(session: Session): Promise<boolean> {
  const rows = await queryCells(session, `SELECT has_database_privilege(current_database(), 'TEMPORARY')`);
  return rows[0]![0] === '1';
}

/**
 * The last value minted for each identity or serial column; null when it never minted one, or has no counter of its own,
 * or the login may not look. After `RESTART WITH n` it is the one before n where the login may read the sequence, else null.
 */
export async function readIdentityPositions(
  session: Session,
  columns: readonly ColumnName[],
): Promise<(bigint | null)[]> {
  const found = await queryCells(
    session,
    `SELECT asked.position, n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT'), q.last_value, q.start_value,
       q.increment_by
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY asked (name, "column", position)
     JOIN pg_class c ON c.oid = pg_get_serial_sequence(asked.name, asked."column")::regclass
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_sequences q ON q.schemaname = n.nspname AND q.sequencename = c.relname`,
    [arrayText(columns.map(({ table }) => quoteTable(table))), arrayText(columns.map(({ column }) => column))],
  );
  const positions: (bigint | null)[] = columns.map(() => null);
  // Names and numbers: never binary.
  for (const row of found as (string | null)[][]) {
    const [position, schema, name, mayRead, lastValue, start, increment] = row;
    const index = Number(position) - 1;
    if (lastValue != null) positions[index] = BigInt(lastValue);
    else if (mayRead === '1') {
      positions[index] = await beforeNext(session, quoteTable({ schema: schema!, name: name! }), start!, increment!);
    }
  }
  return positions;
}

/** What a counter that minted nothing since it was set stands at; null where it was never set. */
async function beforeNext(
  session: Session,
  sequence: string,
  start: string,
  increment: string,
): Promise<bigint | null> {
  const rows = await queryCells(session, `SELECT last_value FROM ${sequence}`);
  const next = rows[0]![0] as string;
  return next === start ? null : BigInt(next) - BigInt(increment);
}

/** What has the sequence of an identity or serial column go on after a value. */
export function reseedText({ table, column }: ColumnName, value: bigint): string {
  const sequence = `pg_get_serial_sequence(${quoteLiteral(quoteTable(table))}, ${quoteLiteral(column)})`;
  return `SELECT setval(${sequence}, ${value})`;
}
