import type { ColumnName, Database, TableName } from '../port.ts';
import { bigInteger, integer, orNull, text, truth } from '../shape.ts';
import { arrayText, quoteLiteral, quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryCell, queryShaped } from './statements.ts';

type Rights = Awaited<ReturnType<Database['rights']>>;

const rightsOnTable = { select: truth, insert: truth, update: truth, delete: truth };
const noRights = { select: false, insert: false, update: false, delete: false };

/**
 * Effective rights, those of roles and of the schema included. A table that is not there gives none. To insert where a
 * `serial` mints the ids needs the sequence too.
 */
export async function readRights(session: Session, tables: TableName[]): Promise<Rights> {
  const rows = await queryShaped(
    session,
    `SELECT asked.position,
       coalesce(has_table_privilege(c.oid, 'SELECT'), false) AS "select",
       coalesce(has_table_privilege(c.oid, 'INSERT'), false) AND NOT EXISTS (
         SELECT FROM pg_attrdef d
         JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass
         JOIN pg_class s ON s.oid = p.refobjid
         WHERE d.adrelid = c.oid AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END)
         AS "insert",
       coalesce(has_table_privilege(c.oid, 'UPDATE'), false) AS "update",
       coalesce(has_table_privilege(c.oid, 'DELETE'), false) AS "delete"
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY asked (schema, name, position)
     LEFT JOIN pg_namespace n ON n.nspname = asked.schema AND has_schema_privilege(n.oid, 'USAGE')
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name
     ORDER BY asked.position`,
    { position: integer, ...rightsOnTable },
    { parameters: [arrayText(tables.map((table) => table.schema)), arrayText(tables.map((table) => table.name))] },
  );
  const byPosition = new Map(rows.map(({ position, ...rights }) => [position, rights]));
  return tables.map((table, index) => ({ table, ...(byPosition.get(index + 1) ?? noRights) }));
}

export async function mayStage(session: Session): Promise<boolean> {
  return truth(await queryCell(session, `SELECT has_database_privilege(current_database(), 'TEMPORARY')`));
}

const sequenceFacts = {
  position: integer,
  schema: text,
  name: text,
  mayRead: truth,
  lastValue: orNull(bigInteger),
  start: bigInteger,
  increment: bigInteger,
};

/**
 * The last value minted for each identity or serial column; null when it never minted one, or has no counter of its
 * own, or the login may not look. After `RESTART WITH n` it is the one before n where the login may read the sequence,
 * else null.
 */
export async function readIdentityPositions(
  session: Session,
  columns: readonly ColumnName[],
): Promise<(bigint | null)[]> {
  const found = await queryShaped(
    session,
    `SELECT asked.position, n.nspname AS schema, c.relname AS name,
       has_sequence_privilege(c.oid, 'SELECT') AS may_read, q.last_value, q.start_value AS start,
       q.increment_by AS increment
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY asked (name, "column", position)
     JOIN pg_class c ON c.oid = pg_get_serial_sequence(asked.name, asked."column")::regclass
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_sequences q ON q.schemaname = n.nspname AND q.sequencename = c.relname`,
    sequenceFacts,
    {
      parameters: [
        arrayText(columns.map(({ table }) => quoteTable(table))),
        arrayText(columns.map(({ column }) => column)),
      ],
    },
  );
  const positions: (bigint | null)[] = columns.map(() => null);
  for (const { position, lastValue, mayRead, ...sequence } of found) {
    if (lastValue !== null) positions[position - 1] = lastValue;
    else if (mayRead) positions[position - 1] = await beforeNext(session, sequence);
  }
  return positions;
}

/** What a counter that minted nothing since it was set stands at; null where it was never set. */
async function beforeNext(
  session: Session,
  { start, increment, ...sequence }: TableName & { start: bigint; increment: bigint },
): Promise<bigint | null> {
  const next = bigInteger(await queryCell(session, `SELECT last_value FROM ${quoteTable(sequence)}`));
  return next === start ? null : next - increment;
}

/** What has the sequence of an identity or serial column go on after a value. */
export function reseedText({ table, column }: ColumnName, value: bigint): string {
  const sequence = `pg_get_serial_sequence(${quoteLiteral(quoteTable(table))}, ${quoteLiteral(column)})`;
  return `SELECT setval(${sequence}, ${value})`;
}
