import { dialect } from '../ddl.ts';
import { onPlain, type PlainConnection, quotedName } from '../plainSql.ts';
import { type ComparedEntity, entitiesInScope, type Metamodel, metamodelOf } from './metamodel.ts';
import { beginReading, type CellText, type ComparedTable, positionOf, type Reading } from './reading.ts';

const rowsAtATime = 100;

/**
 * Migrates the way one would with all rows in memory, an owner's login and nobody watching: new ids are dealt out
 * beforehand, and the destination has neither constraints nor triggers any more (`forgetConstraints`). It is what the
 * comparison is tried on, and shares nothing with the engine.
 */
export async function copyNaively(sourceUrl: string, destinationUrl: string, application: string): Promise<void> {
  await betweenBoth(sourceUrl, destinationUrl, async (source, destination) => {
    const [from, to] = [await metamodelOf(source), await metamodelOf(destination)];
    const scope = await entitiesInScope(source.connection, from, [application]);
    const newIds = await dealIds(source, destination, from, to, scope);
    for (const key of scope) {
      const [own, other] = [from.entities.get(key)!, to.entities.get(key)!];
      const table = destination.tables.get(other.table!.toLowerCase())!;
      const shared = [...own.attributes.values()].filter((one) => other.attributes.has(one.key));
      const tenant = own.multiTenant ? ['TENANT_ID'] : [];
      const filled = neutralColumns(table, own, other);
      const columns = [
        ...shared.map((one) => other.attributes.get(one.key)!.column),
        ...filled.map((one) => one.column),
        ...tenant,
      ];
      const at = [...shared.map((one) => one.column), ...tenant].map((column) => columnOf(source, own, column));
      const rows = (await source.rowsOf(own.table!)).map((row) => {
        const values = shared.map((one, index) => {
          const value = row[at[index]!]!;
          if (value === null) return null;
          if (one.key === own.identifier) return newIds.get(key)!.get(value)!;
          return one.references === null ? value : translated(value, one.references, from, to, newIds);
        });
        const owner = own.multiTenant ? [meant('OSSYS_TENANT', row[at.at(-1)!]!, from, to)] : [];
        return [...values, ...filled.map((one) => one.value), ...owner];
      });
      // In the order of their ids.
      const identifier = own.identifier === null ? null : shared.findIndex((one) => one.key === own.identifier);
      if (identifier !== null) rows.sort((left, right) => Number(left[identifier]) - Number(right[identifier]));
      const bringsIds = identifier !== null && shared[identifier]!.isAutoNumber;
      await insertRows(destination.connection, table, columns, rows, bringsIds);
    }
  });
}

/** Accounts and groups that only the source has, as an administrator would create them by hand. */
export async function createPeopleNaively(sourceUrl: string, destinationUrl: string): Promise<void> {
  await betweenBoth(sourceUrl, destinationUrl, async (source, destination) => {
    for (const [name, called] of [
      ['OSSYS_USER', 'USERNAME'],
      ['OSSYS_GROUP', 'NAME'],
    ] as const) {
      const named = `SELECT t."NAME", p."${called}" FROM "${name}" p JOIN "OSSYS_TENANT" t ON t."ID" = p."TENANT_ID"`;
      const nameOf = ([tenant, own]: CellText[]) => `${tenant}/${own}`;
      const there = new Set((await destination.connection.arrays(named)).map(nameOf));
      const missing = (await source.connection.arrays(named)).filter((row) => !there.has(nameOf(row)));
      const tenants = new Map(
        (await destination.connection.arrays('SELECT "NAME", "ID" FROM "OSSYS_TENANT"')) as [string, string][],
      );
      const [[largest] = []] = await destination.connection.arrays(`SELECT max("ID") FROM "${name}"`);
      const rows = missing.map(([tenant, own], index) => [
        String(Number(largest) + 1 + index),
        tenants.get(tenant!)!,
        own!,
      ]);
      const table = destination.tables.get(name.toLowerCase())!;
      await insertRows(destination.connection, table, ['ID', 'TENANT_ID', called], rows, true);
    }
  });
}

