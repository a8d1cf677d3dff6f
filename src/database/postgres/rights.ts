import type { Database, TableName } from '../port.ts';
import { arrayText, quoteIdentifier, quoteTable } from './quoting.ts';
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
     FROM unnest(?::text[], ?::text[]) WITH ORDINALITY asked (schema, name, position)
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
 * The last value minted for an identity or serial column; null when it never minted one, or has no counter of its own,
 * or the login may not look. After `RESTART WITH n` it is the one before n where the login may read the sequence, else null.
 */
export async function readIdentityPosition(session: Session, table: TableName, column: string): Promise<bigint | null> {
  const found = await queryCells(
    session,
    `SELECT n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT'), q.last_value, q.start_value, q.increment_by
     FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_sequences q ON q.schemaname = n.nspname AND q.sequencename = c.relname
     WHERE c.oid = pg_get_serial_sequence(?, ?)::regclass`,
    [quoteTable(table), column],
    { table: table.name },
  );
  if (found.length === 0) return null;
  // Names and numbers: never binary.
  const [schema, name, mayRead, lastValue, start, increment] = found[0] as (string | null)[];
  if (lastValue != null) return BigInt(lastValue);
  if (mayRead !== '1') return null;
  const rows = await queryCells(
    session,
    `SELECT last_value FROM ${quoteIdentifier(schema!)}.${quoteIdentifier(name!)}`,
  );
  const next = rows[0]![0] as string;
  return next === start ? null : BigInt(next) - BigInt(increment!);
}
