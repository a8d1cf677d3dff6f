import { addIndexColumn, missingObject, texts } from '../catalogRows.ts';
import type { ColumnKind, PhysicalColumn, PhysicalForeignKey, PhysicalTable, TableName } from '../port.ts';
import type { ColumnLimit } from './cells.ts';
import { arrayText } from './quoting.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

const kinds: Record<string, ColumnKind> = {
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'float',
  float8: 'float',
  bool: 'boolean',
  bytea: 'binary',
  timestamp: 'datetime',
  timestamptz: 'datetime',
  date: 'date',
  time: 'time',
  uuid: 'uuid',
};

/** Columns of a domain are described by the type under it. */
const columnsOf = `
  SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), b.typname, b.typcategory,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
    a.attnotnull OR (t.typtype = 'd' AND t.typnotnull),
    a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false),
    a.attgenerated <> '',
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    CASE WHEN l.collname = 'default' THEN (SELECT datcollate FROM pg_database WHERE datname = current_database())
      ELSE l.collname END
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

/** One row per column of a key; conenforced is new in PostgreSQL 18. */
const foreignKeysOf = `
  SELECT c.conrelid, c.conname, a.attname, f.relname, fa.attname, c.confdeltype,
    coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true), c.convalidated
  FROM pg_constraint c
  CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k (child, parent, position)
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
  JOIN pg_class f ON f.oid = c.confrelid
  JOIN pg_attribute fa ON fa.attrelid = c.confrelid AND fa.attnum = k.parent
  WHERE c.contype = 'f' AND c.conrelid = ANY($1::oid[])
  ORDER BY c.conrelid, c.conname, k.position`;

/** One row per plain column of an index's key; an index over an expression says nothing about columns alone. */
const indexesOf = `
  SELECT i.indrelid, n.relname, i.indisprimary, i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL, a.attname
  FROM pg_index i
  JOIN pg_class n ON n.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (attribute, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisvalid AND k.position <= i.indnkeyatts
  ORDER BY i.indrelid, n.relname, k.position`;

const triggersOf = `
  SELECT tgrelid, tgname, tgenabled <> 'D' FROM pg_trigger
  WHERE NOT tgisinternal AND tgrelid = ANY($1::oid[]) ORDER BY tgrelid, tgname`;

/**
 * Reads tables and views of the connection's default schema, a fixed number of statements for any number of tables.
 * Foreign tables and materialized views count as views: nothing can be written to them. Primary key and its index
 * appear as `primaryKey` only.
 */
export async function readTables(session: Session, names?: string[]): Promise<PhysicalTable[]> {
  const found = await queryCells(
    session,
    `SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples::bigint
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       ${names === undefined ? '' : 'AND lower(c.relname) = ANY(SELECT lower(name) FROM unnest($1::text[]) name)'}
     ORDER BY c.relname`,
    names === undefined ? [] : [arrayText(names)],
  );
  const tables = new Map<string, PhysicalTable>();
  for (const row of texts(found)) {
    const [id, schema, name, relkind, estimate] = row as [string, string, string, string, string];
    tables.set(id, {
      schema,
      name,
      type: relkind === 'r' || relkind === 'p' ? 'table' : 'view',
      columns: [],
      primaryKey: [],
      foreignKeys: [],
      indexes: [],
      triggers: [],
      estimatedRows: relkind === 'v' || Number(estimate) < 0 ? null : Number(estimate),
    });
  }
  if (tables.size === 0) return [];
  const ids = arrayText([...tables.keys()]);
  const each = async (statement: string, add: (table: PhysicalTable, facts: (string | null)[]) => void) => {
    for (const [id, ...facts] of texts(await queryCells(session, statement, [ids]))) {
      const table = tables.get(id!);
      if (table !== undefined) add(table, facts);
    }
  };
  await each(columnsOf, (table, facts) => table.columns.push(column(facts)));
  await each(foreignKeysOf, (table, facts) => table.foreignKeys.push(foreignKey(facts)));
  await each(indexesOf, addIndexColumn);
  await each(triggersOf, (table, [name, enabled]) => table.triggers.push({ name: name!, enabled: enabled === '1' }));
  return [...tables.values()];
}

function column([name, type, base, category, modifier, notNull, ...rest]: (string | null)[]): PhysicalColumn {
  const [identity, computed, expression, collation] = rest;
  const kind = kinds[base!] ?? (category === 'S' ? 'text' : 'other');
  // Type modifiers as pg_type.h and numeric.c pack them: 4 bytes of header, then length, or precision and scale.
  const packed = Number(modifier) < 4 ? null : Number(modifier) - 4;
  return {
    name: name!,
    kind,
    type: type!,
    length: kind === 'text' ? packed : null,
    precision: kind === 'decimal' && packed !== null ? packed >> 16 : null,
    scale: kind === 'decimal' && packed !== null ? ((packed & 0x7ff) ^ 1024) - 1024 : null,
    nullable: notNull !== '1',
    identity: identity === '1',
    computed: computed === '1',
    default: expression ?? null,
    collation: collation ?? null,
  };
}

function foreignKey([name, child, target, parent, rule, enforced, validated]: (string | null)[]): PhysicalForeignKey {
  return {
    name: name!,
    column: child!,
    target: target!,
    targetColumn: parent!,
    onDelete: rule === 'c' ? 'cascade' : rule === 'a' || rule === 'r' ? 'restrict' : 'other',
    enabled: enforced === '1',
    trusted: validated === '1',
  };
}

/**
 * Type numbers of some columns (of the type under a domain), in the order asked for.
 * @throws DatabaseError `unknownObject` naming the table or column that is not there.
 */
export async function columnTypes(session: Session, table: TableName, columns: string[]): Promise<number[]> {
  const described = await describeColumns(session, table, columns);
  return described.map((type) => type.base);
}

const varchar = 1043;
const numeric = 1700;
/** timestamp, timestamptz, time. */
const times = [1114, 1184, 1083];
/** What a type without a precision of its own keeps. */
const microseconds = 6;

/** null for a column that cuts nothing. @throws DatabaseError `unknownObject` */
export async function columnLimits(
  session: Session,
  table: TableName,
  columns: string[],
): Promise<(ColumnLimit | null)[]> {
  const described = await describeColumns(session, table, columns);
  return described.map(({ base, modifier }) => {
    const limit: ColumnLimit = { characters: null, fraction: null };
    if (base === varchar && modifier >= 4) limit.characters = modifier - 4;
    // The lowest eleven bits, signed (PostgreSQL's numeric.c, "numeric_typmod_scale").
    if (base === numeric && modifier >= 4) limit.fraction = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
    if (times.includes(base)) limit.fraction = modifier >= 0 ? modifier : microseconds;
    return limit.characters === null && limit.fraction === null ? null : limit;
  });
}

/**
 * How a column's type is written in a cast; without length, which a cast would cut to.
 * @throws DatabaseError `unknownObject`
 */
export async function columnTypeName(session: Session, table: TableName, columnName: string): Promise<string> {
  const [type] = await describeColumns(session, table, [columnName]);
  return type!.name;
}

async function describeColumns(
  session: Session,
  table: TableName,
  columns: string[],
): Promise<{ base: number; name: string; modifier: number }[]> {
  const rows = await queryCells(
    session,
    `SELECT a.attname, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, format_type(a.atttypid, -1),
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END
     FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    [table.schema, table.name],
  );
  const types = new Map(
    texts(rows).map(([name, base, cast, modifier]) => [
      name,
      { base: Number(base), name: cast!, modifier: Number(modifier) },
    ]),
  );
  return columns.map((name) => {
    const type = types.get(name);
    if (type !== undefined) return type;
    const isTable = types.size === 0;
    throw missingObject(session.database, isTable ? '42P01' : '42703', table, isTable ? null : name);
  });
}
