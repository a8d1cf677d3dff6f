import { type Alignment, alignMatched } from '../alignment/alignMatched.ts';
import type { Decisions } from '../alignment/people/decisions.ts';
import { userTable } from '../alignment/people/peopleTables.ts';
import type { LedgerLine } from '../alignment/people/users.ts';
import { readTenants } from '../alignment/tenants.ts';
import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { MatchedMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { platformTarget, tenantTable } from '../outsystems/platform.ts';
import { type FindingLists, Findings } from '../plan/findings.ts';
import type { Conflicts, Estimate, Plan, PlannedEntity } from '../plan/plan.ts';
import { type ExcludedIds, type Exclusions, noExclusions } from '../processes/exclusions.ts';
import { processDefinitionTable } from '../processes/instanceTables.ts';
import { plannedEntities } from './drafting/plannedEntities.ts';
import { type PlannedEmptying, planEmptying } from './emptying/planEmptying.ts';
import { alignPlannedPeople, type PlannedPeople } from './people/alignPlannedPeople.ts';
import { type PlannedScope, planScope } from './planScope.ts';
import { findConflicts, type KnownIds } from './preflight/conflicts.ts';
import { estimateRun } from './preflight/estimate.ts';
import { type PlannedEvents, planEvents } from './preflight/eventQueues.ts';
import { checkInUse, watchGrowth } from './preflight/inUse.ts';
import { schemaDigests } from './preflight/schemaDigest.ts';
import { findUnmapped } from './preflight/unmappedReferences.ts';
import { referenceColumns } from './questions/referenceColumns.ts';
import type { EarlierRuns, Migration, PlanOutline, PlanRequest } from './questions/request.ts';
import { readEnvironments } from './readEnvironments.ts';

export interface PreparedMigration {
  plan: Plan;
  /** Id maps of the matched entities. */
  maps: MatchedMap[];
  /** What becomes of people and of what they are allowed, entity by entity. */
  decisions: Decisions[];
  /** Process instances that stay behind. */
  excluded: readonly ExcludedIds[];
  /** Process instances of the destination that are deleted first. */
  emptied: readonly string[];
  /** Users to be migrated, by name; for the operator's terminal and files only. */
  ledger: LedgerLine[];
}

/**
 * Plans a run: what it deletes, what it moves and in which order, which rows are matched, what becomes of people; the
 * plan holds the findings of all. Reads both environments and writes to neither.
 * @throws PlanningError for a spec that names what is not there; DatabaseError
 */
export async function prepareMigration(request: PlanRequest): Promise<PreparedMigration> {
  const migration: Migration = { spec: request.spec, ...(await readEnvironments(request)) };
  const emptying = await planEmptying(migration);
  const scope = await planScope(migration, request);
  const growth = await watchGrowth(migration, plannedEntities(scope.layout, null));
  const matched = await matchRows(migration, scope);
  const earlier = migratedBefore(request, emptying);
  const people = await planPeople(migration, { scope, matched, emptying, earlier });
  const entities = plannedEntities(scope.layout, people.aligned);
  const data: DataToMove = { entities, scope, matched, people, emptying, earlier };
  const events = await planEvents(migration, {
    entities,
    withProcesses: scope.processes !== null,
    emptied: emptying.tables ?? [],
  });
  const unmapped = await checkMatched(migration, data);
  const clashes = await checkConflicts(migration, data);
  const inUse = await checkInUse(migration.destination);
  const rowsAdded = await growth();
  const estimate = await estimateDuration(migration, entities);
  const journal = await checkEarlierRuns(request, data);
  const findings = new Findings().merge(
    scope.findings,
    matched.findings,
    people.findings,
    events.findings,
    unmapped,
    emptying.findings,
    clashes.findings,
    inUse,
    rowsAdded,
    journal,
  );
  const { conflicts } = clashes;
  return {
    plan: completePlan(migration, data, { events, conflicts, estimate, findings }),
    maps: mapsOf(data),
    decisions: people.decisions,
    excluded: scope.processes?.excluded ?? [],
    emptied: emptying.processes,
    ledger: people.ledger,
  };
}

/** The plan's parts that are neither entities nor people. */
interface PlanParts {
  events: PlannedEvents;
  conflicts: Conflicts[];
  estimate: Estimate | null;
  findings: FindingLists;
}

/** The plan as the journal keeps it: what there is nothing of is left out. */
function completePlan(migration: Migration, data: DataToMove, parts: PlanParts): Plan {
  const { scope, people, entities } = data;
  const { source, destination, emptied } = outlineOf(migration.spec, data);
  const { events, conflicts, estimate, findings } = parts;
  return {
    source,
    destination,
    entities,
    blocking: [...findings.blocking],
    warnings: [...findings.warnings],
    ...(scope.processes && { processes: scope.processes.summary }),
    ...(people.summary && { people: people.summary }),
    ...(emptied && { emptied }),
    ...(events.events.length > 0 && { events: events.events }),
    ...(events.queues.length > 0 && { queues: events.queues }),
    schema: schemaDigests(entities, migration),
    ...(conflicts.length > 0 && { conflicts }),
    ...(estimate && { estimate }),
  };
}

/** What was found of the data to be moved, before it is looked at row by row. */
interface DataToMove {
  entities: PlannedEntity[];
  scope: PlannedScope;
  matched: Alignment;
  people: PlannedPeople;
  emptying: PlannedEmptying;
  earlier: EarlierRuns['mapOf'];
}

/** Maps the rows of matched entities, and of those whose ids people or event tables hold. @throws DatabaseError */
function matchRows({ source, destination }: Migration, { layout, processes }: PlannedScope): Promise<Alignment> {
  const keyOf = (table: string) => platformTarget(source.catalog, table);
  const matched = layout.matched.map(({ key }) => key);
  // Event tables name espaces and processes, which no row of the scope may refer to.
  const ofEvents = processes === null ? [] : ['OSSYS_ESPACE', processDefinitionTable].map(keyOf);
  // People are known by tenant, whether or not the data is.
  const entities = new Set([...matched, keyOf(tenantTable), ...ofEvents]);
  entities.delete(keyOf(userTable));
  return alignMatched({ source, destination, entities: [...entities] });
}

/** @throws DatabaseError */
async function planPeople(
  migration: Migration,
  { scope, matched, emptying, earlier }: Omit<DataToMove, 'entities' | 'people'>,
): Promise<PlannedPeople> {
  return alignPlannedPeople(migration, {
    entities: plannedEntities(scope.layout, null),
    maps: matched.maps,
    tenants: await readTenants(migration.source),
    exclusions: exclusionsOf(scope),
    emptied: emptying.emptied,
    mapOf: earlier,
  });
}

/** What earlier runs brought to the destination counts for nothing where all of it is deleted. */
function migratedBefore({ earlier }: PlanRequest, emptying: PlannedEmptying): EarlierRuns['mapOf'] {
  const emptied = emptiedEntities(emptying);
  return async (entity) => (earlier === undefined || emptied.has(entity) ? null : earlier.mapOf(entity));
}

/** Entities of which nothing stays in the destination. */
function emptiedEntities({ tables }: PlannedEmptying): Set<EntityKey> {
  return new Set((tables ?? []).filter(({ instances }) => instances === undefined).map(({ key }) => key));
}

const exclusionsOf = ({ processes }: PlannedScope): Exclusions => processes?.exclusions ?? noExclusions;

const mapsOf = ({ matched, people }: DataToMove): MatchedMap[] => [...matched.maps, ...people.maps];

/** References to rows without a counterpart, of targets that are not refused as a whole. @throws DatabaseError */
function checkMatched({ source }: Migration, data: DataToMove): Promise<Findings> {
  const { entities, scope, people } = data;
  const targets = new Set(scope.layout.matched.map(({ key }) => key));
  const refused = new Set(people.findings.blocking.map(({ entity }) => entity));
  const columns = referenceColumns(entities, targets, exclusionsOf(scope));
  return findUnmapped(
    source.database,
    columns.filter(({ reference }) => !refused.has(reference.targetName)),
    mapsOf(data),
  );
}

/** Rows to come that the destination would not let in; rows are compared in temporary tables. @throws DatabaseError */
async function checkConflicts(
  { spec, source, destination }: Migration,
  data: DataToMove,
): Promise<{ findings: Findings; conflicts: Conflicts[] }> {
  if (!(await destination.database.mayStage())) return { findings: new Findings(), conflicts: [] };
  return findConflicts(
    {
      spec,
      source: source.database,
      destination: destination.database,
      knownIds: await knownIds(data),
      exclusions: exclusionsOf(data.scope),
      emptied: emptiedEntities(data.emptying),
    },
    data.entities,
  );
}

/** Ids whose counterparts stand in the destination already, by what alignment found and by what earlier runs mapped. */
async function knownIds(data: DataToMove): Promise<KnownIds> {
  const maps = new Map<EntityKey, Pick<IdMap, 'get'>>();
  for (const { entity, pairs } of mapsOf(data)) maps.set(entity, new Map(pairs));
  for (const { entity, matched, updated } of data.people.decisions) {
    maps.set(entity, new Map([...matched, ...updated]));
  }
  for (const { key, role } of data.entities) {
    const migrated = role === 'copied' || role === 'unplanned' ? await data.earlier(key) : null;
    if (migrated !== null) maps.set(key, migrated);
  }
  return (target) => maps.get(target);
}

/** What the plan moves and deletes. */
function outlineOf(spec: MigrationSpec, { entities, emptying: { tables } }: DataToMove): PlanOutline {
  return { source: spec.source, destination: spec.destination, entities, ...(tables && { emptied: tables }) };
}

/** What the journal adds, where there is one. @throws DatabaseError */
async function checkEarlierRuns({ spec, earlier }: PlanRequest, data: DataToMove): Promise<FindingLists> {
  return earlier === undefined ? new Findings() : earlier.findingsOn(outlineOf(spec, data));
}

/** Rows are measured in a temporary table. @throws DatabaseError */
async function estimateDuration(migration: Migration, entities: readonly PlannedEntity[]): Promise<Estimate | null> {
  return (await migration.destination.database.mayStage()) ? estimateRun(migration, entities) : null;
}
