import type { Queries, Row, TableName, Transaction } from '../database/port.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { insertIssues, type NewIssue, newIssue, subscriptionSetAside } from '../journal/issues.ts';
import type { EntityJournal, RunJournal } from '../journal/runJournal.ts';
import { insertSegment, nextOrdinal, readSegments, type Segment } from '../journal/segments.ts';
import { markReturned } from '../journal/subscriptions.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { sameName } from '../outsystems/naming.ts';
import type { EventTable } from '../plan/eventTable.ts';
import { activityColumn, activityColumnOf } from '../processes/eventTables.ts';
import { countQueued } from '../processes/queues.ts';
import {
  activitiesOf,
  missingRows,
  subscriptionsOfLiving,
  translateSubscription,
  union,
} from '../processes/subscriptions.ts';
import type { CopyContext, CopyControl, LockControl } from '../writing/context.ts';
import { failpoint } from '../writing/failpoints.ts';
import { fingerprint, packFingerprints, unpackFingerprints } from '../writing/fingerprint.ts';
import { loadTargetMaps } from './entityCopy.ts';
import { eventsQueued } from './errors.ts';
import { heldOf, lockEvents, readSubscriptions } from './silence.ts';

/** What is added to an event table besides what was there before. */
interface Additions {
  rows: Row[];
  /** Fingerprints of the source's subscriptions that were added, so that a later run leaves them alone. */
  prints: bigint[];
  /** Those that were set aside: this run has said so. */
  setAside: bigint[];
  issues: NewIssue[];
}

const nothing: Additions = { rows: [], prints: [], setAside: [], issues: [] };

/**
 * Gives an event table its subscriptions back, as they were, and adds those of the source's activities that were
 * migrated (guide, "Migrate Hybrid BPT Events Data"). The rows have no key: under the lock, in one transaction, exactly
 * what is missing is inserted, so that called again it inserts nothing (trap 21).
 * @throws DatabaseError, LeaseLostError
 */
export async function subscribe(context: CopyContext, table: EventTable, control: CopyControl): Promise<void> {
  const { source } = table;
  const additions = source === null ? nothing : await additionsOf(context, { ...table, source }, control);
  await giveBack(context, table, additions, control);
  control.onBatch(additions.rows.length);
}

/**
 * Gives an event table back what the journal holds of it, and nothing else: after a run that did not finish.
 * @returns rows that were missing. @throws DatabaseError, LeaseLostError
 */
export async function restoreSubscriptions(
  context: Pick<CopyContext, 'journal' | 'destination'>,
  table: EventTable,
  control: LockControl,
): Promise<number> {
  return giveBack(context, table, nothing, control);
}

/** While the run wrote, nothing may have been queued. @throws CopyError `events-queued`; DatabaseError */
export async function checkQueues({ destination, plan }: CopyContext): Promise<void> {
  for (const queue of plan.queues ?? []) {
    const queued = (await countQueued(destination, queue)) - queue.queued;
    if (queued > 0) throw eventsQueued(queue.name, queued);
  }
}

async function giveBack(
  context: Pick<CopyContext, 'journal' | 'destination'>,
  table: EventTable,
  { rows, prints, setAside, issues }: Additions,
  control: LockControl,
): Promise<number> {
  const { journal, destination } = context;
  const { schema, name: eventTable, columns } = table.destination;
  const held = await heldOf(journal, table);
  if (held.length === 0 && prints.length === 0 && issues.length === 0) return 0;
  const inserted = await destination.transaction(async (transaction) => {
    await lockEvents(transaction, table, control);
    const present = await readSubscriptions(transaction, table);
    const living = await heldOfLiving(transaction, table, held);
    // What is held and what is added may be the same: a run that died between the two commits below had added it
    // before.
    const absent = missingRows(union(living, rows), present);
    failpoint('subscribe', 'before', table.name);
    if (absent.length > 0) {
      const stage = await transaction.stage({ schema, name: eventTable }, columns, absent);
      await transaction.insertStaged(stage, null);
    }
    failpoint('subscribe', 'after', table.name);
    return absent.length;
  });
  failpoint('subscribeCommit', 'after', table.name);
  await journal.transaction(async (queries) => {
    await markReturned(queries, journal.lease.destination, eventTable);
    if (issues.length > 0) await insertIssues(queries, journal.runId, activityColumnOf(table).target, issues);
    await keepPrints(queries, journal.of(subscriptionsOf(table.entity)), prints);
    await keepPrints(queries, journal.of(setAsideOf(table.entity)), setAside);
  });
  failpoint('subscribeClose', 'after', table.name);
  return inserted;
}

