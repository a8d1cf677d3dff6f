import type pg from 'pg';
import { openTextConnection, quotedName, textRows } from './connection.ts';
import { type ComparedEntity, entitiesInScope, type Metamodel, readMetamodel } from './metamodel.ts';

/**
 * Migrates the way one would with all rows in memory, an owner's login and nobody watching: new ids are dealt out
 * beforehand, constraints are off. It is what the comparison is tried on, and shares nothing with the engine.
 */
export async function copyNaively(sourceUrl: string, destinationUrl: string, application: string): Promise<void> {
  const source = await openTextConnection(sourceUrl);
  const destination = await openTextConnection(destinationUrl);
  try {
    const [from, to] = [await readMetamodel(source), await readMetamodel(destination)];
    const scope = await entitiesInScope(source, from, [application]);
    const newIds = await dealIds(source, destination, from, to, scope);
    await destination.query('BEGIN');
    await destination.query('SET LOCAL session_replication_role = replica');
    for (const key of scope) {
      const [own, other] = [from.entities.get(key)!, to.entities.get(key)!];
      const shared = [...own.attributes.values()].filter((one) => other.attributes.has(one.key));
      const columns = shared.map((one) => other.attributes.get(one.key)!.column);
      const filled = await neutralColumns(destination, own, other);
      const names = [...columns, ...filled.map((one) => one.column), ...(own.multiTenant ? ['TENANT_ID'] : [])];
      const reads = [...shared.map((one) => one.column), ...(own.multiTenant ? ['TENANT_ID'] : [])];
      const placeholders = names.map((_, index) => `$${index + 1}`);
      const insert = `INSERT INTO ${quotedName(other.table!)} (${names.map(quotedName).join()}) VALUES (${placeholders.join()})`;
      const order = own.identifier ? `ORDER BY ${quotedName(own.attributes.get(own.identifier)!.column)}` : '';
      const rows = await textRows(
        source,
        `SELECT ${reads.map(quotedName).join()} FROM ${quotedName(own.table!)} ${order}`,
      );
      for (const row of rows) {
        const values = shared.map((one, index) => {
          const value = row[index]!;
          if (value === null) return null;
          if (one.key === own.identifier) return newIds.get(key)!.get(value)!;
          return one.references === null ? value : translated(value, one.references, from, to, newIds);
        });
        const tenant = own.multiTenant ? [meant('OSSYS_TENANT', row.at(-1)!, from, to)] : [];
        await destination.query(insert, [...values, ...filled.map((one) => one.value), ...tenant]);
      }
    }
    await destination.query('COMMIT');
  } finally {
    await Promise.all([source.end(), destination.end()]);
  }
}

/** Accounts and groups that only the source has, as an administrator would create them by hand. */
export async function createPeopleNaively(sourceUrl: string, destinationUrl: string): Promise<void> {
  const source = await openTextConnection(sourceUrl);
  const destination = await openTextConnection(destinationUrl);
  try {
    for (const [table, name] of [
      ['OSSYS_USER', 'USERNAME'],
      ['OSSYS_GROUP', 'NAME'],
    ]) {
      const named = `SELECT t."NAME", p."${name}" FROM "${table}" p JOIN "OSSYS_TENANT" t ON t."ID" = p."TENANT_ID"`;
      const nameOf = ([tenant, own]: (string | null)[]) => `${tenant}/${own}`;
      const there = new Set((await textRows(destination, named)).map(nameOf));
      for (const row of (await textRows(source, named)).filter((one) => !there.has(nameOf(one)))) {
        await destination.query(
          `INSERT INTO "${table}" ("ID", "TENANT_ID", "${name}")
           SELECT (SELECT max("ID") + 1 FROM "${table}"), "ID", $2 FROM "OSSYS_TENANT" WHERE "NAME" = $1`,
          row,
        );
      }
    }
  } finally {
    await Promise.all([source.end(), destination.end()]);
  }
}

