import type { Database, PhysicalColumn, PhysicalTable } from '../database/port.ts';
import type {
  Application,
  Attribute,
  Entity,
  EntityKind,
  EnvironmentCatalog,
  Espace,
  Solution,
  StaticRecord,
} from './catalog.ts';
import { groupBy } from './grouping.ts';
import {
  flagOf,
  keyOf,
  numberOf,
  type PlatformReader,
  type PlatformRow,
  platformReader,
  textOf,
} from './metamodelReader.ts';
import { isNullIdentifier } from './naming.ts';
import { tenantColumnName } from './platform.ts';
import { referenceContext, resolveReference } from './references.ts';

/**
 * Reads an environment: one query per platform table, the database's own catalog once, the rest in memory.
 * @throws CatalogError for a database that is no OutSystems environment; DatabaseError
 */
export async function readCatalog(database: Database): Promise<EnvironmentCatalog> {
  const physical = new Map((await database.tables()).map((table) => [table.name.toUpperCase(), table]));
  const platformTables = new Map([...physical].filter(([name]) => name.startsWith('OSSYS_')));
  const reader = platformReader(database, platformTables);
  const espaces = await readEspaces(reader);
  const owners = {
    espaces: new Map(espaces.filter(({ kind }) => kind === 'espace').map((one) => [one.id, one])),
    extensions: new Map(espaces.filter(({ kind }) => kind === 'extension').map((one) => [one.id, one])),
  };
  const { entities, formerKeys } = await readEntities(reader, owners, physical);
  return {
    environment: database.name,
    applications: await readApplications(reader),
    solutions: await readSolutions(reader),
    espaces,
    entities,
    formerKeys,
    records: await readRecords(reader, owners, entities),
    platformTables,
  };
}

interface Owners {
  espaces: Map<string, Espace>;
  extensions: Map<string, Espace>;
}

/** Whether a column of the metamodel names a row; NULL is read as ''. */
const isId = (id: string) => !isNullIdentifier(id);

function ownerOf(row: PlatformRow, owners: Owners): Espace | undefined {
  const espaceId = textOf(row.ESPACE_ID);
  return isId(espaceId) ? owners.espaces.get(espaceId) : owners.extensions.get(textOf(row.EXTENSION_ID));
}

async function readEspaces(reader: PlatformReader): Promise<Espace[]> {
  const columns = ['ID', 'NAME', 'SS_KEY', 'IS_ACTIVE', 'IS_SYSTEM', 'IS_MULTITENANT', 'IS_LOCKED'];
  const toEspace =
    (kind: Espace['kind']) =>
    (row: PlatformRow): Espace => ({
      kind,
      id: textOf(row.ID),
      name: textOf(row.NAME),
      key: keyOf(row.SS_KEY),
      active: flagOf(row.IS_ACTIVE, true),
      system: flagOf(row.IS_SYSTEM),
      multiTenant: flagOf(row.IS_MULTITENANT),
      locked: flagOf(row.IS_LOCKED),
    });
  const espaces = (await reader.required('OSSYS_ESPACE', columns)).map(toEspace('espace'));
  const extensions = (await reader.optional('OSSYS_EXTENSION', columns)).map(toEspace('extension'));
  return [...espaces, ...extensions].filter(({ active }) => active);
}

async function readEntities(
  reader: PlatformReader,
  owners: Owners,
  physical: Map<string, PhysicalTable>,
): Promise<Pick<EnvironmentCatalog, 'entities' | 'formerKeys'>> {
  const columns =
    'ID NAME PHYSICAL_TABLE_NAME ESPACE_ID EXTENSION_ID SS_KEY PRIMARYKEY_SS_KEY DATA_KIND IS_ACTIVE IS_SYSTEM ' +
    'IS_EXTERNAL MULTITENANT EVENT_TABLE_NAME';
  const rows = await reader.required('OSSYS_ENTITY', columns.split(' '));
  const attributeRows = await readAttributeRows(reader);
  const entities: Entity[] = [];
  const formerKeys = new Set<string>();
  for (const row of rows) {
    const espace = ownerOf(row, owners);
    if (!espace) continue;
    const key = `${espace.key}*${keyOf(row.SS_KEY)}`;
    if (flagOf(row.IS_ACTIVE, true)) entities.push(toEntity(row, { espace, key }, attributeRows, physical));
    else formerKeys.add(key);
  }
  const context = referenceContext(entities, formerKeys);
  for (const { attributes, table } of entities) {
    for (const attribute of attributes) attribute.references = resolveReference(attribute, table, context);
  }
  return { entities, formerKeys };
}

