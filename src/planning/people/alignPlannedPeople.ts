import { alignPeople, type PeopleAlignment } from '../../alignment/people/alignPeople.ts';
import { type Decisions, decidedIds } from '../../alignment/people/decisions.ts';
import {
  groupTable,
  groupUserTable,
  peopleTables,
  userRoleTable,
  userTable,
} from '../../alignment/people/peopleTables.ts';
import { findHanging, type Hanging } from '../../alignment/people/recreation.ts';
import type { LedgerLine } from '../../alignment/people/users.ts';
import { missingTenants, type Tenant } from '../../alignment/tenants.ts';
import type { MatchedMap } from '../../identity/mapStore.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { sameName } from '../../outsystems/naming.ts';
import { platformTarget, tenantTable } from '../../outsystems/platform.ts';
import { espacesInScope } from '../../outsystems/scope.ts';
import { Findings } from '../../plan/findings.ts';
import type { ColumnOf, KeyedTable, Plan, PlannedEntity } from '../../plan/plan.ts';
import { nameOf, publicRole } from '../../plan/plan.ts';
import type { PeopleSummary } from '../../plan/summaries.ts';
import type { Exclusions } from '../../processes/exclusions.ts';
import { destinationReferences } from '../drafting/destinationReferences.ts';
import type { Emptied } from '../emptying/candidates.ts';
import { checkIdentityPositions } from '../preflight/identityPositions.ts';
import { checkWritable, type NeededRights, type Operation } from '../preflight/rights.ts';
import { referenceColumns } from '../questions/referenceColumns.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';

interface PlannedPeople {
  /** With what was decided: rows of the aligned entities, those without any left out. */
  plan: Plan;
  decisions: Decisions[];
  /** Id map of the users, where people are only matched. */
  maps: MatchedMap[];
  ledger: LedgerLine[];
  findings: Findings;
}

/**
 * Decides what becomes of the people whom the plan's data refers to, and checks that the destination allows it.
 * @throws DatabaseError
 */
export async function alignPlannedPeople(given: {
  request: PlanRequest;
  catalogs: Catalogs;
  plan: Plan;
  maps: readonly MatchedMap[];
  tenants: ReadonlyMap<string, Tenant>;
  exclusions: Exclusions;
  /** What is deleted before people are written. */
  emptied: Emptied;
}): Promise<PlannedPeople> {
  const { request, catalogs, plan, maps, tenants, exclusions } = given;
  const { spec } = request;
  const source = { database: request.source, catalog: catalogs.source };
  const destination = { database: request.destination, catalog: catalogs.destination };
  const findings = new Findings();
  const entities = peopleOf(plan, catalogs);
  const tenantKey = platformTarget(catalogs.source, tenantTable);
  const tenantMap = maps.find(({ entity }) => entity === tenantKey);
  const targets = [...entities.values()].map(({ key }) => key);
  let alignment: PeopleAlignment | null = null;
  // Names are compared in a temporary table; where there may be none, the plan says so already.
  if (entities.has(userTable) && (await request.destination.mayStage())) {
    const roles = maps.find(({ entity }) => entity === platformTarget(catalogs.source, 'OSSYS_ROLE'));
    alignment = await alignPeople({
      source,
      destination,
      strategy: spec.users,
      mustBeThere: spec.missingReferences === 'fail',
      entities: new Map([...entities].map(([table, entity]) => [table, { key: entity.key, name: nameOf(entity) }])),
      references: referenceColumns(plan, new Set(targets), exclusions),
      tenants: { rows: tenants, map: new Map(tenantMap?.pairs) },
      roles: new Map(roles?.pairs),
      espaces: espacesOf(plan, catalogs, spec),
      known: request.known ?? (async () => null),
    });
    findings.merge(alignment.findings);
  }
  if (tenantMap !== undefined) {
    const name = plan.entities.find(({ key }) => key === tenantKey);
    const columns = referenceColumns(plan, new Set([tenantKey]), exclusions);
    const used = alignment?.tenants ?? [];
    if (name !== undefined || alignment !== null) {
      const label = name === undefined ? tenantTable : nameOf(name);
      findings.merge(await missingTenants(source, destination, tenantMap, label, columns, tenants, used));
    }
  }
  if (alignment === null) return { plan, decisions: [], maps: [], ledger: [], findings };
  const { decisions, ledger, summary } = alignment;
  if (spec.users === 'match') {
    const [users] = decisions;
    const map: MatchedMap = { entity: users!.entity, type: 'integer', pairs: users!.matched, partial: true };
    return { plan: { ...plan, people: summary }, decisions: [], maps: [map], ledger, findings };
  }
  const recreation = await checkRecreation(given, decisions, entities, findings);
  await checkRights(request, entities, decisions, recreation, findings);
  return { plan: withDecisions(plan, decisions, entities, summary, recreation), decisions, maps: [], ledger, findings };
}

/** A table of people that both environments have. */
type PeopleEntity = PlannedEntity & { source: KeyedTable; destination: KeyedTable };

const isThereTwice = (entity: PlannedEntity): entity is PeopleEntity =>
  entity.source?.identifier != null && entity.destination?.identifier != null;

/** Entities of the plan that are people's tables, by upper-case table name. */
function peopleOf(plan: Plan, { source }: Catalogs): Map<string, PeopleEntity> {
  const found = new Map<string, PeopleEntity>();
  for (const { table } of peopleTables) {
    const key = platformTarget(source, table);
    const entity = plan.entities.find((planned) => planned.key === key);
    // Groups that are only matched are no people to decide on.
    if (entity?.role === 'aligned') found.set(table, entity);
    else if (table === userTable && entity !== undefined && isThereTwice(entity)) found.set(table, entity);
  }
  return found;
}

