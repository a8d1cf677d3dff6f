import { Findings } from '../../plan/findings.ts';
import type { LinkCounts, PeopleSummary } from '../../plan/summaries.ts';
import { referredIds } from '../idsReferredTo.ts';
import type { Decisions } from './decisions.ts';
import { type Link, type RoleRow, readLinks, readRoles } from './domain.ts';
import { type AlignedLinks, type Holders, LinkAlignment } from './grants.ts';
import { type AlignedGroups, alignNeededGroups } from './groups.ts';
import { groupRoleTable, groupTable, groupUserTable, userRoleTable, userTable } from './peopleTables.ts';
import { type AlignedUsers, alignNeededUsers } from './referredUsers.ts';
import { PeopleEntities, type PeopleRequest } from './request.ts';
import type { LedgerLine } from './users.ts';

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
 * Finds the people whom the data to be migrated refers to, with their groups and what both are allowed, and decides
 * what becomes of each in the destination (guide, "Create or Update Users & Groups"; docs/metamodel.md §3). Both
 * databases are asked set-wise and neither is written to.
 * @throws DatabaseError
 */
export async function alignPeople(request: PeopleRequest): Promise<PeopleAlignment> {
  const { source, references, strategy } = request;
  const entities = new PeopleEntities(request);
  const referred = await referredIds(source.database, references, entities.keyOf(userTable));
  if (strategy === 'match') {
    const users = await alignNeededUsers(request, entities, { referred, all: referred });
    return alignmentOf({ users });
  }
  const roles = await readRoles(source);
  const groups = entities.has(groupTable) ? await alignNeededGroups(request, entities, roles) : undefined;
  const members = groups === undefined ? [] : await readMembers(request, entities, groups);
  const all = new Set([...referred, ...(groups?.creators ?? []), ...members.map(({ ends: [, userId] }) => userId)]);
  const users = await alignNeededUsers(request, entities, { referred, all });
  const links = await alignLinks(request, entities, { roles, users, groups, members });
  return alignmentOf({ groups, users, ...links });
}

async function readMembers({ source }: PeopleRequest, entities: PeopleEntities, groups: AlignedGroups) {
  return entities.has(groupUserTable) ? readLinks(source, groupUserTable, groups.counterparts.keys()) : [];
}

/** What links are between. */
interface LinkEnds {
  roles: ReadonlyMap<string, RoleRow>;
  users: AlignedUsers;
  groups: AlignedGroups | undefined;
  members: readonly Link[];
}

/** Links of the tables that take part. */
type LinksByTable = Partial<Record<'userRoles' | 'groupRoles' | 'groupUsers', AlignedLinks>>;

async function alignLinks(
  request: PeopleRequest,
  entities: PeopleEntities,
  { roles, users, groups, members }: LinkEnds,
): Promise<LinksByTable> {
  const alignment = new LinkAlignment(request, entities);
  const grantsTo = async (holders: Holders) => {
    const grants = await readLinks(request.source, holders.table, holders.counterparts.keys());
    return alignment.grants(holders, grants, roles);
  };
  const groupCounterparts = groups?.counterparts ?? new Map();
  const links: LinksByTable = {};
  if (entities.has(userRoleTable)) {
    links.userRoles = await grantsTo({ table: userRoleTable, counterparts: users.counterparts });
  }
  if (entities.has(groupRoleTable)) {
    links.groupRoles = await grantsTo({ table: groupRoleTable, counterparts: groupCounterparts });
  }
  if (entities.has(groupUserTable)) {
    links.groupUsers = await alignment.members(groupCounterparts, users.counterparts, members);
  }
  return links;
}

interface Steps extends LinksByTable {
  groups?: AlignedGroups | undefined;
  users: AlignedUsers;
}

function alignmentOf({ groups, users, userRoles, groupRoles, groupUsers }: Steps): PeopleAlignment {
  // In the order in which they were taken.
  const steps = [groups, users, userRoles, groupRoles, groupUsers].filter((step) => step !== undefined);
  return {
    decisions: steps.map(({ decisions }) => decisions),
    summary: {
      users: users.summary,
      groups: groups?.summary ?? { matched: 0, created: 0 },
      userRoles: userRoles?.counts ?? noLinks,
      groupRoles: groupRoles?.counts ?? noLinks,
      groupUsers: groupUsers?.counts ?? noLinks,
    },
    ledger: users.ledger,
    tenants: new Set([...(groups?.tenants ?? []), ...users.tenants]),
    findings: new Findings().merge(...steps.map(({ findings }) => findings)),
  };
}

const noLinks: LinkCounts = { matched: 0, created: 0, setAside: 0 };
