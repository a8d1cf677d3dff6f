import { createHash } from 'node:crypto';
import type { AttributeDescription, EntityDescription } from './description.ts';
import { entityName } from './description.ts';
import {
  activeAttributes,
  type EnvironmentDescription,
  identifierName,
  physicalColumnName,
  physicalTableName,
} from './environments.ts';
import { entityNamed, storedEntities } from './factory.ts';
import {
  asciiType,
  bigIntegerType,
  binaryType,
  booleanType,
  type ColumnDescription,
  type ColumnType,
  dateTimeType,
  decimalType,
  integerType,
  type TableDescription,
  textType,
} from './tables.ts';

/** Column type of an entity's identifier, followed through 1:1 chains (metamodel §5, "Types"). */
export function identifierColumnType(described: EntityDescription): ColumnType {
  switch (described.identifier?.kind) {
    case 'longAutoNumber':
      return bigIntegerType;
    case 'autoNumber':
    case 'manualInteger':
      return integerType;
    case 'guid':
      return textType(36);
    case 'code':
      return textType(described.identifier.length);
    case 'extends':
      return identifierColumnType(entityNamed(described.identifier.entity));
    case undefined:
      throw new Error(`${entityName(described)} has no identifier to refer to.`);
  }
}

/** Column type of an attribute (metamodel §5, "Types"). */
export function attributeColumnType(attribute: AttributeDescription): ColumnType {
  if (typeof attribute.type === 'object') return identifierColumnType(entityNamed(attribute.type.references));
  switch (attribute.type) {
    case 'rtText':
      return textType(attribute.length > 2000 ? null : attribute.length);
    case 'rtInteger':
      return integerType;
    case 'rtLongInteger':
      return bigIntegerType;
    case 'rtDecimal':
      return decimalType(attribute.length, attribute.decimals);
    case 'rtCurrency':
      return decimalType(37, 8);
    case 'rtBoolean':
      return booleanType;
    case 'rtDateTime':
    case 'rtDate':
    case 'rtTime':
      return dateTimeType;
    case 'rtEmail':
      return asciiType(250);
    case 'rtPhoneNumber':
      return asciiType(20);
    case 'rtBinaryData':
      return binaryType;
  }
}

const nullable = (name: string, type: ColumnType, hasDefault = false): ColumnDescription => ({
  name,
  type,
  nullable: true,
  identity: false,
  hasDefault,
});

function columnsOf(environment: EnvironmentDescription, described: EntityDescription): ColumnDescription[] {
  const columns: ColumnDescription[] = [];
  if (described.identifier) {
    const { kind } = described.identifier;
    columns.push({
      name: identifierName(described).toUpperCase(),
      type: identifierColumnType(described),
      nullable: false,
      identity: kind === 'longAutoNumber' || kind === 'autoNumber',
      hasDefault: false,
    });
  }
  for (const attribute of activeAttributes(environment, described)) {
    const name = physicalColumnName(environment, described, attribute.name);
    columns.push(nullable(name, attributeColumnType(attribute), attribute.hasDefault));
  }
  for (const { name, type } of staleColumns(environment, described)) columns.push(nullable(name, type));
  if (described.multiTenant) columns.push({ ...nullable('TENANT_ID', integerType), nullable: false });
  return columns;
}

/** Columns that no active attribute has: of deleted attributes, or without any metadata. */
export function staleColumns(
  environment: EnvironmentDescription,
  described: EntityDescription,
): { name: string; type: ColumnType }[] {
  const history = environment.history[entityName(described)];
  const active = new Set(
    activeAttributes(environment, described).map((one) => physicalColumnName(environment, described, one.name)),
  );
  const deleted = (history?.deleted ?? []).map((one) => ({
    name: one.name.toUpperCase(),
    type: attributeColumnType(one),
  }));
  return [...deleted.filter((one) => !active.has(one.name)), ...(history?.deadColumns ?? [])];
}

