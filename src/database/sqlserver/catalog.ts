import { addIndexColumn, texts } from '../catalogRows.ts';
import type { PhysicalColumn, PhysicalForeignKey, PhysicalTable } from '../port.ts';
import { type ColumnType, columnType, declaration, kindOf } from './columnTypes.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';
import { rememberTypes } from './tableTypes.ts';

/** Numbers of tables written into one statement. */
const tablesAtATime = 1_000;

export const tablesQuestion = `SELECT o.object_id, s.name, o.name, o.type,
  (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1))
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE s.name = SCHEMA_NAME() AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0
ORDER BY o.name`;

/** An alias is described by the type under it. A default that the login may not read is still one. */
export const columnsOf = (tables: string) => `SELECT c.object_id, c.name, t.name, c.max_length, c.precision, c.scale,
  c.collation_name, c.is_nullable, c.is_identity, c.is_computed,
  CASE WHEN c.default_object_id <> 0 THEN COALESCE(d.definition, '(not visible)') END
FROM sys.columns AS c
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
LEFT JOIN sys.default_constraints AS d ON d.object_id = c.default_object_id
WHERE c.object_id IN (${tables})
ORDER BY c.object_id, c.column_id`;

/** One to a table that the login may not see is left out: it has no name here. */
export const foreignKeysOf = (tables: string) => `SELECT k.parent_object_id, k.name,
  COL_NAME(f.parent_object_id, f.parent_column_id), OBJECT_NAME(f.referenced_object_id),
  COL_NAME(f.referenced_object_id, f.referenced_column_id), k.delete_referential_action, k.is_disabled, k.is_not_trusted
FROM sys.foreign_keys AS k
JOIN sys.foreign_key_columns AS f ON f.constraint_object_id = k.object_id
WHERE k.parent_object_id IN (${tables}) AND OBJECT_NAME(f.referenced_object_id) IS NOT NULL
ORDER BY k.parent_object_id, k.name, f.constraint_column_id`;

/** Columns of an index's key; a filtered index says nothing about all rows. */
export const indexesOf = (tables: string) => `SELECT i.object_id, i.name, i.is_primary_key,
  CASE WHEN i.is_unique = 1 AND i.has_filter = 0 THEN 1 ELSE 0 END, c.name
FROM sys.indexes AS i
JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.key_ordinal > 0
JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
WHERE i.is_disabled = 0 AND i.name IS NOT NULL AND i.object_id IN (${tables})
ORDER BY i.object_id, i.name, x.key_ordinal`;

export const triggersOf = (tables: string) => `SELECT t.parent_id, t.name, t.is_disabled
FROM sys.triggers AS t
WHERE t.parent_id IN (${tables})
ORDER BY t.parent_id, t.name`;

/**
 * Reads tables and views of the login's default schema, a few statements for any number of tables. Primary key and its
 * index appear as `primaryKey` only. What the login has no right on at all, it does not see.
 */
export async function readTables(session: Session, names?: string[]): Promise<PhysicalTable[]> {
  const wanted = names === undefined ? null : new Set(names.map((name) => name.toLowerCase()));
  if (wanted?.size === 0) return [];
  // Whoever reads the catalog plans anew: what was remembered of its columns may be of before.
  session.types.clear();
  const tables = new Map<string, PhysicalTable>();
  for (const row of texts(await queryCells(session, tablesQuestion))) {
    const [id, schema, name, type, rows] = row as [string, string, string, string, string | null];
    if (wanted !== null && !wanted.has(name.toLowerCase())) continue;
    tables.set(id, {
      schema,
      name,
      type: type.trim() === 'U' ? 'table' : 'view',
      columns: [],
      primaryKey: [],
      foreignKeys: [],
      indexes: [],
      triggers: [],
      estimatedRows: rows === null ? null : Number(rows),
    });
  }
  const ids = [...tables.keys()];
  const each = async (
    question: (tables: string) => string,
    add: (table: PhysicalTable, facts: (string | null)[]) => void,
  ) => {
    for (let at = 0; at < ids.length; at += tablesAtATime) {
      const some = ids.slice(at, at + tablesAtATime).join(', ');
      for (const [id, ...facts] of texts(await queryCells(session, question(some)))) add(tables.get(id!)!, facts);
    }
  };
  const types = new Map<PhysicalTable, [string, ColumnType][]>([...tables.values()].map((table) => [table, []]));
  await each(columnsOf, (table, [name, base, bytes, precision, scale, collation, ...rest]) => {
    const type = columnType(base!, bytes!, precision!, scale!, collation!);
    table.columns.push(column(name!, type, rest));
    types.get(table)!.push([name!, type]);
  });
  for (const [table, columns] of types) rememberTypes(session, table, columns);
  await each(foreignKeysOf, (table, facts) => table.foreignKeys.push(foreignKey(facts)));
  await each(indexesOf, addIndexColumn);
  await each(triggersOf, (table, [name, disabled]) => table.triggers.push({ name: name!, enabled: disabled !== '1' }));
  return [...tables.values()];
}

function column(
  name: string,
  type: ColumnType,
  [nullable, identity, computed, expression]: (string | null)[],
): PhysicalColumn {
  const kind = kindOf(type);
  return {
    name,
    kind,
    type: declaration(type),
    length: type.length,
    precision: kind === 'decimal' ? type.precision : null,
    scale: kind === 'decimal' ? type.scale : null,
    nullable: nullable === '1',
    identity: identity === '1',
    // The server writes a rowversion by itself too.
    computed: computed === '1' || type.base === 'timestamp',
    default: expression ?? null,
    collation: type.collation,
  };
}

function foreignKey([name, child, target, parent, rule, disabled, untrusted]: (string | null)[]): PhysicalForeignKey {
  return {
    name: name!,
    column: child!,
    target: target!,
    targetColumn: parent!,
    onDelete: rule === '0' ? 'restrict' : rule === '1' ? 'cascade' : 'other',
    enabled: disabled !== '1',
    trusted: untrusted !== '1',
  };
}
