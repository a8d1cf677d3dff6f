import type { PhysicalTable } from '../../database/port.ts';
import { compareIds } from '../../identity/compareIds.ts';
import type { IdMap } from '../../identity/idMap.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import type { Tenant } from '../tenants.ts';
import { type Decisions, type IdPair, noDecisions } from './decisions.ts';
import type { UserRow } from './domain.ts';
import { isBlank, matchNames, type NamedRow } from './names.ts';

/** `users` of a migration spec (docs/interface.md). */
export type UserStrategy = 'match' | 'create' | 'update' | 'recreate';

/** What becomes of one user; `merge`: mapped to the user that is created for another one of the same name. */
export type UserDecision = 'match' | 'create' | 'update' | 'recreate' | 'merge' | 'missing';

/** A line of the ledger that a person reviews: names people, so it is for the operator's terminal and file only. */
export interface LedgerLine {
  sourceId: string;
  username: string | null;
  /** Name of the tenant. */
  tenant: string | null;
  name: string | null;
  decision: UserDecision;
  destinationId: string | null;
  /** It shares the user of the destination with this user of the source, which is preferred. */
  sharedWith: string | null;
}

export interface UserAlignment {
  decisions: Decisions;
  ledger: LedgerLine[];
  /** Source ids of IT users that the destination lacks. */
  missingIt: string[];
  /** Users without a user name, which nothing can be matched by. */
  nameless: number;
  /** User names that several users of the destination have. */
  ambiguous: number;
}

/**
 * Decides what becomes of each user of the domain (guide, "Create or Update Users & Groups"; traps 34, 35). IT users
 * are matched whatever the strategy, never written.
 * @param known ids that earlier runs mapped; null where there are none. @throws DatabaseError
 */
export async function alignUsers(
  destination: Environment,
  table: PhysicalTable,
  entity: string,
  users: readonly UserRow[],
  strategy: UserStrategy,
  tenants: { rows: ReadonlyMap<string, Tenant>; map: ReadonlyMap<string, string> },
  isPerTenant: boolean,
  known: IdMap | null,
): Promise<UserAlignment> {
  const named = users.map(
    ({ id, tenantId, username, active }): NamedRow => ({
      id,
      tenant: tenantId === null ? null : (tenants.map.get(tenantId) ?? null),
      name: username,
      active,
    }),
  );
  const { database } = destination;
  const match = await matchNames(database, table, 'USERNAME', isPerTenant ? 'TENANT_ID' : undefined, named);
  const mapped = await stillThere(destination, table, known, users, match.found);
  const alignment: UserAlignment = {
    decisions: noDecisions(entity),
    ledger: [],
    missingIt: [],
    nameless: users.filter(({ username }) => username === null || isBlank(username)).length,
    ambiguous: match.ambiguous,
  };
  const { decisions } = alignment;
  for (const { id, tenantId, username, name } of [...users].sort((left, right) => compareIds(left.id, right.id))) {
    const tenant = tenantId === null ? undefined : tenants.rows.get(tenantId);
    const destinationId = match.found.get(id) ?? mapped.there.get(id) ?? null;
    const hasTenant = !isPerTenant || tenantId === null || tenantId === '0' || tenants.map.has(tenantId);
    const twinOf = match.twins.get(id) ?? null;
    const fallenOn = match.fallen.get(id) ?? null;
    const decision = decide(strategy, {
      isIt: tenant?.isIt ?? false,
      isThere: destinationId !== null,
      isFallen: fallenOn !== null,
      isTwin: twinOf !== null,
      hasTenant,
    });
    const pair: IdPair = [id, destinationId ?? ''];
    if (decision === 'match') decisions.matched.push(pair);
    else if (decision === 'update') decisions.updated.push(pair);
    else if (decision === 'recreate') decisions.recreated.push(pair);
    else if (decision === 'create') decisions.created.push(id);
    else if (decision === 'merge') decisions.merged.push([id, (fallenOn ?? twinOf)!]);
    else if (tenant?.isIt) alignment.missingIt.push(id);
    alignment.ledger.push({
      sourceId: id,
      username,
      tenant: tenant?.name ?? null,
      name,
      decision,
      destinationId,
      sharedWith: fallenOn ?? (decision === 'merge' ? twinOf : null),
    });
  }
  const inserted = new Set(decisions.created);
  decisions.gone = mapped.gone.filter((id) => inserted.has(id));
  return alignment;
}

function decide(
  strategy: UserStrategy,
  user: { isIt: boolean; isThere: boolean; isFallen: boolean; isTwin: boolean; hasTenant: boolean },
): UserDecision {
  if (user.isIt) return user.isThere ? 'match' : 'missing';
  if (user.isThere) {
    // The preferred one of two decides what the user of the destination becomes.
    if (user.isFallen) return strategy === 'recreate' ? 'merge' : 'match';
    return strategy === 'update' || strategy === 'recreate' ? strategy : 'match';
  }
  if (strategy === 'match' || !user.hasTenant) return 'missing';
  return user.isTwin ? 'merge' : 'create';
}

/**
 * Users that no name leads to and an earlier run has mapped: one renamed since, or one without a user name.
 * @returns destination ids by source id, and source ids of those whose counterpart is gone.
 */
async function stillThere(
  { database }: Environment,
  table: PhysicalTable,
  known: IdMap | null,
  users: readonly UserRow[],
  found: ReadonlyMap<string, string>,
): Promise<{ there: Map<string, string>; gone: string[] }> {
  const there = new Map<string, string>();
  if (known !== null) {
    for (const { id } of users) {
      const destinationId = found.has(id) ? undefined : known.get(id);
      if (destinationId !== undefined) there.set(id, destinationId);
    }
  }
  if (there.size === 0) return { there, gone: [] };
  const id = columnOf(table, 'ID')!;
  const present = new Set(
    await database.transaction((transaction) =>
      transaction.existingKeys({ schema: table.schema, name: table.name }, id, [...new Set(there.values())]),
    ),
  );
  const taken = new Set(found.values());
  const gone: string[] = [];
  for (const [sourceId, destinationId] of there) {
    if (present.has(destinationId) && !taken.has(destinationId)) continue;
    there.delete(sourceId);
    gone.push(sourceId);
  }
  return { there, gone };
}