/** Rows of active attributes by entity id, as their authors ordered them. */
async function readAttributeRows(reader: PlatformReader): Promise<Map<string, PlatformRow[]>> {
  const columns =
    'ID ENTITY_ID NAME SS_KEY TYPE LENGTH DECIMALS IS_MANDATORY IS_AUTONUMBER IS_ACTIVE DELETE_RULE ORDER_NUM ' +
    'DATABASE_NAME';
  const rows = await reader.required('OSSYS_ENTITY_ATTR', columns.split(' '));
  const order = (row: PlatformRow) => numberOf(row.ORDER_NUM);
  const active = rows
    .filter((row) => flagOf(row.IS_ACTIVE, true))
    .sort((left, right) => order(left) - order(right) || numberOf(left.ID) - numberOf(right.ID));
  return groupBy(active, (row) => textOf(row.ENTITY_ID));
}

function toEntity(
  row: PlatformRow,
  { espace, key }: Pick<Entity, 'espace' | 'key'>,
  attributeRows: Map<string, PlatformRow[]>,
  physical: Map<string, PhysicalTable>,
): Entity {
  const id = textOf(row.ID);
  const physicalTableName = textOf(row.PHYSICAL_TABLE_NAME).trim() || null;
  const kind = kindOf(row, physicalTableName);
  const table = kind === 'client' ? null : tableNamed(physicalTableName, physical);
  const columns = new Map(table?.columns.map((column) => [column.name.toUpperCase(), column]));
  const attributes = (attributeRows.get(id) ?? []).map((attribute) => toAttribute(attribute, columns));
  const claimed = new Set(attributes.map(({ column }) => column?.name.toUpperCase()));
  return {
    key,
    id,
    name: textOf(row.NAME),
    espace,
    kind,
    multiTenant: flagOf(row.MULTITENANT),
    physicalTableName: kind === 'client' ? null : physicalTableName,
    table,
    eventTable: tableNamed(textOf(row.EVENT_TABLE_NAME).trim() || null, physical),
    attributes,
    identifier: identifierOf(row, attributes, table),
    tenantColumn: claimed.has(tenantColumnName) ? null : (columns.get(tenantColumnName) ?? null),
  };
}

function kindOf(row: PlatformRow, physicalTableName: string | null): EntityKind {
  const dataKind = textOf(row.DATA_KIND).toLowerCase();
  if (dataKind === 'cliententity') return 'client';
  if (flagOf(row.IS_EXTERNAL)) return 'external';
  if (flagOf(row.IS_SYSTEM) || physicalTableName?.toUpperCase().startsWith('OSSYS_')) return 'platform';
  return dataKind === 'staticentity' ? 'static' : 'entity';
}

/**
 * The table of a PHYSICAL_TABLE_NAME. Two-part names must name the schema that is read; three-part ones lie in another
 * catalog, or may do so (metamodel §5, "External entities", "Catalogs").
 */