function foreignKeysOf(environment: EnvironmentDescription, described: EntityDescription) {
  const table = physicalTableName(environment, described);
  const keys: TableDescription['foreignKeys'] = [];
  const add = (column: string, targetName: string, cascade: boolean) => {
    const target = entityNamed(targetName);
    const targetTable = physicalTableName(environment, target);
    const targetColumn = target.kind === 'platform' ? 'ID' : identifierName(target).toUpperCase();
    const name = `OSFRK_${table}_${targetTable}_${column}`.toUpperCase();
    keys.push({ name, column, target: targetTable, targetColumn, cascade });
  };
  if (described.identifier?.kind === 'extends') {
    add('ID', described.identifier.entity, described.identifier.deleteRule === 'Delete');
  }
  for (const attribute of activeAttributes(environment, described)) {
    if (typeof attribute.type !== 'object' || attribute.deleteRule === 'Ignore') continue;
    const column = physicalColumnName(environment, described, attribute.name);
    add(column, attribute.type.references, attribute.deleteRule === 'Delete');
  }
  return keys;
}

function indexesOf(environment: EnvironmentDescription, described: EntityDescription): TableDescription['indexes'] {
  const table = physicalTableName(environment, described);
  const named = (columns: string[], isUnique: boolean) => {
    const parts = columns.map((column) => `${column.length}${column}`);
    return { name: `OSIDX_${table}_${parts.join('_')}`.toUpperCase(), columns, unique: isUnique };
  };
  const tenant = described.multiTenant ? ['TENANT_ID'] : [];
  const indexes = described.indexes.map((one) => {
    const columns = one.attributes.map((attribute) => physicalColumnName(environment, described, attribute));
    return named([...columns, ...tenant], one.unique);
  });
  // Protect and Delete references get an index from the platform; Ignore ones do not (metamodel §5).
  for (const { column } of foreignKeysOf(environment, described)) {
    const isKey = column === 'ID' && described.identifier?.kind === 'extends';
    if (!isKey && !indexes.some((one) => one.columns[0] === column)) indexes.push(named([column, ...tenant], false));
  }
  return described.multiTenant ? [...indexes, named(['TENANT_ID'], false)] : indexes;
}

/** The physical table of one entity in one environment. */
export function applicationTable(environment: EnvironmentDescription, described: EntityDescription): TableDescription {
  const name = physicalTableName(environment, described);
  return {
    name,
    columns: columnsOf(environment, described),
    primaryKey: described.identifier
      ? { name: `OSPRK_${name}`.toUpperCase(), column: identifierName(described).toUpperCase() }
      : null,
    indexes: indexesOf(environment, described),
    foreignKeys: foreignKeysOf(environment, described),
  };
}

/** Tables that no active entity has: of moved and deleted entities, and strangers. */
export function leftoverTables(environment: EnvironmentDescription): TableDescription[] {
  const former = environment.formerEntities.map((one) => ({
    name: `OSUSR_${environment.codes[one.espace]}_${one.table}`,
    columns: one.columns,
  }));
  const strangers = environment.strangerTables.map((name) => ({
    name,
    columns: [nullable('LINE', integerType), nullable('CONTENT', textType(null))],
  }));
  return [...former, ...strangers].map(({ name, columns }) => {
    const identity = columns.find((one) => one.identity);
    const primaryKey = identity ? { name: `OSPRK_${name}`.toUpperCase(), column: identity.name } : null;
    return { name, columns, primaryKey, indexes: [], foreignKeys: [] };
  });
}

/** Every application table of an environment. */
export const applicationTables = (environment: EnvironmentDescription): TableDescription[] =>
  storedEntities.map((described) => applicationTable(environment, described));

/** Shortens a name to what an engine takes, keeping it unique. */
export function shortenedName(name: string, longest: number): string {
  if (name.length <= longest) return name;
  return `${name.slice(0, longest - 9)}_${createHash('sha1').update(name).digest('hex').slice(0, 8)}`;
}
