import type { Row } from '../../database/port.ts';
import { Findings } from '../../plan/findings.ts';
import type { LinkCounts } from '../../plan/summaries.ts';
import type { Counterparts } from './counterparts.ts';
import { type Decisions, noDecisions } from './decisions.ts';
import type { Link, LinkTable, RoleRow } from './domain.ts';
import { countLinks } from './links.ts';
import { type groupRoleTable, groupUserTable, userRoleTable } from './peopleTables.ts';
import type { PeopleEntities, PeopleRequest } from './request.ts';

export interface AlignedLinks {
  decisions: Decisions;
  counts: LinkCounts;
  findings: Findings;
}

/** Who holds the roles that a link table grants. */
export interface Holders {
  table: typeof userRoleTable | typeof groupRoleTable;
  counterparts: Counterparts;
}

/** Grants of roles, and which of them can be written. */
interface SortedGrants {
  /** Source ids of those that are migrated: the ones to be written, and the ones to be set aside. */
  ids: string[];
  /** Holder and role in the destination of those to be written. */
  ends: Row[];
  /** How many are set aside, by the role that the destination lacks. */
  missingRoles: ReadonlyMap<RoleRow, number>;
  /** How many are left out: of roles of espaces outside the scope, which the destination lacks. */
  outside: number;
}

/** Links of people, groups and roles, as the steps of an alignment write them. */
export class LinkAlignment {
  readonly #request: PeopleRequest;
  readonly #entities: PeopleEntities;

  constructor(request: PeopleRequest, entities: PeopleEntities) {
    this.#request = request;
    this.#entities = entities;
  }

  /**
   * Roles of people or of groups. Roles are never created (trap 36): a grant of one that the destination lacks is set
   * aside where the role's espace is in scope, and left out, said once, where it is not. What a deleted role left is no
   * grant.
   * @param roles of the source, by id. @throws DatabaseError
   */
  async grants(
    { table, counterparts }: Holders,
    grants: readonly Link[],
    roles: ReadonlyMap<string, RoleRow>,
  ): Promise<AlignedLinks> {
    const { ids, ends, missingRoles, outside } = this.#sort(counterparts, grants, roles);
    const setAside = [...missingRoles.values()].reduce((sum, count) => sum + count, 0);
    const counts = await this.#count(table, ends, setAside);
    const findings = new Findings();
    const of = {
      entity: this.#entities.nameOf(table),
      there: this.#request.destination.catalog.environment,
      holders: table === userRoleTable ? ('users' as const) : ('groups' as const),
    };
    for (const [{ espaceId, name }, count] of missingRoles) {
      const role = `${this.#request.espaces.names.get(espaceId)}.${name}`;
      findings.add('role-missing', { ...of, role, grants: count });
    }
    if (outside > 0) findings.add('grants-left-out', { ...of, grants: outside });
    return { decisions: this.#decided(table, ids), counts, findings };
  }

  /** Members of groups. @throws DatabaseError */
  async members(groups: Counterparts, users: Counterparts, members: readonly Link[]): Promise<AlignedLinks> {
    const ids: string[] = [];
    const ends: Row[] = [];
    for (const member of members) {
      const [groupId, userId] = member.ends;
      const [group, user] = [groups.get(groupId), users.get(userId)];
      if (group === undefined || user === undefined) continue;
      ids.push(member.id);
      ends.push([group, user]);
    }
    const counts = await this.#count(groupUserTable, ends, 0);
    return { decisions: this.#decided(groupUserTable, ids), counts, findings: new Findings() };
  }

  #sort(holders: Counterparts, grants: readonly Link[], roles: ReadonlyMap<string, RoleRow>): SortedGrants {
    const { roles: roleMap, espaces } = this.#request;
    const ids: string[] = [];
    const ends: Row[] = [];
    const missingRoles = new Map<RoleRow, number>();
    let outside = 0;
    for (const grant of grants) {
      const [holderId, roleId] = grant.ends;
      const holder = holders.get(holderId);
      const role = roles.get(roleId);
      if (holder === undefined || role === undefined || !role.active || !espaces.names.has(role.espaceId)) continue;
      const counterpart = roleMap.get(roleId);
      if (counterpart === undefined && !espaces.inScope.has(role.espaceId)) {
        outside += 1;
        continue;
      }
      ids.push(grant.id);
      if (counterpart === undefined) missingRoles.set(role, (missingRoles.get(role) ?? 0) + 1);
      else ends.push([holder, counterpart]);
    }
    return { ids, ends, missingRoles, outside };
  }

  async #count(links: LinkTable, ends: Row[], setAside: number): Promise<LinkCounts> {
    const table = this.#entities.inDestination(links);
    const { present, repeated } = await countLinks(this.#request.destination.database, { table, links }, ends);
    const matched = present + repeated;
    return { matched, created: ends.length - matched, setAside };
  }

  #decided(table: LinkTable, created: string[]): Decisions {
    return { ...noDecisions(this.#entities.keyOf(table)), created };
  }
}
