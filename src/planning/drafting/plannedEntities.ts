import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { PhysicalTable } from '../../database/port.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { sameName } from '../../outsystems/naming.ts';
import {
  type AlignedRows,
  type MatchedEntity,
  nameOf,
  type PhysicalEntity,
  type PlannedEntity,
  type PlannedReference,
  type UnplannedEntity,
  type WrittenEntity,
} from '../../plan/plan.ts';
import { countAll } from '../questions/counts.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Environments } from '../questions/request.ts';
import type { CountedDraft, DraftReference } from './draft.ts';
import { identifierType } from './draftIdentifier.ts';
import { alignedRows } from './draftPeople.ts';
import type { LeavableReferences } from './leavableReferences.ts';
import { uniqueIndexes, uniqueOnlyThere } from './uniqueIndexes.ts';

/** What the entities of a plan are made of. */
export interface EntityLayout {
  spec: MigrationSpec;
  /** They come first in the order. */
  matched: readonly MatchedEntity[];
  /** In the order of writing. */
  drafts: readonly CountedDraft[];
  /** Entities that should be copied and cannot be, with what they are in the destination. */
  unplanned: readonly { source: Entity; destination: Entity | null }[];
  deferred: ReadonlySet<DraftReference>;
  leavable: LeavableReferences;
}

/** What was decided on the rows of aligned entities. */
export interface AlignedPeople {
  /** Rows that were decided on, by entity. */
  rows: ReadonlyMap<EntityKey, number>;
  /** The users' own entity. */
  users: EntityKey;
  /** What becomes of rows that refer to users who are recreated; null where none is. */
  recreation: AlignedRows['recreation'];
}

/**
 * The entities of a plan, in its order.
 * @param people null as long as it is not decided what becomes of people. From then on an aligned entity without any
 * rows is no part of the plan, unless a copied one refers to it.
 */
export function plannedEntities(layout: EntityLayout, people: AlignedPeople | null): PlannedEntity[] {
  const { matched, drafts, unplanned } = layout;
  const superfluous = people === null ? new Set<CountedDraft>() : superfluousDrafts(drafts, people);
  const kept = drafts.filter((draft) => !superfluous.has(draft));
  const written = new Set([...kept.map(({ draft }) => draft.pair.key), ...unplanned.map(({ source }) => source.key)]);
  const [first, last] = [matched.length + 1, matched.length + kept.length + 1];
  return [
    ...matched,
    ...kept.map((draft, index) => planWritten(draft, first + index, { ...layout, written, people })),
    ...unplanned.map((entity, index) =>
      planUnplanned(entity, { order: last + index, component: matched.length + drafts.length + index }),
    ),
  ];
}

/** Drafts of aligned entities that have no rows, and that nothing refers to. */
function superfluousDrafts(drafts: readonly CountedDraft[], { rows }: AlignedPeople): Set<CountedDraft> {
  const copied = drafts.filter(({ draft }) => draft.people === null);
  const referred = new Set(copied.flatMap(({ draft }) => draft.references.map(({ target }) => target)));
  return new Set(
    drafts.filter(({ draft: { people, pair } }) => {
      return people !== null && (rows.get(pair.key) ?? 0) === 0 && !referred.has(pair.key);
    }),
  );
}

/** What a written entity needs to know of the plan around it. */
interface WritingPlan extends EntityLayout {
  /** Keys of the entities that the plan is to write. */
  written: ReadonlySet<EntityKey>;
  people: AlignedPeople | null;
}

/** The plan of a copied or an aligned entity. */
function planWritten({ draft, component, bound, rows }: CountedDraft, order: number, plan: WritingPlan): WrittenEntity {
  const { pair } = draft;
  const unique = draft.people === null ? uniqueIndexes(draft) : [];
  const references = draft.references.map((reference) => planReference(reference, plan));
  const waitsFor = references.filter(
    ({ deferred, target }) => !deferred && plan.written.has(target) && target !== pair.key,
  );
  const onlyThere = uniqueOnlyThere(draft);
  const planned = {
    key: pair.key,
    espace: pair.source.espace.name,
    entity: pair.source.name,
    ...(unique.length === 0 ? {} : { unique }),
    ...(draft.instances === null ? {} : { partOf: draft.instances.partOf }),
    order,
    component: plan.matched.length + component,
    rows: draft.people === null ? rows : (plan.people?.rows.get(pair.key) ?? 0),
    bound,
    columns: draft.columns,
    references,
    after: [...new Set(waitsFor.map(({ target }) => target))],
    differences: [
      ...draft.differences,
      ...onlyThere.map((columns) => `${columns} is unique in '${plan.spec.destination}' only`),
    ],
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
  const recreation = plan.people?.users === pair.key ? plan.people.recreation : null;
  return {
    ...planned,
    role: 'aligned',
    aligned: alignedRows(draft, draft.people, plan.spec, recreation),
    ...identified,
  };
}

function planReference(reference: DraftReference, { deferred, leavable }: EntityLayout): PlannedReference {
  const { attribute, target, targetName, rule, identifier, missing } = reference;
  const leftOut = leavable.get(reference);
  return {
    attribute,
    target,
    targetName,
    rule,
    identifier,
    deferred: deferred.has(reference),
    missing,
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

const physical = <Identifier extends string | null>(table: PhysicalTable, identifier: Identifier) => ({
  schema: table.schema,
  table: table.name,
  identifier,
});

/** The plan of an entity that should be copied and cannot be: the plan's findings say why. */
function planUnplanned(
  { source, destination }: EntityLayout['unplanned'][number],
  { order, component }: { order: number; component: number },
): UnplannedEntity {
  return {
    key: source.key,
    espace: source.espace.name,
    entity: source.name,
    role: 'unplanned',
    order,
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
  { source, destination }: Environments,
  keys: readonly EntityKey[],
): Promise<MatchedEntity[]> {
  const sides = keys.map((key) => ({
    key,
    here: sideOf(source.catalog, key),
    there: sideOf(destination.catalog, key),
  }));
  const byName = sides.sort(
    (left, right) => compare(nameOf(left.here), nameOf(right.here)) || compare(left.key, right.key),
  );
  return inParallel([...byName.entries()], async ([index, { key, here, there }]): Promise<MatchedEntity> => {
    return {
      key,
      espace: here.espace,
      entity: here.entity,
      role: 'matched',
      order: index + 1,
      component: index,
      source: here.table && physical(here.table, here.identifier?.name ?? null),
      destination: there.table && physical(there.table, there.identifier?.name ?? null),
      identifier: here.identifier === null ? 'none' : here.identifier.identity ? 'minted' : 'kept',
      identifierType: here.identifier && identifierType(here.identifier),
      rows: here.table === null ? 0 : await countAll(source.database, here.table),
      bound: null,
      columns: [],
      references: [],
      after: [],
      differences: [],
    };
  });
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
