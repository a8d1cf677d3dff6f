import { alignPeople, type PeopleAlignment } from '../../alignment/people/alignPeople.ts';
import { type Decisions, decidedIds } from '../../alignment/people/decisions.ts';
import {
  groupTable,
  groupUserTable,
  peopleTables,
  roleTable,
  userRoleTable,
  userTable,
} from '../../alignment/people/peopleTables.ts';
import { findHanging, type Hanging } from '../../alignment/people/recreation.ts';
import type { LedgerLine } from '../../alignment/people/users.ts';
import { findMissingTenants, type Tenant } from '../../alignment/tenants.ts';
import type { MatchedMap } from '../../identity/mapStore.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { sameName } from '../../outsystems/naming.ts';
import { platformTarget, tenantTable } from '../../outsystems/platform.ts';
import { espacesInScope } from '../../outsystems/scope.ts';
import { Findings } from '../../plan/findings.ts';
import {
  type AlignedRows,
  type ColumnOf,
  type KeyedTable,
  nameOf,
  type PlannedEntity,
  publicRole,
} from '../../plan/plan.ts';
import type { PeopleSummary } from '../../plan/summaries.ts';
import type { Exclusions } from '../../processes/exclusions.ts';
import { destinationReferences } from '../drafting/destinationReferences.ts';
import type { AlignedPeople } from '../drafting/plannedEntities.ts';
import type { Emptied } from '../emptying/candidates.ts';
import { checkIdentityPositions } from '../preflight/identityPositions.ts';
import { checkWritable, type NeededRights, type Operation } from '../preflight/rights.ts';
import { referenceColumns } from '../questions/referenceColumns.ts';
import type { EarlierRuns, Migration } from '../questions/request.ts';

/** What becomes of people. */
export interface PlannedPeople {
  /** Null where people could not be compared. */
  summary: PeopleSummary | null;
  /** What the plan needs to know of the aligned entities; null where people are only matched. */
  aligned: AlignedPeople | null;
  decisions: Decisions[];
  /** Id map of the users, where people are only matched. */
  maps: MatchedMap[];
  ledger: LedgerLine[];
  findings: Findings;
}

/** What is planned already when people are decided on. */
export interface PlannedData {
  entities: readonly PlannedEntity[];
  /** Id maps of the matched entities. */
  maps: readonly MatchedMap[];
  /** Of the source, by id. */
  tenants: ReadonlyMap<string, Tenant>;
  exclusions: Exclusions;
  /** What is deleted before people are written. */
  emptied: Emptied;
  /** What earlier runs migrated, as far as it is not deleted. */
  mapOf: EarlierRuns['mapOf'];
}

/**
 * Decides what becomes of the people whom the plan's data refers to, and checks that the destination allows it.
 * @throws DatabaseError
 */
export async function alignPlannedPeople(migration: Migration, data: PlannedData): Promise<PlannedPeople> {
  const tables = peopleOf(migration, data.entities);
  const alignment = await alignTables(migration, data, tables);
  const tenants = await checkTenants(migration, data, alignment?.tenants ?? null);
  if (alignment === null) {
    return { summary: null, aligned: null, decisions: [], maps: [], ledger: [], findings: tenants };
  }
  const { decisions, ledger, summary } = alignment;
  const findings = new Findings().merge(alignment.findings, tenants);
  const users = usersIn(tables);
  if (migration.spec.users === 'match') {
    const map = usersMap(users, decisions);
    return { summary, aligned: null, decisions: [], maps: [map], ledger, findings };
  }
  const { recreation, findings: ofRecreation } = await planRecreation(migration, data, { users, decisions });
  const access = await checkAccess(migration, writtenTables(tables, decisions, recreation));
  const rows = new Map(decisions.map((one) => [one.entity, decidedIds(one).length]));
  return {
    summary,
    aligned: { rows, users: users.key, recreation },
    decisions,
    maps: [],
    ledger,
    findings: findings.merge(ofRecreation, access),
  };
}

/** A table of people that both environments have. */
type PeopleEntity = PlannedEntity & { source: KeyedTable; destination: KeyedTable };

