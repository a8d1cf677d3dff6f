import { addIndexColumn, CatalogTables, indexColumn } from '../catalogRows.ts';
import type { PhysicalColumn, PhysicalForeignKey, PhysicalTable } from '../port.ts';
import { integer, orNull, type Shape, type Shaped, text, truth } from '../shape.ts';
import { type ColumnType, columnType, declaration, kindOf, typeFacts } from './columnTypes.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';
import { rememberTypes } from './tableTypes.ts';

/** Numbers of tables written into one statement. */
const tablesAtATime = 1_000;

export const tablesQuestion = `SELECT o.object_id AS [id], s.name AS [schema], o.name AS [name], o.type AS [kind],
  (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)) AS [estimated_rows]
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE s.name = SCHEMA_NAME() AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0
ORDER BY o.name`;

const tableFacts = { id: text, schema: text, name: text, kind: text, estimatedRows: orNull(integer) };

/** An alias is described by the type under it. A default that the login may not read is still one. */
export const columnsOf = (tables: string) => `SELECT c.object_id AS [table_id], c.name AS [name], t.name AS [base],
  c.max_length, c.precision, c.scale, c.collation_name AS [collation], c.is_nullable, c.is_identity, c.is_computed,
  CASE WHEN c.default_object_id <> 0 THEN COALESCE(d.definition, '(not visible)') END AS [expression]
FROM sys.columns AS c
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
LEFT JOIN sys.default_constraints AS d ON d.object_id = c.default_object_id
WHERE c.object_id IN (${tables})
ORDER BY c.object_id, c.column_id`;

const columnFacts = {
  tableId: text,
  name: text,
  ...typeFacts,
  isNullable: truth,
  isIdentity: truth,
  isComputed: truth,
  expression: orNull(text),
};

/** One to a table that the login may not see is left out: it has no name here. */
export const foreignKeysOf = (tables: string) => `SELECT k.parent_object_id AS [table_id], k.name AS [name],
  COL_NAME(f.parent_object_id, f.parent_column_id) AS [column], OBJECT_NAME(f.referenced_object_id) AS [target],
  COL_NAME(f.referenced_object_id, f.referenced_column_id) AS [target_column], k.delete_referential_action AS [rule],
  k.is_disabled, k.is_not_trusted
FROM sys.foreign_keys AS k
JOIN sys.foreign_key_columns AS f ON f.constraint_object_id = k.object_id
WHERE k.parent_object_id IN (${tables}) AND OBJECT_NAME(f.referenced_object_id) IS NOT NULL
ORDER BY k.parent_object_id, k.name, f.constraint_column_id`;

const foreignKeyFacts = {
  tableId: text,
  name: text,
  column: text,
  target: text,
  targetColumn: text,
  rule: text,
  isDisabled: truth,
  isNotTrusted: truth,
};

/** Columns of an index's key; a filtered index says nothing about all rows. */
export const indexesOf = (tables: string) => `SELECT i.object_id AS [table_id], i.name AS [index],
  i.is_primary_key AS [is_primary], CASE WHEN i.is_unique = 1 AND i.has_filter = 0 THEN 1 ELSE 0 END AS [is_unique],
  c.name AS [column]
FROM sys.indexes AS i
JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.key_ordinal > 0
JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE i.is_disabled = 0 AND i.name IS NOT NULL AND i.object_id IN (${tables})
ORDER BY i.object_id, i.name, x.key_ordinal`;

export const triggersOf = (tables: string) => `SELECT t.parent_id AS [table_id], t.name AS [name], t.is_disabled
FROM sys.triggers AS t
WHERE t.parent_id IN (${tables})
ORDER BY t.parent_id, t.name`;

const triggerFacts = { tableId: text, name: text, isDisabled: truth };

/**
 * Reads tables and views of the login's default schema, a few statements for any number of tables. Primary key and its
 * index appear as `primaryKey` only. What the login has no right on at all, it does not see.
 */
export async function readTables(session: Session, names?: string[]): Promise<PhysicalTable[]> {
  const wanted = names === undefined ? null : new Set(names.map((name) => name.toLowerCase()));
  if (wanted?.size === 0) return [];
  // Whoever reads the catalog plans anew: what was remembered of its columns may be of before.
  session.types.clear();
  const tables = new CatalogTables();
  for (const { id, schema, name, kind, estimatedRows } of await queryShaped(session, tablesQuestion, tableFacts)) {
    if (wanted !== null && !wanted.has(name.toLowerCase())) continue;
    tables.add(id, { schema, name, type: kind.trim() === 'U' ? 'table' : 'view', estimatedRows });
  }
  const { ids } = tables;
  const read = async <S extends Shape>(question: (tables: string) => string, shape: S) => {
    const rows: Shaped<S>[] = [];
    for (let at = 0; at < ids.length; at += tablesAtATime) {
      const some = ids.slice(at, at + tablesAtATime).join(', ');
      for (const row of await queryShaped(session, question(some), shape)) rows.push(row);
    }
    return rows;
  };
  const types = new Map<PhysicalTable, [string, ColumnType][]>();
  for (const facts of await read(columnsOf, columnFacts)) {
    const table = tables.of(facts.tableId);
    const type = columnType(facts);
    table.columns.push(column(facts, type));
    const ofTable = types.get(table) ?? [];
    ofTable.push([facts.name, type]);
    types.set(table, ofTable);
  }
  for (const table of tables.all()) rememberTypes(session, table, types.get(table) ?? []);
  for (const facts of await read(foreignKeysOf, foreignKeyFacts)) {
    tables.of(facts.tableId).foreignKeys.push(foreignKey(facts));
  }
  for (const facts of await read(indexesOf, indexColumn)) addIndexColumn(tables.of(facts.tableId), facts);
  for (const { tableId, name, isDisabled } of await read(triggersOf, triggerFacts)) {
    tables.of(tableId).triggers.push({ name, enabled: !isDisabled });
  }
  return tables.all();
}

function column(facts: Shaped<typeof columnFacts>, type: ColumnType): PhysicalColumn {
  const { name, isNullable, isIdentity, isComputed, expression } = facts;
  const kind = kindOf(type);
  return {
    name,
    kind,
    type: declaration(type),
    length: type.length,
    precision: kind === 'decimal' ? type.precision : null,
    scale: kind === 'decimal' ? type.scale : null,
    nullable: isNullable,
    identity: isIdentity,
    // The server writes a rowversion by itself too.
    computed: isComputed || type.base === 'timestamp',
    default: expression,
    collation: type.collation,
  };
}

function foreignKey(facts: Shaped<typeof foreignKeyFacts>): PhysicalForeignKey {
  const { name, column, target, targetColumn, rule, isDisabled, isNotTrusted } = facts;
  return {
    name,
    column,
    target,
    targetColumn,
    onDelete: rule === '0' ? 'restrict' : rule === '1' ? 'cascade' : 'other',
    enabled: !isDisabled,
    trusted: !isNotTrusted,
  };
}
