import { addIndexColumn, CatalogTables, indexColumn, missingObject } from '../catalogRows.ts';
import type { ColumnKind, PhysicalColumn, PhysicalForeignKey, PhysicalTable, TableName } from '../port.ts';
import { integer, orNull, type Shape, type Shaped, text, truth } from '../shape.ts';
import type { ColumnLimit } from './cells.ts';
import { arrayText } from './quoting.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';

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

const tableFacts = { id: text, schema: text, name: text, kind: text, estimatedRows: integer };

/** Columns of a domain are described by the type under it. */
const columnsOf = `
  SELECT a.attrelid AS table_id, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, b.typname AS base,
    b.typcategory AS category,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
    a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS is_not_null,
    a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) AS is_identity,
    a.attgenerated <> '' AS is_computed,
    CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS expression,
    CASE WHEN l.collname = 'default' THEN (SELECT datcollate FROM pg_database WHERE datname = current_database())
      ELSE l.collname END AS collation
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

const columnFacts = {
  tableId: text,
  name: text,
  type: text,
  base: text,
  category: text,
  modifier: integer,
  isNotNull: truth,
  isIdentity: truth,
  isComputed: truth,
  expression: orNull(text),
  collation: orNull(text),
};

/** One row per column of a key; conenforced is new in PostgreSQL 18. */
const foreignKeysOf = `
  SELECT c.conrelid AS table_id, c.conname AS name, a.attname AS column, f.relname AS target,
    fa.attname AS target_column, c.confdeltype AS rule,
    coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true) AS is_enforced, c.convalidated AS is_validated
  FROM pg_constraint c
  CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY k (child, parent, position)
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.child
  JOIN pg_class f ON f.oid = c.confrelid
  JOIN pg_attribute fa ON fa.attrelid = c.confrelid AND fa.attnum = k.parent
  WHERE c.contype = 'f' AND c.conrelid = ANY($1::oid[])
  ORDER BY c.conrelid, c.conname, k.position`;

const foreignKeyFacts = {
  tableId: text,
  name: text,
  column: text,
  target: text,
  targetColumn: text,
  rule: text,
  isEnforced: truth,
  isValidated: truth,
};

/** One row per plain column of an index's key; an index over an expression says nothing about columns alone. */
const indexesOf = `
  SELECT i.indrelid AS table_id, n.relname AS index, i.indisprimary AS is_primary,
    i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL AS is_unique, a.attname AS column
  FROM pg_index i
  JOIN pg_class n ON n.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (attribute, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisvalid AND k.position <= i.indnkeyatts
  ORDER BY i.indrelid, n.relname, k.position`;

const triggersOf = `
  SELECT tgrelid AS table_id, tgname AS name, tgenabled <> 'D' AS enabled FROM pg_trigger
  WHERE NOT tgisinternal AND tgrelid = ANY($1::oid[]) ORDER BY tgrelid, tgname`;

const triggerFacts = { tableId: text, name: text, enabled: truth };

/**
 * Reads tables and views of the connection's default schema, a fixed number of statements for any number of tables.
 * Foreign tables and materialized views count as views: nothing can be written to them. Primary key and its index
 * appear as `primaryKey` only.
 */
export async function readTables(session: Session, names?: string[]): Promise<PhysicalTable[]> {
  const found = await queryShaped(
    session,
    `SELECT c.oid AS id, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
       c.reltuples::bigint AS estimated_rows
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       ${names === undefined ? '' : 'AND lower(c.relname) = ANY(SELECT lower(name) FROM unnest($1::text[]) name)'}
     ORDER BY c.relname`,
    tableFacts,
    { parameters: names === undefined ? [] : [arrayText(names)] },
  );
  const tables = new CatalogTables();
  for (const { id, schema, name, kind, estimatedRows } of found) {
    tables.add(id, {
      schema,
      name,
      type: kind === 'r' || kind === 'p' ? 'table' : 'view',
      estimatedRows: kind === 'v' || estimatedRows < 0 ? null : estimatedRows,
    });
  }
  if (found.length === 0) return [];
  const parameters = [arrayText(tables.ids)];
  const read = <S extends Shape>(statement: string, shape: S) => queryShaped(session, statement, shape, { parameters });
  for (const facts of await read(columnsOf, columnFacts)) tables.of(facts.tableId).columns.push(column(facts));
  for (const facts of await read(foreignKeysOf, foreignKeyFacts)) {
    tables.of(facts.tableId).foreignKeys.push(foreignKey(facts));
  }
  for (const facts of await read(indexesOf, indexColumn)) addIndexColumn(tables.of(facts.tableId), facts);
  for (const { tableId, ...trigger } of await read(triggersOf, triggerFacts)) tables.of(tableId).triggers.push(trigger);
  return tables.all();
}

function column(facts: Shaped<typeof columnFacts>): PhysicalColumn {
  const { name, type, base, category, modifier, isNotNull, isIdentity, isComputed, expression, collation } = facts;
  const kind = kinds[base] ?? (category === 'S' ? 'text' : 'other');
  // Type modifiers as pg_type.h and numeric.c pack them: 4 bytes of header, then length, or precision and scale.
  const packed = modifier < 4 ? null : modifier - 4;
  return {
    name,
    kind,
    type,
    length: kind === 'text' ? packed : null,
    precision: kind === 'decimal' && packed !== null ? packed >> 16 : null,
    scale: kind === 'decimal' && packed !== null ? ((packed & 0x7ff) ^ 1024) - 1024 : null,
    nullable: !isNotNull,
    identity: isIdentity,
    computed: isComputed,
    default: expression,
    collation,
  };
}

function foreignKey(facts: Shaped<typeof foreignKeyFacts>): PhysicalForeignKey {
  const { name, column, target, targetColumn, rule, isEnforced, isValidated } = facts;
  return {
    name,
    column,
    target,
    targetColumn,
    onDelete: rule === 'c' ? 'cascade' : rule === 'a' || rule === 'r' ? 'restrict' : 'other',
    enabled: isEnforced,
    trusted: isValidated,
  };
}

/**
 * Type numbers of some columns (of the type under a domain), in the order asked for.
 * @throws DatabaseError `unknownObject` naming the table or column that is not there.
 */
export async function columnTypes(session: Session, table: TableName, columns: string[]): Promise<number[]> {
  const typeOf = await declaredTypes(session, table);
  return columns.map((column) => typeOf(column).base);
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
  const typeOf = await declaredTypes(session, table);
  return columns.map(typeOf).map(({ base, modifier }) => {
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
  const typeOf = await declaredTypes(session, table);
  return typeOf(columnName).typeName;
}

const declaredType = { name: text, base: integer, typeName: text, modifier: integer };

/** @returns what the table's column of a name is declared as; it throws DatabaseError `unknownObject`. */
async function declaredTypes(
  session: Session,
  table: TableName,
): Promise<(column: string) => Shaped<typeof declaredType>> {
  const rows = await queryShaped(
    session,
    `SELECT a.attname AS name, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END AS base,
       format_type(a.atttypid, -1) AS type_name,
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier
     FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_type t ON t.oid = a.atttypid
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`,
    declaredType,
    { parameters: [table.schema, table.name] },
  );
  const types = new Map(rows.map((type) => [type.name, type]));
  return (column) => {
    const type = types.get(column);
    if (type !== undefined) return type;
    const isTable = types.size === 0;
    throw missingObject(session.database, isTable ? '42P01' : '42703', table, isTable ? null : column);
  };
}