/** By upper-case table name. */
type PeopleEntities = ReadonlyMap<string, PeopleEntity>;

const isInBoth = (entity: PlannedEntity): entity is PeopleEntity =>
  entity.source?.identifier != null && entity.destination?.identifier != null;

/** Entities of the plan that are people's tables. */
function peopleOf({ source }: Migration, entities: readonly PlannedEntity[]): PeopleEntities {
  const people = new Map<string, PeopleEntity>();
  for (const { table } of peopleTables) {
    const key = platformTarget(source.catalog, table);
    const entity = entities.find((planned) => planned.key === key);
    // Groups that are only matched are no people to decide on.
    if (entity?.role === 'aligned') people.set(table, entity);
    else if (table === userTable && entity !== undefined && isInBoth(entity)) people.set(table, entity);
  }
  return people;
}

/** @throws Error where the users take no part */
function usersIn(tables: PeopleEntities): PeopleEntity {
  const users = tables.get(userTable);
  if (users === undefined) throw new Error('people were decided on without a table of users');
  return users;
}

/** @throws Error where nothing was decided on the entity */
function decisionsOn(entity: PlannedEntity, decisions: readonly Decisions[]): Decisions {
  const ofEntity = decisions.find((one) => one.entity === entity.key);
  if (ofEntity === undefined) throw new Error(`nothing was decided on ${nameOf(entity)}`);
  return ofEntity;
}

/** Null where there are no users to decide on, or names cannot be compared. */
async function alignTables(
  migration: Migration,
  { entities, maps, tenants, exclusions, mapOf }: PlannedData,
  tables: PeopleEntities,
): Promise<PeopleAlignment | null> {
  const { spec, source, destination } = migration;
  // Names are compared in a temporary table; where there may be none, the plan says so already.
  if (!tables.has(userTable) || !(await destination.database.mayStage())) return null;
  const pairsOf = (table: string) => maps.find(({ entity }) => entity === platformTarget(source.catalog, table))?.pairs;
  const targets = new Set([...tables.values()].map(({ key }) => key));
  return alignPeople({
    source,
    destination,
    strategy: spec.users,
    mustBeThere: spec.missingReferences === 'fail',
    entities: new Map([...tables].map(([table, entity]) => [table, { key: entity.key, name: nameOf(entity) }])),
    references: referenceColumns(entities, targets, exclusions),
    tenants: { rows: tenants, map: new Map(pairsOf(tenantTable)) },
    roles: new Map(pairsOf(roleTable)),
    espaces: espacesOf(migration, entities),
    known: mapOf,
  });
}

/** The scope's own espaces and those whose entities are copied along. */
function espacesOf({ spec, source }: Migration, entities: readonly PlannedEntity[]) {
  const owners = new Map(source.catalog.entities.map(({ key, espace }) => [key, espace]));
  const inScope = [
    ...espacesInScope(source.catalog, spec.scope),
    ...entities.filter((entity) => publicRole(entity) === 'copied').flatMap(({ key }) => owners.get(key) ?? []),
  ];
  const espaces = source.catalog.espaces.filter(({ kind }) => kind === 'espace');
  return {
    names: new Map(espaces.map(({ id, name }) => [id, name])),
    inScope: new Set(inScope.filter(({ kind }) => kind === 'espace').map(({ id }) => id)),
  };
}

/** @param ofPeople tenants of the people that are decided on; null where none are. */
async function checkTenants(
  { source, destination }: Migration,
  { entities, maps, tenants, exclusions }: PlannedData,
  ofPeople: ReadonlySet<string> | null,
): Promise<Findings> {
  const key = platformTarget(source.catalog, tenantTable);
  const map = maps.find(({ entity }) => entity === key);
  const entity = entities.find((planned) => planned.key === key);
  if (map === undefined || (entity === undefined && ofPeople === null)) return new Findings();
  const columns = referenceColumns(entities, new Set([key]), exclusions);
  const name = entity === undefined ? tenantTable : nameOf(entity);
  const used = { entity: name, rows: tenants, map, references: columns, ofPeople: ofPeople ?? [] };
  return findMissingTenants(source, destination, used);
}

