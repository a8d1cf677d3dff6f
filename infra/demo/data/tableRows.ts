import { staleColumns } from '../schema/applicationTables.ts';
import { type EntityDescription, entityName } from '../schema/description.ts';
import { activeAttributes, identifierName, physicalColumnName, recordId } from '../schema/environments.ts';
import { entityNamed } from '../schema/factory.ts';
import type { ColumnType, TableDescription, Value } from '../schema/tables.ts';
import { catalogRows } from './catalogRows.ts';
import { customerRows } from './customerRows.ts';
import { fulfilmentRows } from './fulfilmentRows.ts';
import { seededRandom } from './random.ts';
import { salesRows } from './salesRows.ts';
import { mixed, type RowGenerator, someDay, someText, type World } from './world.ts';

const generators: Record<string, RowGenerator> = { ...customerRows, ...catalogRows, ...salesRows, ...fulfilmentRows };

/** Rows per `Espace.Entity` when the largest entity has `size` rows; `empty` names those that get none. */
export function rowCounts(size: number, empty: readonly string[] = []): Map<string, number> {
  return new Map(
    Object.entries(generators).map(([name, generator]) => [name, empty.includes(name) ? 0 : generator.count(size)]),
  );
}

/** The rows of one entity's table, values in the order of `table.columns`. */
export function* entityRows(world: World, described: EntityDescription, table: TableDescription): Generator<Value[]> {
  if (described.kind === 'staticEntity') {
    yield* recordRows(world, described, table);
    return;
  }
  const name = entityName(described);
  const generator = generators[name];
  if (!generator) throw new Error(`The demo data has no rows for ${name}.`);
  const random = seededRandom(world.seed, `${world.environment.name} ${name}`);
  const make = generator.rows(world, random);
  const ids = described.identifier ? world.ids(name) : null;
  const sources = columnSources(world, described, table);
  const onlyHere = onlyHereValues(world, described);
  const count = world.count(name);
  for (let index = 0; index < count; index++) {
    const values = make(index);
    yield sources.map(({ attribute, stale }) => {
      if (stale) return staleValue(stale, index);
      if (attribute === null) return ids![index]!;
      const value = values[attribute];
      return value === undefined ? (onlyHere.get(attribute)?.() ?? null) : value;
    });
  }
}

/** For each column: the attribute it comes from (null: the identifier), or its type where nothing active owns it. */
function columnSources(world: World, described: EntityDescription, table: TableDescription) {
  const { environment } = world;
  const attributes = new Map<string, string | null>(
    activeAttributes(environment, described).map((one) => [
      physicalColumnName(environment, described, one.name),
      one.name,
    ]),
  );
  if (described.identifier) attributes.set(identifierName(described).toUpperCase(), null);
  attributes.set('TENANT_ID', 'TENANT_ID');
  const stale = new Map(staleColumns(environment, described).map((one) => [one.name, one.type]));
  return table.columns.map((column) => ({
    attribute: attributes.get(column.name) ?? null,
    stale: stale.get(column.name) ?? null,
  }));
}

/**
 * Values of attributes that only the destination has. What only the source has stays empty, so that it does not block.
 */
function onlyHereValues(world: World, described: EntityDescription): Map<string, () => Value> {
  if (world.environment.name === 'production') return new Map();
  const random = seededRandom(world.seed, `${entityName(described)} only here`);
  const extra = world.environment.history[entityName(described)]?.onlyHere ?? [];
  return new Map(
    extra.map((one) => [
      one.name,
      () => {
        if (one.type === 'rtText') return someText(random, world.texts.firstNames, one.length);
        return one.type === 'rtDate' ? someDay(random) : mixed(random, 0, () => random.below(90));
      },
    ]),
  );
}

function staleValue(type: ColumnType, index: number): Value {
  if (index % 3 === 0) return null;
  if (type.kind === 'text') return `stale ${index}`;
  return type.kind === 'binary' ? Uint8Array.of(index % 256) : index;
}

function* recordRows(world: World, described: EntityDescription, table: TableDescription): Generator<Value[]> {
  const { environment } = world;
  const active = described.records.filter((one) => !one.deleted);
  const rows = active.map((one, position) => {
    const values = new Map<string, Value>([
      [identifierName(described).toUpperCase(), recordId(environment, described, one)],
      ['LABEL', one.name],
      ['ORDER', position + 1],
      ['IS_ACTIVE', true],
    ]);
    for (const attribute of described.attributes) {
      const value = one.values[attribute.name];
      if (value === undefined) continue;
      const column = physicalColumnName(environment, described, attribute.name);
      if (typeof value !== 'object' || value === null) values.set(column, value);
      else if (typeof attribute.type === 'object') {
        const target = entityNamed(attribute.type.references);
        const cited = target.records.find((record) => record.name === value.record && !record.deleted);
        if (!cited) throw new Error(`${entityName(described)}.${one.name} cites ${value.record}, which is not there.`);
        values.set(column, recordId(environment, target, cited));
      }
    }
    return table.columns.map((column) => values.get(column.name) ?? null);
  });
  yield* rows;
}

/** A few rows for a table that nothing active owns. */
export function* leftoverRows(table: TableDescription): Generator<Value[]> {
  for (let index = 0; index < 12; index++) {
    yield table.columns.map((column) => {
      if (column.identity) return index + 1;
      return column.type.kind === 'dateTime' ? '2018-02-03 04:05:06' : staleValue(column.type, index);
    });
  }
}
