import { Findings } from '../../plan/findings.ts';
import type { PeopleSummary } from '../../plan/summaries.ts';
import { referredIds } from '../idsReferredTo.ts';
import { counterpartOf, hasPlace } from '../tenants.ts';
import { type Counterparts, counterpartsOf } from './counterparts.ts';
import { type Decisions, noDecisions } from './decisions.ts';
import { type GroupRow, groupsWithRoles, type RoleRow, readGroups } from './domain.ts';
import { matchNames } from './names.ts';
import { groupTable } from './peopleTables.ts';
import type { PeopleEntities, PeopleRequest } from './request.ts';

export interface AlignedGroups {
  decisions: Decisions;
  summary: PeopleSummary['groups'];
  counterparts: Counterparts;
  /** Source ids of the users who created the groups that will be created. */
  creators: Set<string>;
  /** Source ids of the tenants that the groups belong to. */
  tenants: Set<string>;
  findings: Findings;
}

/**
 * Decides what becomes of the groups whose members and roles are migrated: those that data refers to, and those that
 * hold a role of an espace in scope.
 * @param roles of the source, by id. @throws DatabaseError
 */
export async function alignNeededGroups(
  request: PeopleRequest,
  entities: PeopleEntities,
  roles: ReadonlyMap<string, RoleRow>,
): Promise<AlignedGroups> {
  const { source, destination, references, espaces } = request;
  const referred = await referredIds(source.database, references, entities.keyOf(groupTable));
  const rolesInScope = [...roles.values()].filter(({ espaceId, active }) => active && espaces.inScope.has(espaceId));
  const holders = await groupsWithRoles(source, rolesInScope);
  const groups = await readGroups(source, new Set([...referred, ...holders]));
  const { decisions, sharing } = await decideGroups(request, entities, groups);
  const { matched, created } = decisions;
  const findings = new Findings();
  if (sharing > 0) {
    const there = destination.catalog.environment;
    findings.add('groups-fall-together', { entity: entities.nameOf(groupTable), groups: sharing, there });
  }
  const inserted = new Set(created);
  return {
    decisions,
    summary: { matched: matched.length, created: created.length },
    counterparts: counterpartsOf(decisions),
    creators: new Set(groups.flatMap(({ id, createdBy }) => (inserted.has(id) ? (createdBy ?? []) : []))),
    tenants: new Set(groups.flatMap(({ tenantId }) => tenantId ?? [])),
    findings,
  };
}

/** What becomes of each group, and how many become one with another group. */
async function decideGroups(
  { tenants, known }: PeopleRequest,
  entities: PeopleEntities,
  groups: readonly GroupRow[],
): Promise<{ decisions: Decisions; sharing: number }> {
  const named = entities.named(groupTable, 'NAME');
  const rows = groups.map(({ id, tenantId, name }) => {
    return { id, tenant: counterpartOf(tenants, tenantId), name, active: true };
  });
  const match = await matchNames(named, rows);
  const decisions = noDecisions(entities.keyOf(groupTable));
  const earlier = await known(decisions.entity);
  for (const { id, tenantId } of groups) {
    const destinationId = match.counterparts.get(id);
    const twin = match.twins.get(id);
    if (destinationId !== undefined) decisions.matched.push([id, destinationId]);
    else if (named.isPerTenant && !hasPlace(tenants, tenantId)) continue;
    else if (twin !== undefined) decisions.merged.push([id, twin]);
    else {
      decisions.created.push(id);
      if (earlier?.get(id) !== undefined) decisions.gone.push(id);
    }
  }
  return { decisions, sharing: match.sharers.size + decisions.merged.length };
}
