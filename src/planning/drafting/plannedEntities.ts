import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Database, PhysicalTable } from '../../database/port.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { sameName } from '../../outsystems/naming.ts';
import type { PhysicalEntity, PlannedEntity, UnplannedEntity, WrittenEntity } from '../../plan/plan.ts';
import { nameOf } from '../../plan/plan.ts';
import { countAll } from '../questions/counts.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Draft } from './draft.ts';
import { identifierType } from './draftIdentifier.ts';
import { alignedRows } from './draftPeople.ts';
import { uniqueIndexes } from './uniqueIndexes.ts';

/**
 * The plan of a copied or an aligned entity. `order` is given when all entities are known, what alignment finds when it
 * has been done.
 * @param written keys of the entities that the run writes.
 */
export function planWritten(
  draft: Draft,
  facts: { component: number; bound: string | null; rows: number },
  written: ReadonlySet<EntityKey>,
  spec: MigrationSpec,
): WrittenEntity {
  const { pair } = draft;
  const after = draft.references
    .filter(({ deferred, target }) => !deferred && written.has(target) && target !== pair.key)
    .map(({ target }) => target);
  const planned = {
    key: pair.key,
    espace: pair.source.espace.name,
    entity: pair.source.name,
    ...(uniqueIndexes(draft).length === 0 || draft.people !== null ? {} : { unique: uniqueIndexes(draft) }),
    ...(draft.instances === null ? {} : { partOf: draft.instances.partOf }),
    order: 0,
    component: facts.component,
    rows: facts.rows,
    bound: facts.bound,
    columns: draft.columns,
    references: draft.references.map(
      ({ column: _column, deferrable: _deferrable, typed: _typed, ...reference }) => reference,
    ),
    after: [...new Set(after)],
    differences: draft.differences,
  };
  if (draft.identifier === 'none') {
    // The metamodel's tables of people have identifiers in every version.
    if (draft.people !== null) throw new Error(`${draft.name} has no identifier`);
    const tables = { source: physical(draft.source, null), destination: physical(draft.destination, null) };
    return { ...planned, role: 'copied', identifier: 'none', identifierType: null, ...tables };
  }
  const identified = {
    identifier: draft.identifier,
    identifierType: draft.identifierType,
    source: physical(draft.source, draft.identifierColumns.source.name),
    destination: physical(draft.destination, draft.identifierColumns.destination.name),
  };
  if (draft.people === null) return { ...planned, role: 'copied', ...identified };
  return { ...planned, role: 'aligned', aligned: alignedRows(draft, draft.people, spec.users), ...identified };
}

const physical = <Identifier extends string | null>(table: PhysicalTable, identifier: Identifier) => ({
  schema: table.schema,
  table: table.name,
  identifier,
});

/** The plan of an entity that should be copied and cannot be: the plan's findings say why. */
export function planWithoutDraft(source: Entity, destination: Entity | null, component: number): UnplannedEntity {
  return {
    key: source.key,
    espace: source.espace.name,
    entity: source.name,
    role: 'unplanned',
    order: 0,
    component,
    source: physicalOf(source),
    destination: destination && physicalOf(destination),
    identifier: 'none',
    identifierType: null,
    rows: 0,
    bound: null,
    columns: [],
    references: [],
    after: [],
    differences: [],
  };
}

function physicalOf({ table, identifier }: Entity): PhysicalEntity | null {
  return table && physical(table, identifier?.column?.name ?? null);
}

/**
 * Plans of matched entities, by name: static ones, platform tables (also such as no entity describes), and application
 * entities that are left out.
 * @throws DatabaseError
 */
export async function planMatched(
  database: Database,
  catalogs: { source: EnvironmentCatalog; destination: EnvironmentCatalog },
  keys: readonly EntityKey[],
): Promise<PlannedEntity[]> {
  const found = keys.map((key) => ({
    key,
    source: sideOf(catalogs.source, key),
    destination: sideOf(catalogs.destination, key),
  }));
  const named = found.sort(
    (left, right) => compare(nameOf(left.source), nameOf(right.source)) || compare(left.key, right.key),
  );
  return inParallel(
    named.map((one, index) => ({ ...one, index })),
    async ({ key, source, destination, index }): Promise<PlannedEntity> => ({
      key,
      espace: source.espace,
      entity: source.entity,
      role: 'matched',
      order: 0,
      component: index,
      source: source.table && physical(source.table, source.identifier?.name ?? null),
      destination: destination.table && physical(destination.table, destination.identifier?.name ?? null),
      identifier: source.identifier === null ? 'none' : source.identifier.identity ? 'minted' : 'kept',
      identifierType: source.identifier && identifierType(source.identifier),
      rows: source.table === null ? 0 : await countAll(database, source.table),
      bound: null,
      columns: [],
      references: [],
      after: [],
      differences: [],
    }),
  );
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

/** An entity, or a platform table under the key that stands for it, in one environment. */
function sideOf(catalog: EnvironmentCatalog, key: EntityKey) {
  const entity = catalog.entities.find((one) => one.key === key);
  const [owner, half] = key.split('*') as [string, string];
  const table = entity ? entity.table : (catalog.platformTables.get(half.toUpperCase()) ?? null);
  const idColumn = table?.columns.find((column) => sameName(column.name, 'ID')) ?? null;
  const isPlatform = entity === undefined || entity.kind === 'platform';
  return {
    espace: entity?.espace.name ?? owner,
    entity: entity?.name ?? half.toUpperCase(),
    table,
    identifier: entity?.identifier?.column ?? (isPlatform ? idColumn : null),
  };
}