/**
 * Processes and activities that only the source has, by label and name: what applications refer to, and nothing else of
 * them.
 */
export async function createInstancesNaively(sourceUrl: string, destinationUrl: string): Promise<void> {
  await betweenBoth(sourceUrl, destinationUrl, async ({ connection }, destination) => {
    const processes = destination.tables.get('ossys_bpm_process')!;
    const activities = destination.tables.get('ossys_bpm_activity')!;
    const labels = await connection.arrays('SELECT "LABEL" FROM "OSSYS_BPM_PROCESS"');
    await insertRows(destination.connection, processes, ['LABEL'], labels);
    const ids = new Map(
      (await destination.connection.arrays('SELECT "LABEL", "ID" FROM "OSSYS_BPM_PROCESS"')) as [string, string][],
    );
    const named = await connection.arrays(
      'SELECT p."LABEL", a."NAME" FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = a."PROCESS_ID"',
    );
    const rows = named.map(([label, name]) => [ids.get(label!)!, name!]);
    await insertRows(destination.connection, activities, ['PROCESS_ID', 'NAME'], rows);
  });
}

async function betweenBoth(
  sourceUrl: string,
  destinationUrl: string,
  work: (source: Reading, destination: Reading) => Promise<void>,
): Promise<void> {
  await onPlain(sourceUrl, (source) =>
    onPlain(destinationUrl, async (destination) => work(await beginReading(source), await beginReading(destination))),
  );
}

const columnOf = (reading: Reading, { table }: ComparedEntity, column: string) =>
  positionOf(reading.tables.get(table!.toLowerCase())!, column);

/** Inserts rows; `bringsIds`: with ids that the database would mint. */
async function insertRows(
  connection: PlainConnection,
  table: ComparedTable,
  columns: string[],
  rows: CellText[][],
  bringsIds = false,
): Promise<void> {
  const isBytes = columns.map((column) => /bytea|binary|image/.test(table.columns.get(column)!));
  const literal = (value: CellText, index: number) =>
    value === null ? 'NULL' : isBytes[index] ? dialect.bytes(value) : dialect.text(value);
  for (let at = 0; at < rows.length; at += rowsAtATime) {
    const values = rows.slice(at, at + rowsAtATime).map((row) => `(${row.map(literal).join(', ')})`);
    const insert = `INSERT INTO ${quotedName(table.name)} (${columns.map(quotedName).join()}) VALUES ${values.join()}`;
    await connection.run(bringsIds ? dialect.withIds(table.name, insert) : insert);
  }
}

type NewIds = Map<string, Map<string, string>>;

async function dealIds(
  source: Reading,
  destination: Reading,
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
    const position = columnOf(source, own, identifier.column);
    const rows = (await source.rowsOf(own.table!)).map((row) => row[position]!);
    if (identifier.isAutoNumber) rows.sort((left, right) => Number(left) - Number(right));
    const target = identifier.references === null ? null : from.entities.get(identifier.references)!;
    const targetIds = target?.kind === 'stored' ? await deal(target.key) : null;
    const there = identifier.isAutoNumber
      ? (await destination.rowsOf(other.table!)).map((row) =>
          Number(row[columnOf(destination, other, identifier.column)]),
        )
      : [];
    let next = identifier.isAutoNumber ? BigInt(Math.max(0, ...there)) + 100n : 0n;
    for (const id of rows) {
      if (targetIds) ids.set(id, targetIds.get(id)!);
      else if (target) ids.set(id, meant(target.table!, id, from, to)!);
      else ids.set(id, identifier.isAutoNumber ? String(next++) : id);
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

/** What only the destination has and has no default for, with the neutral value of its type. */
function neutralColumns(table: ComparedTable, own: ComparedEntity, other: ComparedEntity) {
  const extra = [...other.attributes.values()].filter((one) => !own.attributes.has(one.key)).map((one) => one.column);
  return extra
    .filter((column) => !table.withDefault.has(column))
    .map((column) => {
      const type = table.columns.get(column)!;
      return { column, value: /time/.test(type) ? '1900-01-01' : /char|text/.test(type) ? '' : '0' };
    });
}
