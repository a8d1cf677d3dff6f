import { asCompared, type PlainConnection } from '../plainSql.ts';
import type { Reading } from './reading.ts';

/** An active entity of an environment, as its OSSYS tables describe it. */
export interface ComparedEntity {
  /** `<espace key>*<entity key>`. */
  key: string;
  /** `Espace.Entity`. */
  name: string;
  espaceId: string;
  entityKey: string;
  /** As the database writes it; null where there is no such table. */
  table: string | null;
  kind: 'stored' | 'static' | 'platform' | 'elsewhere';
  multiTenant: boolean;
  /** Active attributes by key. */
  attributes: Map<string, ComparedAttribute>;
  /** Key of the identifier attribute; null for none. */
  identifier: string | null;
}

export interface ComparedAttribute {
  key: string;
  name: string;
  column: string;
  isAutoNumber: boolean;
  /** Key of the entity referred to; null for scalars and where the type resolves to nothing. */
  references: string | null;
}

export interface Metamodel {
  entities: Map<string, ComparedEntity>;
  /** For rows that are matched, not copied: what an id means, in words that hold in every environment, by table. */
  meanings: Map<string, Map<string, string>>;
}

const read = new WeakMap<Reading, Promise<Metamodel>>();

/** The metamodel of one environment. Written from docs/metamodel.md alone: it shares nothing with the engine. */
export function metamodelOf(reading: Reading): Promise<Metamodel> {
  const found = read.get(reading) ?? readMetamodel(reading);
  read.set(reading, found);
  return found;
}

async function readMetamodel({ connection, tables }: Reading): Promise<Metamodel> {
  const entityRows = await connection.arrays(
    `SELECT e."ID", e."NAME", e."PHYSICAL_TABLE_NAME", lower(e."SS_KEY"), lower(e."PRIMARYKEY_SS_KEY"), e."DATA_KIND",
            e."IS_ACTIVE", e."IS_SYSTEM", e."IS_EXTERNAL", e."MULTITENANT", e."ESPACE_ID",
            coalesce(lower(s."SS_KEY"), lower(x."SS_KEY")), coalesce(s."NAME", x."NAME")
     FROM "OSSYS_ENTITY" e
     LEFT JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID"
     LEFT JOIN "OSSYS_EXTENSION" x ON x."ID" = e."EXTENSION_ID"`,
  );
  const active = entityRows.filter((row) => row[6] === '1');
  const activeKeys = new Set(active.map((row) => `${row[11]}*${row[3]}`));
  const formerKeys = new Set(entityRows.filter((row) => row[6] !== '1').map((row) => `${row[11]}*${row[3]}`));

  /** Follows a `bt` type; one that names an espace the entity has left is followed to where it is now (trap 2). */
  const resolve = (type: string): string | null => {
    if (!type.startsWith('bt')) return null;
    const key = type.slice(2).toLowerCase();
    if (activeKeys.has(key)) return key;
    const now = active.filter((row) => row[3] === key.split('*')[1]);
    return formerKeys.has(key) && now.length === 1 ? `${now[0]![11]}*${now[0]![3]}` : null;
  };
  const attributeRows = await connection.arrays(
    `SELECT "ENTITY_ID", lower("SS_KEY"), "NAME", coalesce(nullif("DATABASE_NAME", ''), upper("NAME")), "TYPE", "IS_AUTONUMBER"
     FROM "OSSYS_ENTITY_ATTR" WHERE "IS_ACTIVE" = 'true'`,
  );
  const attributesOf = new Map<string, (string | null)[][]>();
  for (const row of attributeRows) attributesOf.set(row[0]!, [...(attributesOf.get(row[0]!) ?? []), row]);
  const entities = new Map<string, ComparedEntity>();
  for (const row of active) {
    const [id, name, physical, entityKey, identifier, dataKind, , isSystem, isExternal, multiTenant, espaceId] = row;
    const found = tables.get(physical?.toLowerCase() ?? '');
    const attributes = (attributesOf.get(id!) ?? []).map(([, key, attribute, column, type, isAutoNumber]) => ({
      key: key!,
      name: attribute!,
      column: column!,
      isAutoNumber: isAutoNumber === '1',
      references: resolve(type!),
    }));
    const kind =
      isSystem === '1'
        ? 'platform'
        : isExternal === '1' || dataKind === 'clientEntity'
          ? 'elsewhere'
          : dataKind === 'staticEntity'
            ? 'static'
            : 'stored';
    entities.set(`${row[11]}*${entityKey}`, {
      key: `${row[11]}*${entityKey}`,
      name: `${row[12]}.${name}`,
      espaceId: espaceId ?? '',
      entityKey: entityKey!,
      table: found?.name ?? null,
      kind,
      multiTenant: multiTenant === '1' && (found?.columns.has('TENANT_ID') ?? false),
      attributes: new Map(attributes.map((one) => [one.key, one])),
      identifier: identifier || null,
    });
  }
  return { entities, meanings: await readMeanings(connection, entities) };
}

