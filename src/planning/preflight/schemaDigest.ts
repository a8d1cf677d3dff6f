import { createHash } from 'node:crypto';
import type { PhysicalTable } from '../../database/port.ts';
import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { undescribedTable } from '../../outsystems/platform.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Environments } from '../questions/request.ts';

/**
 * What a plan was made of, of each entity that it writes: the physical tables and the attributes of both sides, in a
 * few characters that change when anything of them does.
 */
export function schemaDigests(
  entities: readonly Pick<Plan['entities'][number], 'key' | 'role'>[],
  { source, destination }: Environments,
): Record<EntityKey, string> {
  const written = entities.filter(({ role }) => role !== 'matched').map(({ key }) => key);
  const sides = [source, destination].map(({ catalog }) => ({
    catalog,
    entities: new Map(catalog.entities.map((entity) => [entity.key, entity])),
  }));
  return Object.fromEntries(
    written.map((key) => {
      const described = sides.map((side) => describe(side.catalog, side.entities.get(key), key));
      return [key, createHash('sha256').update(JSON.stringify(described)).digest('hex').slice(0, 16)];
    }),
  );
}

function describe({ platformTables }: EnvironmentCatalog, entity: Entity | undefined, key: EntityKey) {
  const undescribed = undescribedTable(key);
  const table = entity?.table ?? (undescribed === null ? undefined : platformTables.get(undescribed));
  return { table: table ? physical(table) : null, attributes: (entity?.attributes ?? []).map(logical).sort() };
}

const physical = ({ schema, name, columns, primaryKey, foreignKeys, indexes }: PhysicalTable) => ({
  schema,
  name,
  columns: columns.map(({ name: column, type, nullable, identity, computed }) =>
    JSON.stringify([column, type, nullable, identity, computed]),
  ),
  primaryKey,
  foreignKeys: foreignKeys.map((one) => JSON.stringify([one.column, one.target, one.onDelete, one.enabled])).sort(),
  unique: indexes
    .filter(({ unique }) => unique)
    .map((index) => JSON.stringify(index.columns))
    .sort(),
});

const logical = ({ key, type, deleteRule, column }: Attribute) => JSON.stringify([key, type, deleteRule, column?.name]);
