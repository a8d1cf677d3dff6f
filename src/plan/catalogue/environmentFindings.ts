import { agreeing, countOf, firstOf, grouped } from '../../wording/counts.ts';
import { blocks, mayBlock, type OfEntity, type OfNone, warns } from './findingKind.ts';

/** A right on a table that a login lacks. */
export interface LackingRight {
  table: string;
  operations: readonly string[];
  /** The statement that an administrator runs. */
  grant: string;
  /** What else there is to do. */
  otherwise?: string;
}

interface Server {
  name: string;
  /** Product and version. */
  server: string;
}

interface Comparing {
  name: string;
  collation: string | null;
}

/** Entities that a finding names. */
const named = 3;

export const environmentFindings = {
  'right-missing': blocks<OfEntity & { database: string; lacking: LackingRight | 'temporary tables' }>({
    sentence: ({ database, lacking }) =>
      lacking === 'temporary tables'
        ? `the login of '${database}' may not make temporary tables`
        : `the login of '${database}' may not ${lacking.operations.join(', ')} on ${lacking.table}`,
    remedy({ lacking }) {
      if (lacking === 'temporary tables') return 'grant it TEMPORARY on the database';
      const grant = `a database administrator can allow it: ${lacking.grant}`;
      return lacking.otherwise === undefined ? grant : `${grant}; ${lacking.otherwise}`;
    },
  }),
  'engine-differs': warns<OfNone & { here: Server; there: Server }>({
    sentence: ({ here, there }) => `'${here.name}' is ${here.server}, '${there.name}' is ${there.server}`,
    remedy: 'the same on both is advised',
  }),
  'collation-differs': warns<OfNone & { here: Comparing; there: Comparing }>({
    sentence: ({ here, there }) =>
      `'${here.name}' compares texts by ${here.collation}, '${there.name}' by ${there.collation}: ` +
      'what is unique in one need not be in the other',
  }),
  'old-compatibility-level': warns<OfNone & { database: string; level: number; least: number }>({
    sentence: ({ database, level, least }) =>
      `'${database}' has compatibility level ${level}; from ${least} on is supported`,
  }),
  'reads-wait': warns<OfNone & { database: string }>({
    sentence: ({ database }) => `reading '${database}' waits for whoever writes there`,
    remedy: 'a database administrator can allow it not to: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON',
  }),
  'little-log-space': warns<OfNone & { database: string; megabytes: number }>({
    sentence: ({ database, megabytes }) =>
      `the transaction log of '${database}' has ${grouped(megabytes)} MB left; every row goes through it`,
  }),
  'foreign-key-disabled': warns<OfEntity & { constraint: string; there: string }>({
    sentence: ({ constraint, there }) => `the constraint ${constraint} in '${there}' is disabled`,
  }),
  'foreign-key-not-trusted': warns<OfEntity & { constraint: string; there: string }>({
    sentence: ({ constraint, there }) =>
      `the constraint ${constraint} in '${there}' was never checked against the rows that are there`,
  }),
  'identity-behind': blocks<
    OfEntity & { database: string; table: string; position: bigint; largest: string; statement: string }
  >({
    sentence: ({ database, table, position, largest }) =>
      `the identity of ${table} in '${database}' stands at ${position}, below the largest id ${largest}`,
    remedy: ({ statement }) => `a database administrator can mend it: ${statement}`,
  }),
  'trigger-enabled': warns<OfEntity & { triggers: readonly string[]; there: string }>({
    sentence: ({ triggers, there }) =>
      `${triggers.join(', ')} in '${there}' ${agreeing(triggers.length, 'runs', 'run')} for every row that is ` +
      `written; the platform did not make ${agreeing(triggers.length, 'it', 'them')}`,
  }),
  'application-enabled': warns<OfNone & { application: string; there: string }>({
    sentence: ({ application, there }) =>
      `the application '${application}' is enabled in '${there}': until it is disabled in Service Center, ` +
      'its users and timers work on what is not there yet',
  }),
  'espace-locked': warns<OfNone & { module: string; there: string }>({
    sentence: ({ module, there }) =>
      `the module '${module}' is locked in '${there}'; whoever locked it may be about to publish it`,
  }),
  'sessions-open': warns<OfNone & { sessions: number; there: string }>({
    sentence: ({ sessions, there }) =>
      `${countOf(sessions, 'session')} of others ${agreeing(sessions, 'is', 'are')} open in '${there}'`,
    remedy: 'disable its applications and stop what else works there, or it sees half of what is to come',
  }),
  'users-at-work': warns<OfNone & { users: number; there: string }>({
    sentence: ({ users, there }) =>
      `${countOf(users, 'user')} logged in to '${there}' within the last hour; ` +
      'what they enter while a run writes is theirs to lose',
  }),
  'source-changes': warns<OfNone & { here: string; entities: readonly string[] }>({
    sentence: ({ here, entities }) =>
      `'${here}' is in use: rows came into ${firstOf(entities, named)} while the plan was made; ` +
      'rows that come after the plan are left for the next run, and the proof reports rows that change',
  }),
  'destination-changes': warns<OfNone & { there: string; entities: readonly string[] }>({
    sentence: ({ there, entities }) =>
      `'${there}' is in use: rows came into ${firstOf(entities, named)} while the plan was made`,
    remedy: 'disable its applications, or stop what writes there, before the run starts',
  }),
  'destination-busy': warns<OfNone & { run: string; there: string }>({
    sentence: ({ run, there }) => `the run '${run}' has '${there}': until it ends no other starts`,
    remedy: ({ run }) => `'caravel status ${run}' shows it, 'caravel cancel ${run}' ends it`,
  }),
  'event-queue-not-empty': mayBlock<OfNone & { events: number; queue: string; there: string; mayStay: boolean }>({
    blocks: ({ mayStay }) => !mayStay,
    sentence: ({ events, queue, there, mayStay }) =>
      `${countOf(events, 'event waits', 'events wait')} in ${queue} of '${there}'${mayStay ? '; they stay there' : ''}`,
    remedy: ({ mayStay }) =>
      mayStay
        ? null
        : 'let its scheduler work them off before the applications are disabled, or set "eventQueues" to "any"',
  }),
  'mapped-rows-gone': blocks<OfEntity & { gone: number; mapped: number; there: string }>({
    sentence: ({ gone, mapped, there }) =>
      `${gone} of ${mapped} rows that earlier runs migrated ${agreeing(gone, 'is', 'are')} no longer in '${there}'`,
    remedy:
      'restore them, set "destinationData" to "delete" to begin anew, or, when that database was replaced, ' +
      'give it another name in caravel.json, so that it gets id maps of its own',
  }),
};
