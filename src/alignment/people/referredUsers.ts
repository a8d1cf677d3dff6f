import { Findings } from '../../plan/findings.ts';
import type { PeopleSummary } from '../../plan/summaries.ts';
import { type Counterparts, counterpartsOf } from './counterparts.ts';
import type { Decisions } from './decisions.ts';
import { readUsers, type UserRow } from './domain.ts';
import { userTable } from './peopleTables.ts';
import type { PeopleEntities, PeopleRequest } from './request.ts';
import { alignUsers, type LedgerLine, type UserAlignment } from './users.ts';

/** Source ids of users. */
export interface NeededUsers {
  /** Those that the data to be migrated refers to. */
  referred: ReadonlySet<string>;
  /** With those that groups to be migrated bring along. */
  all: ReadonlySet<string>;
}

export interface AlignedUsers {
  decisions: Decisions;
  summary: PeopleSummary['users'];
  ledger: LedgerLine[];
  counterparts: Counterparts;
  /** Source ids of the tenants that the users belong to. */
  tenants: Set<string>;
  findings: Findings;
}

/** Reads the users that are needed, and decides what becomes of each. @throws DatabaseError */
export async function alignNeededUsers(
  request: PeopleRequest,
  entities: PeopleEntities,
  needed: NeededUsers,
): Promise<AlignedUsers> {
  const { source, strategy, tenants, known } = request;
  const key = entities.keyOf(userTable);
  const users = await readUsers(source, needed.all);
  const entity = { key, named: entities.named(userTable, 'USERNAME'), earlier: await known(key) };
  const aligned = await alignUsers(users, entity, { strategy, tenants });
  const { decisions, ledger } = aligned;
  return {
    decisions,
    ledger,
    summary: {
      matched: decisions.matched.length,
      // Who shares a user with another one is no user more.
      created: decisions.created.length,
      updated: decisions.updated.length,
      recreated: decisions.recreated.length,
      missing: missingOf(aligned),
    },
    counterparts: counterpartsOf(decisions),
    tenants: new Set(users.flatMap(({ tenantId }) => tenantId ?? [])),
    findings: findingsOf(request, entities.nameOf(userTable), aligned, orphansAmong(users, needed)),
  };
}

const missingOf = ({ ledger }: UserAlignment) => ledger.filter(({ decision }) => decision === 'missing').length;

/** Users that data refers to and the source itself does not have. */
interface Orphans {
  referred: ReadonlySet<string>;
  orphans: number;
}

function orphansAmong(users: readonly UserRow[], { referred }: NeededUsers): Orphans {
  const existing = new Set(users.map(({ id }) => id));
  return { referred, orphans: [...referred].filter((id) => !existing.has(id)).length };
}

function findingsOf(
  { source, destination, strategy, mustBeThere }: PeopleRequest,
  entity: string,
  aligned: UserAlignment,
  { referred, orphans }: Orphans,
): Findings {
  const findings = new Findings();
  const there = destination.catalog.environment;
  const missing = missingOf(aligned);
  const { missingItUsers, ambiguous, nameless } = aligned;
  if (strategy === 'match' && missing > 0) {
    findings.add('user-missing', { entity, missing, referred: referred.size, there });
  } else if (missingItUsers.length > 0) {
    const isNeeded = missingItUsers.some((id) => referred.has(id));
    const facts = { entity, missing: missingItUsers.length, there };
    findings.add('it-user-missing', { ...facts, mustBeThere: mustBeThere && isNeeded });
  }
  if (strategy === 'match' && orphans > 0) {
    findings.add('user-orphaned', { entity, users: orphans, here: source.catalog.environment });
  }
  if (ambiguous > 0) findings.add('user-ambiguous', { entity, names: ambiguous, there });
  const sharing = aligned.ledger.filter(({ sharedWith }) => sharedWith !== null).length;
  if (sharing > 0) findings.add('users-fall-together', { entity, users: sharing, there });
  if (nameless > 0) findings.add('user-nameless', { entity, users: nameless });
  return findings;
}
