import { alignMatched } from '../alignment/alignMatched.ts';
import { idsOfRows } from '../alignment/idsReferredTo.ts';
import type { Decisions } from '../alignment/people/decisions.ts';
import { userTable } from '../alignment/people/peopleTables.ts';
import type { LedgerLine } from '../alignment/people/users.ts';
import { readTenants } from '../alignment/tenants.ts';
import type { Database } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { integer, text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { MatchedMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { platformTarget, tenantTable } from '../outsystems/platform.ts';
import { Findings } from '../plan/findings.ts';
import { nameOf, type Plan } from '../plan/plan.ts';
import { type ExcludedIds, noExclusions } from '../processes/exclusions.ts';
import { processDefinitionTable } from '../processes/instanceTables.ts';
import { destinationReferences } from './drafting/destinationReferences.ts';
import { type PlannedEmptying, planEmptying } from './emptying/planEmptying.ts';
import { alignPlannedPeople } from './people/alignPlannedPeople.ts';
import { asPlanningError, planWithCatalogs, readCatalogs } from './planMigration.ts';
import { findConflicts, type KnownIds } from './preflight/conflicts.ts';
import { estimateRun } from './preflight/estimate.ts';
import { planEvents } from './preflight/eventQueues.ts';
import { checkInUse, watchGrowth } from './preflight/inUse.ts';
import { addMissingReference } from './preflight/missingReferences.ts';
import { schemaDigests } from './preflight/schemaDigest.ts';
import { inParallel } from './questions/parallel.ts';
import { type PlannedReferenceColumn, referenceColumns } from './questions/referenceColumns.ts';
import type { Catalogs, PlanRequest } from './questions/request.ts';

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
 * Plans a run, matches the rows of its matched entities and decides what becomes of people; the plan then holds the
 * findings of all. Reads both environments and writes to neither.
 * @throws PlanningError for a spec that names what is not there; DatabaseError
 */
export async function prepareMigration(given: PlanRequest): Promise<PreparedMigration> {
  const catalogs = await readCatalogs(given);
  const emptying = await plannedEmptying(given, catalogs);
  const request = emptying === null ? given : withoutEmptied(given, emptying);
  const { plan: planned, chosen } = await planWithCatalogs(request, catalogs);
  const whatCame = await watchGrowth(request, planned.entities);
  const exclusions = chosen?.exclusions ?? noExclusions;
  const matchedKeys = planned.entities.filter(({ role }) => role === 'matched').map(({ key }) => key);
  const source = { database: request.source, catalog: catalogs.source };
  const destination = { database: request.destination, catalog: catalogs.destination };
  // People are known by tenant, whether or not the data is.
  const userKey = platformTarget(catalogs.source, userTable);
  const tenantKey = platformTarget(catalogs.source, tenantTable);
  // Event tables name espaces and processes, which no row of the scope may refer to.
  const named = ['OSSYS_ESPACE', processDefinitionTable].map((table) => platformTarget(catalogs.source, table));
  const alignment = await alignMatched({
    source,
    destination,
    entities: [...new Set([...matchedKeys, tenantKey, ...(chosen === null ? [] : named)])].filter(
      (key) => key !== userKey,
    ),
  });
  const people = await alignPlannedPeople({
    request,
    catalogs,
    plan: planned,
    maps: alignment.maps,
    tenants: await readTenants(source),
    exclusions,
    emptied: emptying?.emptied ?? new Map(),
  });
  const emptied = emptying === null ? {} : { emptied: emptying.tables };
  const aligned: Plan = { ...people.plan, ...emptied };
  const { events, queues, findings: ofEvents } = await planEvents(request, catalogs, aligned);
  const plan = {
    ...aligned,
    ...(events.length === 0 ? {} : { events }),
    ...(queues.length === 0 ? {} : { queues }),
  };
  const columns = referenceColumns(plan, new Set(matchedKeys), exclusions);
  const blockedEntities = new Set(people.findings.blocking.map(({ entity }) => entity));
  const open = columns.filter(({ reference }) => !blockedEntities.has(reference.targetName));
  const maps = [...alignment.maps, ...people.maps];
  const unmapped = await findUnmapped(request.source, open, maps);
  const findings = new Findings().merge(
    plan,
    alignment.findings,
    people.findings,
    ofEvents,
    unmapped,
    emptying?.findings ?? keptThough(request),
  );
  const { findings: ofIndexes, conflicts } = (await request.destination.mayStage())
    ? await findConflicts(
        {
          ...request,
          knownIds: await knownIds(request, plan, maps, people.decisions),
          exclusions,
          emptied: wholly(plan),
        },
        plan.entities,
      )
    : { findings: new Findings(), conflicts: [] };
  findings.merge(ofIndexes, await checkInUse(request, catalogs), await whatCame());
  const schema = schemaDigests(plan.entities, catalogs);
  const estimate = (await request.destination.mayStage())
    ? await estimateRun(request.source, request.destination, plan)
    : null;
  return {
    plan: {
      ...plan,
      blocking: findings.blocking,
      warnings: findings.warnings,
      schema,
      ...(conflicts.length === 0 ? {} : { conflicts }),
      ...(estimate === null ? {} : { estimate }),
    },
    maps,
    decisions: people.decisions,
    excluded: chosen?.excluded ?? [],
    emptied: emptying?.processes ?? [],
    ledger: people.ledger,
  };
}

async function plannedEmptying(request: PlanRequest, catalogs: Catalogs) {
  if (request.spec.destinationData !== 'delete') return null;
  const referring = await destinationReferences(request, catalogs);
  return asPlanningError(() => planEmptying(request, catalogs, referring));
}

/** Names under `alsoDelete` mean nothing where nothing is deleted. */
function keptThough({ spec: { alsoDelete, destinationData } }: PlanRequest): Findings {
  const findings = new Findings();
  if (alsoDelete.length > 0) findings.add('nothing-deleted', { named: alsoDelete, destinationData });
  return findings;
}

/** What earlier runs brought there counts for nothing where it is deleted. */
function withoutEmptied(request: PlanRequest, { tables }: PlannedEmptying): PlanRequest {
  const gone = new Set(tables.filter(({ instances }) => instances === undefined).map(({ key }) => key));
  const { known } = request;
  if (known === undefined) return request;
  return { ...request, known: async (entity) => (gone.has(entity) ? null : known(entity)) };
}

/** Entities of the plan of which nothing stays. */
const wholly = ({ emptied = [] }: Plan): Set<EntityKey> =>
  new Set(emptied.filter(({ instances }) => instances === undefined).map(({ key }) => key));

/** Ids whose counterparts stand in the destination already, by what alignment found and by what earlier runs mapped. */
async function knownIds(
  request: PlanRequest,
  plan: Plan,
  maps: readonly MatchedMap[],
  decisions: readonly Decisions[],
): Promise<KnownIds> {
  const known = new Map<EntityKey, Pick<IdMap, 'get'>>(maps.map(({ entity, pairs }) => [entity, new Map(pairs)]));
  for (const { entity, matched, updated } of decisions) known.set(entity, new Map([...matched, ...updated]));
  for (const { key, role } of plan.entities) {
    const earlier = role === 'copied' || role === 'unplanned' ? await request.known?.(key) : null;
    if (earlier) known.set(key, earlier);
  }
  return (target) => known.get(target);
}

/**
 * References to rows of matched entities that have no counterpart in the destination (trap 32: a static record that is
 * gone). Entities without a map (left-out producers) are not looked at.
 */
async function findUnmapped(
  source: Database,
  columns: readonly PlannedReferenceColumn[],
  maps: readonly MatchedMap[],
): Promise<Findings> {
  const mapped = new Map(maps.map(({ entity, pairs }) => [entity, new Set(pairs.map(([id]) => id))]));
  const findings = new Findings();
  const counted = await inParallel(
    columns.filter(({ target }) => mapped.has(target)),
    async ({ entity, reference, ...given }) => {
      const { table, column, target, typed, behind } = given;
      const value = sql.id(column);
      const known = mapped.get(target)!;
      if (typed !== undefined || behind !== undefined) {
        let rows = 0;
        for await (const id of idsOfRows(source, given)) if (!known.has(id)) rows += 1;
        return { entity, reference, rows };
      }
      if (known.size === 0) {
        // Perhaps as many ids as rows, and none of them is mapped.
        const { total } = await queryOne(
          source,
          sql`select ${sql.countOfRows} as total from ${sql.table(table)}
            where ${value} is not null and cast(${value} as varchar(50)) not in ('', '0')`,
          { total: integer },
        );
        return { entity, reference, rows: total };
      }
      const rows = await source.query(
        sql`select ${value} as id, ${sql.countOfRows} as total from ${sql.table(table)}
          where ${value} is not null group by ${value}`,
        { id: text, total: integer },
      );
      const unknown = rows.filter(({ id }) => id !== '0' && id !== '' && !known.has(id));
      return { entity, reference, rows: unknown.reduce((sum, { total }) => sum + total, 0) };
    },
  );
  for (const { entity, reference, rows } of counted) {
    addMissingReference(findings, reference, { entity: nameOf(entity), rows, why: 'no counterpart' });
  }
  return findings;
}
