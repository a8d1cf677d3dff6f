import { compareIds } from '../../identity/compareIds.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { requiredColumn } from '../../outsystems/environment.ts';
import { counterpartOf, hasPlace, type MatchedTenants, type Tenant } from '../tenants.ts';
import { type Decisions, type IdPair, noDecisions } from './decisions.ts';
import type { UserRow } from './domain.ts';
import { isBlank, matchNames, type NamedTable } from './names.ts';

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
  missingItUsers: string[];
  /** Users without a user name, which nothing can be matched by. */
  nameless: number;
  /** User names that several users of the destination have. */
  ambiguous: number;
}

/** The entity of users, and where its rows are known. */
export interface UserEntity {
  key: EntityKey;
  named: NamedTable;
  /** What earlier runs mapped; null where there are none. */
  earlier: IdMap | null;
}

/** By what it is decided what becomes of a user. */
export interface UserRule {
  strategy: UserStrategy;
  tenants: MatchedTenants;
}

/**
 * Decides what becomes of each user of the domain (guide, "Create or Update Users & Groups"; traps 34, 35). IT users
 * are matched whatever the strategy, never written.
 * @throws DatabaseError
 */
export async function alignUsers(
  users: readonly UserRow[],
  { key, named, earlier }: UserEntity,
  { strategy, tenants }: UserRule,
): Promise<UserAlignment> {
  const rows = users.map(({ id, tenantId, username, active }) => {
    return { id, tenant: counterpartOf(tenants, tenantId), name: username, active };
  });
  const match = await matchNames(named, rows);
  const mappedEarlier = await earlierCounterparts(named, earlier, users, match.counterparts);
  const decided = [...users]
    .sort((left, right) => compareIds(left.id, right.id))
    .map((user): DecidedUser => {
      const { id, tenantId } = user;
      const tenant = tenantId === null ? undefined : tenants.rows.get(tenantId);
      const situation: Situation = {
        isIt: tenant?.isIt ?? false,
        hasPlace: !named.isPerTenant || hasPlace(tenants, tenantId),
        destinationId: match.counterparts.get(id) ?? mappedEarlier.present.get(id) ?? null,
        preferred: match.sharers.get(id) ?? null,
        twin: match.twins.get(id) ?? null,
      };
      return { user, tenant, situation, outcome: decide(strategy, situation) };
    });
  return {
    decisions: decisionsOf(key, decided, mappedEarlier.gone),
    ledger: decided.map(ledgerLine),
    missingItUsers: decided
      .filter(({ situation, outcome }) => situation.isIt && outcome.decision === 'missing')
      .map(({ user }) => user.id),
    nameless: users.filter(({ username }) => username === null || isBlank(username)).length,
    ambiguous: match.ambiguous,
  };
}

/** What is known of a user before it is decided what becomes of them. */
interface Situation {
  isIt: boolean;
  /** The destination has the user's tenant, or users have none. */
  hasPlace: boolean;
  /** Its user of the destination; null where there is none. */
  destinationId: string | null;
  /** The user of the source that is preferred for that user of the destination; null where it is this one. */
  preferred: string | null;
  /** A user of the source of the same name that is preferred, where the destination has none of that name. */
  twin: string | null;
}

type Outcome =
  | { decision: 'match' | 'update' | 'recreate'; destinationId: string }
  | { decision: 'merge'; owner: string }
  | { decision: 'create' | 'missing' };

interface DecidedUser {
  user: UserRow;
  tenant: Tenant | undefined;
  situation: Situation;
  outcome: Outcome;
}

function decide(strategy: UserStrategy, user: Situation): Outcome {
  const { destinationId, preferred, twin } = user;
  if (user.isIt) return destinationId === null ? { decision: 'missing' } : { decision: 'match', destinationId };
  if (destinationId !== null) {
    // The preferred one of two decides what the user of the destination becomes.
    if (preferred !== null) {
      return strategy === 'recreate' ? { decision: 'merge', owner: preferred } : { decision: 'match', destinationId };
    }
    const decision = strategy === 'update' || strategy === 'recreate' ? strategy : 'match';
    return { decision, destinationId };
  }
  if (strategy === 'match' || !user.hasPlace) return { decision: 'missing' };
  return twin === null ? { decision: 'create' } : { decision: 'merge', owner: twin };
}

/** @param gone users whose counterpart of an earlier run is gone. */
function decisionsOf(entity: EntityKey, decided: readonly DecidedUser[], gone: readonly string[]): Decisions {
  const decisions = noDecisions(entity);
  const { matched, updated, recreated, created, merged } = decisions;
  for (const {
    user: { id },
    outcome,
  } of decided) {
    if (outcome.decision === 'match') matched.push([id, outcome.destinationId]);
    else if (outcome.decision === 'update') updated.push([id, outcome.destinationId]);
    else if (outcome.decision === 'recreate') recreated.push([id, outcome.destinationId]);
    else if (outcome.decision === 'merge') merged.push([id, outcome.owner]);
    else if (outcome.decision === 'create') created.push(id);
  }
  const inserted = new Set(created);
  return { ...decisions, gone: gone.filter((id) => inserted.has(id)) };
}

function ledgerLine({ user, tenant, situation, outcome }: DecidedUser): LedgerLine {
  const { destinationId, preferred, twin } = situation;
  return {
    sourceId: user.id,
    username: user.username,
    tenant: tenant?.name ?? null,
    name: user.name,
    decision: outcome.decision,
    destinationId,
    sharedWith: preferred ?? (outcome.decision === 'merge' ? twin : null),
  };
}

/**
 * Users that no name leads to and an earlier run has mapped: one renamed since, or one without a user name.
 * @param counterparts what names lead to.
 * @returns destination ids by source id, and source ids of those whose counterpart is gone.
 */
async function earlierCounterparts(
  { database, table }: NamedTable,
  earlier: IdMap | null,
  users: readonly UserRow[],
  counterparts: ReadonlyMap<string, string>,
): Promise<{ present: ReadonlyMap<string, string>; gone: string[] }> {
  const mapped = users.flatMap(({ id }): IdPair[] => {
    const destinationId = counterparts.has(id) ? undefined : earlier?.get(id);
    return destinationId === undefined ? [] : [[id, destinationId]];
  });
  if (mapped.length === 0) return { present: new Map(), gone: [] };
  const destinationIds = [...new Set(mapped.map(([, id]) => id))];
  const column = requiredColumn(table, 'ID').name;
  const existing = new Set(
    await database.transaction((transaction) =>
      transaction.existingKeys({ schema: table.schema, name: table.name }, column, destinationIds),
    ),
  );
  const matched = new Set(counterparts.values());
  const isPresent = ([, destinationId]: IdPair) => existing.has(destinationId) && !matched.has(destinationId);
  return {
    present: new Map(mapped.filter(isPresent)),
    gone: mapped.filter((pair) => !isPresent(pair)).map(([id]) => id),
  };
}
