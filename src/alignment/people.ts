import type { Row } from '../database/port.ts';
import type { MatchedMap } from '../identity/mapStore.ts';
import type { Finding } from '../outsystems/finding.ts';
import { columnOf, type Environment, page } from './environment.ts';
import { type ReferenceColumn, referredIds } from './referredIds.ts';

/** A person whom data refers to and the destination lacks. For the operator's terminal only. */
export interface MissingUser {
  sourceId: string;
  tenant: string | null;
  username: string | null;
  name: string | null;
}

/** What data refers to and the destination lacks. */
export interface MissingRows {
  blocking: Finding[];
  warnings: Finding[];
  users: MissingUser[];
}

/** How many keys one statement asks for. */
const keysAtOnce = 1000;

/**
 * Tenants of the source that the destination lacks: blocking where rows belong to them (trap 34), else a warning.
 * Tenants are named; a tenant is no person.
 * @throws DatabaseError
 */
export async function missingTenants(
  source: Environment,
  destination: Environment,
  map: MatchedMap,
  name: string,
  references: readonly ReferenceColumn[],
): Promise<MissingRows> {
  const missing: MissingRows = { blocking: [], warnings: [], users: [] };
  const mapped = new Set(map.pairs.map(([sourceId]) => sourceId));
  const used = await referredIds(source.database, references, map.entity);
  const tenants = new Map((await rowsOf(source, 'OSSYS_TENANT', ['NAME'])).map(([id, label]) => [String(id), label]));
  const there = destination.catalog.environment;
  for (const [id, label] of tenants) {
    if (mapped.has(id)) continue;
    const message = `'${there}' has no tenant '${label}' of the same user provider`;
    if (used.has(id)) {
      missing.blocking.push({
        code: 'tenant-missing',
        entity: name,
        message: `${message}, and rows to be migrated belong to it; create it there`,
      });
    } else {
      missing.warnings.push({
        code: 'tenant-missing',
        entity: name,
        message: `${message}; no row to be migrated belongs to it`,
      });
    }
  }
  const unknown = [...used].filter((id) => !tenants.has(id)).length;
  if (unknown > 0) {
    missing.warnings.push({
      code: 'tenant-orphaned',
      entity: name,
      message:
        `rows to be migrated belong to ${unknown} tenant${unknown === 1 ? '' : 's'} that '${source.catalog.environment}' does not have itself; ` +
        'such rows follow missingReferences',
    });
  }
  return missing;
}

/**
 * Users that data refers to and the destination lacks. The finding counts them; only `users` names them, for the
 * operator's terminal: nothing that goes through Temporal names a person (interface.md).
 * @throws DatabaseError
 */
export async function missingUsers(
  source: Environment,
  destination: Environment,
  map: MatchedMap,
  name: string,
  references: readonly ReferenceColumn[],
): Promise<MissingRows> {
  const missing: MissingRows = { blocking: [], warnings: [], users: [] };
  const mapped = new Set(map.pairs.map(([sourceId]) => sourceId));
  const used = await referredIds(source.database, references, map.entity);
  const unmapped = [...used].filter((id) => !mapped.has(id));
  if (unmapped.length === 0) return missing;

  const tenants = new Map((await rowsOf(source, 'OSSYS_TENANT', ['NAME'])).map(([id, label]) => [String(id), label]));
  for (const [id, tenantId, username, label] of await rowsOf(
    source,
    'OSSYS_USER',
    ['TENANT_ID', 'USERNAME', 'NAME'],
    unmapped,
  )) {
    const tenant = tenantId === null ? null : (tenants.get(String(tenantId)) ?? null);
    missing.users.push({
      sourceId: String(id),
      tenant: tenant === null ? null : String(tenant),
      username: username === null ? null : String(username),
      name: label === null ? null : String(label),
    });
  }
  if (missing.users.length > 0) {
    missing.blocking.push({
      code: 'user-missing',
      entity: name,
      message:
        `'${destination.catalog.environment}' lacks ${missing.users.length} of the ${used.size} users that the data refers to ` +
        '(matched by tenant and user name); create them there',
    });
  }
  const orphans = unmapped.length - missing.users.length;
  if (orphans > 0) {
    missing.warnings.push({
      code: 'user-orphaned',
      entity: name,
      message:
        `the data refers to ${orphans} users that '${source.catalog.environment}' does not have itself; ` +
        'such references follow missingReferences',
    });
  }
  return missing;
}

/** Rows of a platform table, the id first and then `columns` (NULL for one the table lacks); all rows, or those with the ids. */
async function rowsOf(
  { database, catalog }: Environment,
  name: string,
  columns: string[],
  ids?: string[],
): Promise<Row[]> {
  const table = catalog.platformTables.get(name);
  const id = table && columnOf(table, 'ID');
  if (table === undefined || id === undefined) return [];
  const present = columns.flatMap((column) => columnOf(table, column) ?? []);
  const found: Row[] = [];
  const read = { table: { schema: table.schema, name: table.name }, columns: [id, ...present], key: id, batch: page };
  const chunks = ids === undefined ? [undefined] : chunked(ids);
  for (const keys of chunks) {
    for await (const rows of database.readRows(keys === undefined ? read : { ...read, keys })) found.push(...rows);
  }
  const places = columns.map((column) => present.indexOf(columnOf(table, column) ?? ''));
  return found.map((row) => [row[0]!, ...places.map((place) => (place < 0 ? null : row[place + 1]!))]);
}

function chunked(ids: string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / keysAtOnce) }, (_, index) =>
    ids.slice(index * keysAtOnce, (index + 1) * keysAtOnce),
  );
}
