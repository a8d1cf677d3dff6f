import { type ColumnType, integerType, type TableDescription } from './tables.ts';

/**
 * A table of the platform: an identity and columns that take NULL. @param cascading columns whose foreign keys delete
 * along.
 */
export function platformTable(
  tableName: string,
  columns: Record<string, ColumnType>,
  foreignKeys: Record<string, string> = {},
  cascading: readonly string[] = [],
): TableDescription {
  return {
    name: tableName,
    columns: [
      { name: 'ID', type: integerType, nullable: false, identity: true, hasDefault: false },
      ...Object.entries(columns).map(([columnName, type]) => ({
        name: columnName,
        type,
        nullable: true,
        identity: false,
        hasDefault: false,
      })),
    ],
    primaryKey: { name: `PK_${tableName.toLowerCase()}`, column: 'ID' },
    // As for every reference with a rule (metamodel §5).
    indexes: Object.keys(foreignKeys).map((column) => ({
      name: `IDX_${tableName}_${column}`.toLowerCase(),
      columns: [column],
      unique: false,
    })),
    foreignKeys: Object.entries(foreignKeys).map(([column, target]) => ({
      name: `FK_${tableName}_${column}`.toLowerCase(),
      column,
      target,
      targetColumn: 'ID',
      cascade: cascading.includes(column),
    })),
  };
}
