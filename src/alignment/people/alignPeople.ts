import type { PhysicalTable, Row } from '../../database/port.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { Findings } from '../../plan/findings.ts';
import type { LinkCounts, PeopleSummary } from '../../plan/summaries.ts';
import { type ReferenceColumn, referredIds } from '../idsReferredTo.ts';
import type { Tenant } from '../tenants.ts';
import { type Decisions, noDecisions } from './decisions.ts';
import {
  type GroupRow,
  groupDomain,
  type Link,
  type RoleRow,
  readGroups,
  readLinks,
  readRoles,
  readUsers,
} from './domain.ts';
import { countLinks } from './links.ts';
import { matchNames } from './names.ts';
import { groupRoleTable, groupTable, groupUserTable, userRoleTable, userTable } from './peopleTables.ts';
import { alignUsers, type LedgerLine, type UserStrategy } from './users.ts';

export interface PeopleRequest {
  source: Environment;
  destination: Environment;
  strategy: UserStrategy;
  /** Whether a reference to a user whom nobody may create stands in the way (missingReferences "fail"). */
  mustBeThere: boolean;
  /** People's tables that take part, by upper-case table name: the entity's key, and `Espace.Entity` for people. */
  entities: ReadonlyMap<string, { key: EntityKey; name: string }>;
  /** Columns of the data to be migrated that refer to users and groups. */
  references: readonly ReferenceColumn[];
  tenants: { rows: ReadonlyMap<string, Tenant>; map: ReadonlyMap<string, string> };
  /** Destination ids of roles by source id. */
  roles: ReadonlyMap<string, string>;
  /** Espaces in scope, by id in the source: name by id of all, and which of them are in scope. */
  espaces: { names: ReadonlyMap<string, string>; inScope: ReadonlySet<string> };
  /** What earlier runs mapped; null for none. */
  known(entity: EntityKey): Promise<IdMap | null>;
}

export interface PeopleAlignment {
  decisions: Decisions[];
  summary: PeopleSummary;
  /** Never part of a message, a payload or a log (docs/people.md). */
  ledger: LedgerLine[];
  /** Source ids of the tenants that these people and groups belong to. */
  tenants: Set<string>;
  findings: Findings;
}

/**
 * Finds the people whom the data to be migrated refers to, with their groups and what both are allowed, and decides what
 * becomes of each in the destination (guide, "Create or Update Users & Groups"; docs/metamodel.md §3). Both databases are
 * asked set-wise and neither is written to.
 * @throws DatabaseError
 */
export async function alignPeople(request: PeopleRequest): Promise<PeopleAlignment> {
  return new Aligning(request).align();
}

/** Tells of a destination id that no row has: of what the run is yet to create. */
const unborn = (sourceId: string) => `-${sourceId}`;

class Aligning {
  readonly #request: PeopleRequest;
  readonly #there: string;
  readonly #alignment: PeopleAlignment;
  /** Destination ids of the people and groups that are decided, or what stands for them. */
  readonly #users = new Map<string, string>();
  readonly #groups = new Map<string, string>();