async function keepPrints(queries: Queries, { pairId, runId, entity }: EntityJournal, prints: bigint[]) {
  if (prints.length === 0) return;
  await insertSegment(queries, pairId, entity, {
    ordinal: await nextOrdinal(queries, pairId, entity),
    runId,
    coding: 'rows',
    rows: prints.length,
    content: packFingerprints(BigUint64Array.from(prints)),
  });
}

/** Of what is held, what still means something: a run that deletes activities deletes their subscriptions. */
async function heldOfLiving(transaction: Transaction, table: EventTable, held: Row[]): Promise<Row[]> {
  const { activities, destination } = table;
  const column = destination.columns.findIndex((name) => sameName(name, activityColumn));
  if (activities === undefined || column < 0) return held;
  const ids = activitiesOf(held, column);
  const living = await transaction.existingKeys(activities.table, activities.identifier, ids);
  return subscriptionsOfLiving(held, column, new Set(living));
}

/**
 * Under these names the journal keeps which subscriptions to an entity's events were added, and which a run set aside.
 */
const subscriptionsOf = (entity: EntityKey) => `events of ${entity}`;
const setAsideOf = (entity: EntityKey) => `events set aside of ${entity}`;

/** An event table whose subscriptions the source has too. */
type SharedEventTable = EventTable & { source: TableName };

async function additionsOf(context: CopyContext, table: SharedEventTable, control: CopyControl): Promise<Additions> {
  const { journal, source, batch } = context;
  const { runId } = journal;
  const isOwn = (segment: Segment) => segment.runId === runId;
  const names = [subscriptionsOf(table.entity), setAsideOf(table.entity)];
  const own = new KnownPrints(await readPrints(journal, names, isOwn));
  const earlier = new KnownPrints(await readPrints(journal, names.slice(0, 1), (one) => !isOwn(one)));
  const targets = table.columns.flatMap(({ target }) => (target === null ? [] : [{ target }]));
  const mapOf = await loadTargetMaps(context, targets, null);
  const { place: activityPlace, target: activities } = activityColumnOf(table);
  // No earlier run knew of an activity that this run copied: what it knew was deleted since.
  const arrived = await loadIdMap(journal.database, journal.of(activities), 'integer', isOwn);
  const isArriving = (row: Row) => arrived.get(String(row[activityPlace])) !== undefined;
  const additions: Additions = { rows: [], prints: [], setAside: [], issues: [] };
  const pages = source.readRows({
    table: table.source,
    columns: [...table.columns.map(({ source: name }) => name), ...table.sourceOnly],
    key: null,
    batch,
  });
  for await (const page of pages) {
    control.signal.throwIfAborted();
    for (const row of page) {
      const translated = translateSubscription(table, row, mapOf);
      if ('staysBehind' in translated) continue;
      const print = fingerprint(row, [...row.keys()]);
      if (own.take(print) || (!isArriving(row) && earlier.take(print))) continue;
      if ('row' in translated) {
        additions.rows.push(translated.row);
        additions.prints.push(print);
      } else {
        additions.setAside.push(print);
        additions.issues.push(newIssue(subscriptionSetAside, translated.activity, translated.why));
      }
    }
  }
  return additions;
}

async function readPrints(
  { database, pairId }: RunJournal,
  names: EntityKey[],
  isMeant: (segment: Segment) => boolean,
): Promise<bigint[]> {
  const segments = (await Promise.all(names.map((name) => readSegments(database, pairId, name)))).flat();
  return segments.filter(isMeant).flatMap(({ content }) => [...unpackFingerprints(content)]);
}

/** Subscriptions that were dealt with, each as many times as there were. */
class KnownPrints {
  readonly #times = new Map<bigint, number>();

  constructor(prints: readonly bigint[]) {
    for (const print of prints) this.#times.set(print, (this.#times.get(print) ?? 0) + 1);
  }

  /** @returns false for one that was not dealt with, or not as often. */
  take(print: bigint): boolean {
    const times = this.#times.get(print) ?? 0;
    if (times > 0) this.#times.set(print, times - 1);
    return times > 0;
  }
}