/** Processes and activities that only the source has, by label and name: what applications refer to, and nothing else of them. */
export async function createInstancesNaively(sourceUrl: string, destinationUrl: string): Promise<void> {
  const source = await openTextConnection(sourceUrl);
  const destination = await openTextConnection(destinationUrl);
  try {
    for (const [label] of await textRows(source, 'SELECT "LABEL" FROM "OSSYS_BPM_PROCESS"')) {
      await destination.query('INSERT INTO "OSSYS_BPM_PROCESS" ("LABEL") VALUES ($1)', [label]);
    }
    const activities = `SELECT p."LABEL", a."NAME" FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = a."PROCESS_ID"`;
    for (const row of await textRows(source, activities)) {
      await destination.query(
        `INSERT INTO "OSSYS_BPM_ACTIVITY" ("PROCESS_ID", "NAME") SELECT "ID", $2 FROM "OSSYS_BPM_PROCESS" WHERE "LABEL" = $1`,
        row,
      );
    }
  } finally {
    await Promise.all([source.end(), destination.end()]);
  }
}

type NewIds = Map<string, Map<string, string>>;

async function dealIds(
  source: pg.Client,
  destination: pg.Client,
  from: Metamodel,
  to: Metamodel,
  scope: readonly string[],
): Promise<NewIds> {
  const newIds: NewIds = new Map();
  const deal = async (key: string): Promise<Map<string, string>> => {
    const [own, other] = [from.entities.get(key)!, to.entities.get(key)!];
    const ids = new Map<string, string>();
    if (newIds.has(key) || own.identifier === null) return newIds.get(key) ?? ids;
    const identifier = own.attributes.get(own.identifier)!;
    const column = quotedName(identifier.column);
    const rows = await textRows(source, `SELECT ${column} FROM ${quotedName(own.table!)} ORDER BY 1`);
    const target = identifier.references === null ? null : from.entities.get(identifier.references)!;
    const targetIds = target?.kind === 'stored' ? await deal(target.key) : null;
    const [[largest] = []] = await textRows(destination, `SELECT max(${column}) FROM ${quotedName(other.table!)}`);
    let next = identifier.isAutoNumber ? BigInt(largest ?? 0) + 100n : 0n;
    for (const [id] of rows) {
      if (targetIds) ids.set(id!, targetIds.get(id!)!);
      else if (target) ids.set(id!, meant(target.table!, id!, from, to)!);
      else ids.set(id!, identifier.isAutoNumber ? String(next++) : id!);
    }
    newIds.set(key, ids);
    return ids;
  };
  for (const key of scope) await deal(key);
  return newIds;
}

function translated(value: string, targetKey: string, from: Metamodel, to: Metamodel, newIds: NewIds): string | null {
  const target = from.entities.get(targetKey)!;
  if (target.kind === 'elsewhere' || value === '0' || value === '') return value;
  if (target.kind === 'stored') return newIds.get(targetKey)!.get(value) ?? null;
  return meant(target.kind === 'platform' ? target.table! : target.key, value, from, to);
}

/** The destination's id of a matched row that means the same. */
function meant(table: string, id: string, from: Metamodel, to: Metamodel): string | null {
  const meaning = from.meanings.get(table)!.get(id);
  const found = [...to.meanings.get(table)!].find(([, other]) => other === meaning);
  return meaning === undefined ? null : (found?.[0] ?? null);
}

async function neutralColumns(destination: pg.Client, own: ComparedEntity, other: ComparedEntity) {
  const extra = [...other.attributes.values()].filter((one) => !own.attributes.has(one.key)).map((one) => one.column);
  const rows = await textRows(
    destination,
    `SELECT column_name, data_type FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND column_name = ANY($2) AND column_default IS NULL`,
    [other.table, extra],
  );
  return rows.map(([column, type]) => {
    const value = type!.startsWith('timestamp') ? '1900-01-01' : type!.startsWith('character') ? '' : '0';
    return { column: column!, value };
  });
}