/** The scope's own espaces and those whose entities are copied along. */
function espacesOf(plan: Plan, { source }: Catalogs, spec: PlanRequest['spec']) {
  const owners = new Map(source.entities.map(({ key, espace }) => [key, espace]));
  const inScope = [
    ...espacesInScope(source, spec.scope),
    ...plan.entities.filter((entity) => publicRole(entity) === 'copied').flatMap(({ key }) => owners.get(key) ?? []),
  ];
  const espaces = source.espaces.filter(({ kind }) => kind === 'espace');
  return {
    names: new Map(espaces.map(({ id, name }) => [id, name])),
    inScope: new Set(inScope.filter(({ kind }) => kind === 'espace').map(({ id }) => id)),
  };
}

/** Columns that the copy deletes or repoints by; null where no user is recreated. */
type RecreationColumns = { deleted: ColumnOf[]; repointed: ColumnOf[] } | null;

/** `recreate` deletes what hangs on a user only where the rules allow it, and nothing outside the scope. */
async function checkRecreation(
  { request, catalogs, plan, emptied }: Parameters<typeof alignPlannedPeople>[0],
  decisions: readonly Decisions[],
  entities: ReadonlyMap<string, PeopleEntity>,
  findings: Findings,
): Promise<RecreationColumns> {
  const users = entities.get(userTable)!;
  const recreated = decisions.find(({ entity }) => entity === users.key)!.recreated.map(([, id]) => id);
  if (recreated.length === 0) return null;
  const copied = new Set(plan.entities.filter((entity) => publicRole(entity) === 'copied').map(({ key }) => key));
  const mayGo = async (key: EntityKey) => copied.has(key) && ((await request.known?.(key))?.size ?? 0) === 0;
  const destination = { database: request.destination, catalog: catalogs.destination };
  const referring = await destinationReferences(request, catalogs);
  const hanging = await findHanging(destination, recreated, { referring, mayGo, emptied });
  const facts = { entity: nameOf(users), users: recreated.length, there: plan.destination };
  const told = (hangingRows: readonly Hanging[]) =>
    hangingRows.map(({ name, table, column, rows }) => ({ name, rows, table: table.name, column }));
  if (hanging.refused.length > 0) {
    findings.add('recreate-refused', { ...facts, hanging: told(hanging.refused) });
  }
  if (hanging.deleted.length > 0) {
    findings.add('recreate-deletes', { ...facts, hanging: told(hanging.deleted) });
  }
  const place = ({ table: { schema, name }, column }: Hanging): ColumnOf => ({ schema, table: name, column });
  const links = hanging.deleted.filter(({ table: { name } }) =>
    [userRoleTable, groupUserTable].some((link) => sameName(link, name)),
  );
  return { deleted: links.map(place), repointed: hanging.repointed.map(place) };
}

/** What is really written of people's tables needs the right to it (common in the cloud; docs/metamodel.md §6). */
async function checkRights(
  { destination }: PlanRequest,
  entities: ReadonlyMap<string, PeopleEntity>,
  decisions: readonly Decisions[],
  recreation: RecreationColumns,
  findings: Findings,
): Promise<void> {
  const needed: NeededRights[] = [];
  const inserted: PeopleEntity[] = [];
  for (const [table, entity] of entities) {
    const ofEntity = decisions.find((one) => one.entity === entity.key);
    if (ofEntity === undefined) continue;
    const { created, updated, recreated } = ofEntity;
    const operations = new Set<Operation>();
    if (created.length + recreated.length > 0) operations.add('INSERT');
    if (updated.length > 0) operations.add('UPDATE');
    if (recreated.length > 0) operations.add('DELETE');
    if (recreation?.deleted.some((column) => sameName(column.table, table))) operations.add('DELETE');
    if (recreation?.repointed.length && table === groupTable) operations.add('UPDATE');
    if (operations.has('INSERT')) inserted.push(entity);
    needed.push({
      entity: nameOf(entity),
      table: { schema: entity.destination.schema, name: entity.destination.table },
      operations: [...operations],
      otherwise: 'or set "users" to "match"',
    });
  }
  findings.merge(await checkWritable(destination, needed));
  const identities = inserted.map(({ destination: place, ...entity }) => ({
    entity: `${entity.espace}.${entity.entity}`,
    table: { schema: place.schema, name: place.table },
    column: place.identifier,
  }));
  findings.merge(await checkIdentityPositions(destination, identities));
}

/** The plan with the rows that were decided on; an aligned entity of which there are none, and that nothing refers to, is no part of it. */
function withDecisions(
  plan: Plan,
  decisions: readonly Decisions[],
  people: ReadonlyMap<string, PeopleEntity>,
  summary: PeopleSummary,
  recreation: RecreationColumns,
): Plan {
  const rows = new Map(decisions.map((one) => [one.entity, decidedIds(one).length]));
  const users = people.get(userTable)!.key;
  const referred = new Set(
    plan.entities
      .filter(({ role }) => role === 'copied')
      .flatMap(({ references }) => references.map(({ target }) => target)),
  );
  const kept = plan.entities
    .filter(({ role, key }) => role !== 'aligned' || (rows.get(key) ?? 0) > 0 || referred.has(key))
    .map((entity, index): PlannedEntity => {
      const order = index + 1;
      if (entity.role !== 'aligned') return { ...entity, order };
      const aligned = { ...entity.aligned, recreation: entity.key === users ? recreation : null };
      return { ...entity, order, rows: rows.get(entity.key) ?? 0, aligned };
    });
  const written = new Set(kept.map(({ key }) => key));
  const entities = kept.map((entity) => ({ ...entity, after: entity.after.filter((key) => written.has(key)) }));
  return { ...plan, entities, people: summary };
}