  constructor(request: PeopleRequest) {
    this.#request = request;
    this.#there = request.destination.catalog.environment;
    this.#alignment = {
      decisions: [],
      summary: {
        users: { matched: 0, created: 0, updated: 0, recreated: 0, missing: 0 },
        groups: { matched: 0, created: 0 },
        userRoles: noLinks(),
        groupRoles: noLinks(),
        groupUsers: noLinks(),
      },
      ledger: [],
      tenants: new Set(),
      findings: new Findings(),
    };
  }

  async align(): Promise<PeopleAlignment> {
    const { source, references, entities, strategy, espaces } = this.#request;
    const referred = await referredIds(source.database, references, this.#keyOf(userTable));
    const wanted = new Set(referred);
    if (strategy === 'match') {
      await this.#alignUsers(wanted, referred);
      return this.#alignment;
    }
    const roles = await readRoles(source);
    let members: Link[] = [];
    if (entities.has(groupTable)) {
      const ids = await groupDomain(source, references, this.#keyOf(groupTable), roles, espaces.inScope);
      const groups = await readGroups(source, ids);
      const created = await this.#alignGroups(groups);
      for (const { createdBy } of created) if (createdBy !== null) wanted.add(createdBy);
      if (entities.has(groupUserTable)) members = await readLinks(source, groupUserTable, this.#groups.keys());
      for (const { ends } of members) wanted.add(ends[1]);
    }
    await this.#alignUsers(wanted, referred);
    if (entities.has(userRoleTable)) {
      const grants = await readLinks(source, userRoleTable, this.#users.keys());
      await this.#alignGrants(userRoleTable, 'userRoles', this.#users, grants, roles);
    }
    if (entities.has(groupRoleTable)) {
      const grants = await readLinks(source, groupRoleTable, this.#groups.keys());
      await this.#alignGrants(groupRoleTable, 'groupRoles', this.#groups, grants, roles);
    }
    if (entities.has(groupUserTable)) await this.#alignMembers(members);
    return this.#alignment;
  }

  /** What findings call the entity of a table. */
  #nameOf(table: string): string {
    return this.#request.entities.get(table)?.name ?? table;
  }

  #keyOf(table: string): EntityKey {
    return this.#request.entities.get(table)!.key;
  }

  #tableThere(name: string): PhysicalTable {
    return this.#request.destination.catalog.platformTables.get(name)!;
  }

  /** Both sides know the rows of the table by tenant. */
  #isPerTenant(name: string): boolean {
    const { source, destination } = this.#request;
    return [source, destination].every(({ catalog }) => {
      const table = catalog.platformTables.get(name);
      return table !== undefined && columnOf(table, 'TENANT_ID') !== undefined;
    });
  }

  async #alignUsers(wanted: ReadonlySet<string>, referred: ReadonlySet<string>): Promise<void> {
    const { source, destination, strategy, tenants, known, mustBeThere } = this.#request;
    const entity = this.#keyOf(userTable);
    const users = await readUsers(source, wanted);
    for (const { tenantId } of users) if (tenantId !== null) this.#alignment.tenants.add(tenantId);
    const aligned = await alignUsers(
      destination,
      this.#tableThere(userTable),
      entity,
      users,
      strategy,
      tenants,
      this.#isPerTenant(userTable),
      await known(entity),
    );
    const { decisions, ledger } = aligned;
    const missing = ledger.filter(({ decision }) => decision === 'missing').length;
    this.#alignment.decisions.push(decisions);
    this.#alignment.ledger.push(...ledger);
    this.#alignment.summary.users = {
      matched: decisions.matched.length,
      // Who shares a user with another one is no user more.
      created: decisions.created.length,
      updated: decisions.updated.length,
      recreated: decisions.recreated.length,
      missing,
    };
    for (const [id, destinationId] of [...decisions.matched, ...decisions.updated]) this.#users.set(id, destinationId);
    for (const id of [...decisions.created, ...decisions.recreated.map(([one]) => one)]) {
      this.#users.set(id, unborn(id));
    }
    for (const [id, owner] of decisions.merged) this.#users.set(id, this.#users.get(owner)!);

    const shared = ledger.filter(({ sharedWith }) => sharedWith !== null).length;
    const { findings } = this.#alignment;
    const [name, there] = [this.#nameOf(userTable), this.#there];
    if (strategy === 'match' && missing > 0) {
      findings.add('user-missing', { entity: name, missing, referred: referred.size, there });
    } else if (aligned.missingIt.length > 0) {
      const isNeeded = aligned.missingIt.some((id) => referred.has(id));
      findings.add('it-user-missing', {
        entity: name,
        missing: aligned.missingIt.length,
        there,
        mustBeThere: mustBeThere && isNeeded,
      });
    }
    const exist = new Set(users.map(({ id }) => id));
    const orphans = [...referred].filter((id) => !exist.has(id)).length;
    if (strategy === 'match' && orphans > 0) {
      findings.add('user-orphaned', { entity: name, users: orphans, here: source.catalog.environment });
    }
    if (aligned.ambiguous > 0) findings.add('user-ambiguous', { entity: name, names: aligned.ambiguous, there });
    if (shared > 0) findings.add('users-fall-together', { entity: name, users: shared, there });
    if (aligned.nameless > 0) findings.add('user-nameless', { entity: name, users: aligned.nameless });
  }

  /** @returns the groups that will be created. */
  async #alignGroups(groups: readonly GroupRow[]): Promise<GroupRow[]> {
    const { destination, tenants, known } = this.#request;
    const entity = this.#keyOf(groupTable);
    const perTenant = this.#isPerTenant(groupTable);
    for (const { tenantId } of groups) if (tenantId !== null) this.#alignment.tenants.add(tenantId);
    const named = groups.map(({ id, tenantId, name }) => ({
      id,
      tenant: tenantId === null ? null : (tenants.map.get(tenantId) ?? null),
      name,
      active: true,
    }));
    const column = perTenant ? 'TENANT_ID' : undefined;
    const match = await matchNames(destination.database, this.#tableThere(groupTable), 'NAME', column, named);
    const decisions = noDecisions(entity);
    const earlier = await known(entity);
    for (const { id, tenantId } of groups) {
      const destinationId = match.found.get(id);
      const twin = match.twins.get(id);
      if (destinationId !== undefined) decisions.matched.push([id, destinationId]);
      else if (perTenant && tenantId !== null && tenantId !== '0' && !tenants.map.has(tenantId)) continue;
      else if (twin !== undefined) decisions.merged.push([id, twin]);
      else {
        decisions.created.push(id);
        if (earlier?.get(id) !== undefined) decisions.gone.push(id);
      }
    }
    for (const [id, destinationId] of decisions.matched) this.#groups.set(id, destinationId);
    for (const id of decisions.created) this.#groups.set(id, unborn(id));
    for (const [id, owner] of decisions.merged) this.#groups.set(id, this.#groups.get(owner)!);
    this.#alignment.decisions.push(decisions);
    this.#alignment.summary.groups = { matched: decisions.matched.length, created: decisions.created.length };
    const together = match.fallen.size + decisions.merged.length;
    if (together > 0) {
      this.#alignment.findings.add('groups-fall-together', {
        entity: this.#nameOf(groupTable),
        groups: together,
        there: this.#there,
      });
    }
    const created = new Set(decisions.created);
    return groups.filter(({ id }) => created.has(id));
  }

  /**
   * Roles of people or of groups. Roles are never created (trap 36): a grant of one that the destination lacks is set aside
   * where the role's espace is in scope, and left out, said once, where it is not. What a deleted role left behind
   * is no grant.
   */
  async #alignGrants(
    table: string,
    kind: 'userRoles' | 'groupRoles',
    holders: ReadonlyMap<string, string>,
    grants: readonly Link[],
    roles: ReadonlyMap<string, RoleRow>,
  ): Promise<void> {
    const { roles: mapped, espaces } = this.#request;
    const decisions = noDecisions(this.#keyOf(table));
    const lacking = new Map<string, number>();
    let outside = 0;
    const ends: Row[] = [];
    for (const {
      id,
      ends: [holder, roleId],
    } of grants) {
      const role = roles.get(roleId);
      const there = holders.get(holder);
      if (there === undefined || role === undefined || !role.active || !espaces.names.has(role.espaceId)) continue;
      const roleThere = mapped.get(roleId);
      if (roleThere === undefined && !espaces.inScope.has(role.espaceId)) {
        outside += 1;
        continue;
      }
      decisions.created.push(id);
      if (roleThere === undefined) lacking.set(roleId, (lacking.get(roleId) ?? 0) + 1);
      else ends.push([there, roleThere]);
    }
    const setAside = [...lacking.values()].reduce((sum, count) => sum + count, 0);
    await this.#count(table, kind, decisions, ends, setAside);
    const { findings } = this.#alignment;
    const of = {
      entity: this.#nameOf(table),
      there: this.#there,
      holders: kind === 'userRoles' ? ('users' as const) : ('groups' as const),
    };
    for (const [roleId, count] of lacking) {
      const role = roles.get(roleId)!;
      findings.add('role-missing', { ...of, role: `${espaces.names.get(role.espaceId)}.${role.name}`, grants: count });
    }
    if (outside > 0) findings.add('grants-left-out', { ...of, grants: outside });
  }

  async #alignMembers(members: readonly Link[]): Promise<void> {
    const decisions = noDecisions(this.#keyOf(groupUserTable));
    const ends: Row[] = [];
    for (const {
      id,
      ends: [group, user],
    } of members) {
      const [groupThere, userThere] = [this.#groups.get(group), this.#users.get(user)];
      if (groupThere === undefined || userThere === undefined) continue;
      decisions.created.push(id);
      ends.push([groupThere, userThere]);
    }
    await this.#count(groupUserTable, 'groupUsers', decisions, ends, 0);
  }

  async #count(
    table: string,
    kind: 'userRoles' | 'groupRoles' | 'groupUsers',
    decisions: Decisions,
    ends: Row[],
    setAside: number,
  ): Promise<void> {
    const { there, repeated } = await countLinks(
      this.#request.destination.database,
      this.#tableThere(table),
      table,
      ends,
    );
    this.#alignment.decisions.push(decisions);
    const matched = there + repeated;
    this.#alignment.summary[kind] = { matched, created: ends.length - matched, setAside };
  }
}

const noLinks = (): LinkCounts => ({ matched: 0, created: 0, setAside: 0 });