function tableNamed(name: string | null, physical: Map<string, PhysicalTable>): PhysicalTable | null {
  const parts = (name ?? '').split('.').map((part) =>
    part
      .trim()
      .replace(/^[["](.*)[\]"]$/, '$1')
      .toUpperCase(),
  );
  if (parts.length > 2) return null;
  const [tableName, schema] = parts.toReversed();
  const table = tableName === undefined ? undefined : physical.get(tableName);
  if (table === undefined) return null;
  return schema === undefined || table.schema.toUpperCase() === schema ? table : null;
}

function toAttribute(row: PlatformRow, columns: Map<string, PhysicalColumn>): Attribute {
  const name = textOf(row.NAME);
  const deleteRule = textOf(row.DELETE_RULE).toLowerCase();
  const physicalName = textOf(row.DATABASE_NAME).trim() || name;
  return {
    id: textOf(row.ID),
    name,
    key: keyOf(row.SS_KEY),
    type: textOf(row.TYPE),
    length: numberOf(row.LENGTH),
    decimals: numberOf(row.DECIMALS),
    mandatory: flagOf(row.IS_MANDATORY),
    autoNumber: flagOf(row.IS_AUTONUMBER),
    deleteRule: deleteRule === 'delete' ? 'Delete' : deleteRule === 'ignore' ? 'Ignore' : 'Protect',
    column: columns.get(physicalName.toUpperCase()) ?? null,
    references: null,
  };
}

/** By PRIMARYKEY_SS_KEY; where that leads nowhere, the attribute on which the table's primary key stands. */
function identifierOf(row: PlatformRow, attributes: Attribute[], table: PhysicalTable | null): Attribute | null {
  const key = keyOf(row.PRIMARYKEY_SS_KEY);
  const named = key === '' ? undefined : attributes.find((attribute) => attribute.key === key);
  if (named) return named;
  const [column, ...more] = table?.primaryKey ?? [];
  if (column === undefined || more.length > 0) return null;
  return attributes.find((attribute) => attribute.column?.name === column) ?? null;
}

async function readApplications(reader: PlatformReader): Promise<Application[]> {
  const modules = new Map(
    (await reader.optional('OSSYS_MODULE', ['ID', 'ESPACE_ID', 'EXTENSION_ID'])).map((row) => [textOf(row.ID), row]),
  );
  const links = await reader.optional('OSSYS_APP_DEFINITION_MODULE', ['APPLICATION_ID', 'MODULE_ID']);
  const modulesOf = groupBy(links, (row) => textOf(row.APPLICATION_ID));
  const rows = await reader.optional('OSSYS_APPLICATION', ['ID', 'NAME', 'KEY', 'IS_ACTIVE', 'DISABLED']);
  return rows
    .filter((row) => flagOf(row.IS_ACTIVE, true))
    .map((row) => {
      const owned = (modulesOf.get(textOf(row.ID)) ?? []).flatMap((link) => {
        const module = modules.get(textOf(link.MODULE_ID));
        return module ? [module] : [];
      });
      const disabled = row.DISABLED === undefined ? null : flagOf(row.DISABLED);
      return { id: textOf(row.ID), name: textOf(row.NAME), key: keyOf(row.KEY), ...membersOf(owned), disabled };
    });
}

async function readSolutions(reader: PlatformReader): Promise<Solution[]> {
  const references = await reader.optional('OSSYS_SOLUTION_REFERENCE', ['SOLUTION_ID', 'ESPACE_ID', 'EXTENSION_ID']);
  const referencesOf = groupBy(references, (row) => textOf(row.SOLUTION_ID));
  const rows = await reader.optional('OSSYS_SOLUTION', ['ID', 'NAME', 'IS_ACTIVE']);
  return rows
    .filter((row) => flagOf(row.IS_ACTIVE, true))
    .map((row) => ({
      id: textOf(row.ID),
      name: textOf(row.NAME),
      ...membersOf(referencesOf.get(textOf(row.ID)) ?? []),
    }));
}

/** Of rows that name an espace or an extension each. */
function membersOf(rows: PlatformRow[]): { espaceIds: string[]; extensionIds: string[] } {
  return {
    espaceIds: rows.map((row) => textOf(row.ESPACE_ID)).filter(isId),
    extensionIds: rows.map((row) => textOf(row.EXTENSION_ID)).filter(isId),
  };
}

async function readRecords(reader: PlatformReader, owners: Owners, entities: Entity[]): Promise<StaticRecord[]> {
  const columns = ['DATA_ID', 'NAME', 'SS_KEY', 'ENTITY_SS_KEY', 'ESPACE_ID', 'IS_ACTIVE'];
  const keys = new Set(entities.map(({ key }) => key));
  return (await reader.optional('OSSYS_ENTITY_RECORD', columns)).flatMap((row) => {
    const espace = owners.espaces.get(textOf(row.ESPACE_ID));
    const entity = `${espace?.key}*${keyOf(row.ENTITY_SS_KEY)}`;
    if (!keys.has(entity) || !flagOf(row.IS_ACTIVE, true)) return [];
    return [{ entity, key: keyOf(row.SS_KEY), name: textOf(row.NAME), dataId: textOf(row.DATA_ID) }];
  });
}