async function readMeanings(connection: PlainConnection, entities: Map<string, ComparedEntity>) {
  const meanings = new Map<string, Map<string, string>>();
  const add = async (table: string, statement: string) => {
    const rows = await connection.arrays(statement);
    meanings.set(table, new Map(rows.map(([id, ...meaning]) => [id!, `${table} ${meaning.join(' ')}`])));
  };
  await add('OSSYS_ESPACE', 'SELECT "ID", lower("SS_KEY") FROM "OSSYS_ESPACE"');
  await add(
    'OSSYS_TENANT',
    `SELECT t."ID", lower(s."SS_KEY"), t."NAME" FROM "OSSYS_TENANT" t JOIN "OSSYS_ESPACE" s ON s."ID" = t."ESPACE_ID"`,
  );
  const tenant = `(SELECT CONCAT(lower(s."SS_KEY"), ' ', t."NAME") FROM "OSSYS_TENANT" t
    JOIN "OSSYS_ESPACE" s ON s."ID" = t."ESPACE_ID" WHERE t."ID" = owned."TENANT_ID")`;
  const username = asCompared(connection.engine, 'owned."USERNAME"');
  await add('OSSYS_USER', `SELECT owned."ID", ${tenant}, ${username} FROM "OSSYS_USER" owned`);
  await add('OSSYS_GROUP', `SELECT owned."ID", ${tenant}, owned."NAME" FROM "OSSYS_GROUP" owned`);
  await add(
    'OSSYS_ROLE',
    `SELECT r."ID", lower(s."SS_KEY"), lower(r."SS_KEY") FROM "OSSYS_ROLE" r JOIN "OSSYS_ESPACE" s ON s."ID" = r."ESPACE_ID"`,
  );
  await add(
    'OSSYS_ENTITY',
    `SELECT e."ID", coalesce(lower(s."SS_KEY"), lower(x."SS_KEY")), lower(e."SS_KEY") FROM "OSSYS_ENTITY" e
     LEFT JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID" LEFT JOIN "OSSYS_EXTENSION" x ON x."ID" = e."EXTENSION_ID"`,
  );
  // In the demo every process has a label of its own, and every activity a name of its own within it.
  await add('OSSYS_BPM_PROCESS', 'SELECT "ID", "LABEL" FROM "OSSYS_BPM_PROCESS"');
  await add(
    'OSSYS_BPM_ACTIVITY',
    'SELECT a."ID", p."LABEL", a."NAME" FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = a."PROCESS_ID"',
  );
  const records = await connection.arrays(
    'SELECT "ESPACE_ID", lower("ENTITY_SS_KEY"), "DATA_ID", lower("SS_KEY") FROM "OSSYS_ENTITY_RECORD" WHERE "IS_ACTIVE" = \'true\'',
  );
  for (const entity of entities.values()) {
    if (entity.kind !== 'static') continue;
    const own = records.filter(([espaceId, key]) => espaceId === entity.espaceId && key === entity.entityKey);
    meanings.set(entity.key, new Map(own.map(([, , id, key]) => [id!, `record ${entity.key} ${key}`])));
  }
  return meanings;
}

/** Stored entities of the applications, and whatever stored entities those refer to, directly or not; by key. */
export async function entitiesInScope(
  connection: PlainConnection,
  { entities }: Metamodel,
  applications: readonly string[],
): Promise<string[]> {
  const owners = await connection.arrays(
    `SELECT coalesce(lower(s."SS_KEY"), lower(x."SS_KEY"))
     FROM "OSSYS_APPLICATION" a
     JOIN "OSSYS_APP_DEFINITION_MODULE" l ON l."APPLICATION_ID" = a."ID"
     JOIN "OSSYS_MODULE" m ON m."ID" = l."MODULE_ID"
     LEFT JOIN "OSSYS_ESPACE" s ON s."ID" = m."ESPACE_ID"
     LEFT JOIN "OSSYS_EXTENSION" x ON x."ID" = m."EXTENSION_ID"
     WHERE a."NAME" IN (${applications.map((name) => `'${name.replaceAll("'", "''")}'`).join()})`,
  );
  const owned = new Set(owners.map(([key]) => key));
  const scope = new Set<string>();
  const visit = (key: string): void => {
    const entity = entities.get(key);
    if (entity?.kind !== 'stored' || scope.has(key)) return;
    scope.add(key);
    for (const attribute of entity.attributes.values()) if (attribute.references) visit(attribute.references);
  };
  for (const key of entities.keys()) if (owned.has(key.split('*')[0])) visit(key);
  return [...scope];
}