/** Of those users only that the data refers to. */
function usersMap(users: PeopleEntity, decisions: readonly Decisions[]): MatchedMap {
  return { entity: users.key, type: 'integer', pairs: decisionsOn(users, decisions).matched, partial: true };
}

type Recreation = AlignedRows['recreation'];

/** `recreate` deletes what hangs on a user only where the rules allow it, and nothing outside the scope. */
async function planRecreation(
  migration: Migration,
  { entities, emptied, mapOf }: PlannedData,
  { users, decisions }: { users: PeopleEntity; decisions: readonly Decisions[] },
): Promise<{ recreation: Recreation; findings: Findings }> {
  const findings = new Findings();
  const recreated = decisionsOn(users, decisions).recreated.map(([, id]) => id);
  if (recreated.length === 0) return { recreation: null, findings };
  const copied = new Set(entities.filter((entity) => publicRole(entity) === 'copied').map(({ key }) => key));
  const mayGo = async (key: EntityKey) => copied.has(key) && ((await mapOf(key))?.size ?? 0) === 0;
  const referring = await destinationReferences(migration);
  const hanging = await findHanging(migration.destination, recreated, { referring, mayGo, emptied });
  const facts = { entity: nameOf(users), users: recreated.length, there: migration.spec.destination };
  if (hanging.refused.length > 0) {
    findings.add('recreate-refused', { ...facts, hanging: hanging.refused.map(inWords) });
  }
  if (hanging.deleted.length > 0) {
    findings.add('recreate-deletes', { ...facts, hanging: hanging.deleted.map(inWords) });
  }
  const links = hanging.deleted.filter(({ table: { name } }) =>
    [userRoleTable, groupUserTable].some((link) => sameName(link, name)),
  );
  return { recreation: { deleted: links.map(placeOf), repointed: hanging.repointed.map(placeOf) }, findings };
}

const inWords = ({ name, table, column, rows }: Hanging) => ({ name, rows, table: table.name, column });

const placeOf = ({ table: { schema, name }, column }: Hanging): ColumnOf => ({ schema, table: name, column });

/** A table of people, and what the run does to its rows. */
interface WrittenTable {
  entity: PeopleEntity;
  operations: ReadonlySet<Operation>;
}

/** What is really written of people's tables. */
function writtenTables(
  tables: PeopleEntities,
  decisions: readonly Decisions[],
  recreation: Recreation,
): WrittenTable[] {
  const deletes = (table: string) => recreation?.deleted.some((column) => sameName(column.table, table)) ?? false;
  const repoints = (table: string) => table === groupTable && recreation !== null && recreation.repointed.length > 0;
  return [...tables].flatMap(([table, entity]) => {
    const ofEntity = decisions.find((one) => one.entity === entity.key);
    if (ofEntity === undefined) return [];
    const { created, updated, recreated } = ofEntity;
    const operations = new Set<Operation>();
    if (created.length + recreated.length > 0) operations.add('INSERT');
    if (updated.length > 0) operations.add('UPDATE');
    if (recreated.length > 0 || deletes(table)) operations.add('DELETE');
    if (repoints(table)) operations.add('UPDATE');
    return [{ entity, operations }];
  });
}

/** Writing needs the right to it (common in the cloud; docs/metamodel.md §6), and counters that are not behind. */
async function checkAccess({ destination }: Migration, written: readonly WrittenTable[]): Promise<Findings> {
  const tableOf = ({ destination: { schema, table } }: PeopleEntity) => ({ schema, name: table });
  const needed = written.map(({ entity, operations }): NeededRights => {
    const otherwise = 'or set "users" to "match"';
    return { entity: nameOf(entity), table: tableOf(entity), operations: [...operations], otherwise };
  });
  const inserted = written.filter(({ operations }) => operations.has('INSERT'));
  const identities = inserted.map(({ entity }) => {
    return { entity: nameOf(entity), table: tableOf(entity), column: entity.destination.identifier };
  });
  return new Findings().merge(
    await checkWritable(destination.database, needed),
    await checkIdentityPositions(destination.database, identities),
  );
}
