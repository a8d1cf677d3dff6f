import type { Queries, Row } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { insertIssues, type NewIssue } from '../journal/issues.ts';
import { renewLease } from '../journal/lease.ts';
import { insertSegment, nextOrdinal, readSegments } from '../journal/segments.ts';
import { markReturned } from '../journal/subscriptions.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { activityColumn, type EventTable } from '../processes/eventTables.ts';
import { countQueued } from '../processes/queues.ts';
import { lacking, translateSubscription, union } from '../processes/subscriptions.ts';
import type { CopyContext, CopyControl } from './context.ts';
import { eventsQueued } from './errors.ts';
import { failpoint } from './failpoints.ts';
import { fingerprint, packFingerprints, unpackFingerprints } from './fingerprint.ts';
import { heldOf, lockEvents, readSubscriptions } from './silence.ts';

/** What is added to an event table besides what was there before. */
interface Additions {
  rows: Row[];
  /** Fingerprints of the source's subscriptions that were dealt with, so that a later run leaves them alone. */
  prints: bigint[];
  issues: NewIssue[];
}

const nothing: Additions = { rows: [], prints: [], issues: [] };

/**
 * Gives an event table its subscriptions back, as they were, and adds those of the source's activities that were migrated
 * (guide, "Migrate Hybrid BPT Events Data"). The rows have no key: under the lock, in one transaction, exactly what is lacking is
 * inserted, so that called again it inserts nothing (trap 21).
 * @throws DatabaseError, LeaseLostError
 */
export async function subscribe(context: CopyContext, table: EventTable, control: CopyControl): Promise<void> {
  const additions = table.source === null ? nothing : await additionsOf(context, table, control);
  await giveBack(context, table, additions, control);
  control.onBatch(additions.rows.length);
}

/**
 * Gives an event table back what the journal holds of it, and nothing else: after a run that did not finish.
 * @returns rows that were lacking. @throws DatabaseError, LeaseLostError
 */
export async function restoreSubscriptions(
  context: Pick<CopyContext, 'journal' | 'destination' | 'lease' | 'pairId' | 'runId'>,
  table: EventTable,
  control: Pick<CopyControl, 'signal' | 'onWaiting'>,
): Promise<number> {
  return giveBack(context, table, nothing, control);
}

/** While the run wrote, nothing may have been queued. @throws CopyError `events-queued`; DatabaseError */
export async function checkQueues({ destination, plan }: CopyContext): Promise<void> {
  for (const queue of plan.queues ?? []) {
    const queued = (await countQueued(destination, destination, queue)) - queue.queued;
    if (queued > 0) throw eventsQueued(queue.name, queued);
  }
}

async function giveBack(
  context: Pick<CopyContext, 'journal' | 'destination' | 'lease' | 'pairId' | 'runId'>,
  table: EventTable,
  { rows, prints, issues }: Additions,
  control: Pick<CopyControl, 'signal' | 'onWaiting'>,
): Promise<number> {
  const { journal, destination, lease, pairId, runId } = context;
  const { schema, name: eventTable, columns } = table.destination;
  const held = await heldOf(journal, lease.destination, table);
  if (held.length === 0 && prints.length === 0) return 0;
  const inserted = await destination.transaction(async (transaction) => {
    await lockEvents(transaction, table, control);
    const there = await readSubscriptions(transaction, destination.quote, table);
    // What is held and what is added may be the same: a run that died between the two commits below had added it before.
    const absent = lacking(union(held, rows), there);
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
    await renewLease(queries, lease);
    await markReturned(queries, lease.destination, eventTable);
    if (prints.length === 0) return;
    const entity = subscriptionsOf(table.entity);
    await insertSegment(queries, pairId, entity, {
      ordinal: await nextOrdinal(queries, pairId, entity),
      runId,
      coding: 'rows',
      rows: prints.length,
      content: packFingerprints(BigUint64Array.from(prints)),
    });
    await insertIssues(queries, runId, activitiesOf(table), issues);
  });
  failpoint('subscribeClose', 'after', table.name);
  return inserted;
}

/** The entity of the activities that subscriptions belong to. */
const activitiesOf = ({ columns }: EventTable): EntityKey =>
  columns.find(({ source }) => source.toUpperCase() === activityColumn)!.target!;

/** Under this name the journal keeps which subscriptions to an entity's events were dealt with. */
const subscriptionsOf = (entity: EntityKey) => `events of ${entity}`;

async function additionsOf(context: CopyContext, table: EventTable, control: CopyControl): Promise<Additions> {
  const known = await knownPrints(context.journal, context.pairId, table.entity);
  const mapOf = await loadMaps(context, table);
  const additions: Additions = { rows: [], prints: [], issues: [] };
  const pages = context.source.readRows({
    table: table.source!,
    columns: [...table.columns.map(({ source }) => source), ...table.sourceOnly],
    key: null,
    batch: context.batch,
  });
  for await (const page of pages) {
    control.signal.throwIfAborted();
    for (const row of page) {
      const translated = translateSubscription(table, row, mapOf);
      if ('staysBehind' in translated) continue;
      const print = fingerprint(row, [...row.keys()]);
      const times = known.get(print) ?? 0;
      if (times > 0) {
        known.set(print, times - 1);
        continue;
      }
      additions.prints.push(print);
      if ('row' in translated) additions.rows.push(translated.row);
      else {
        const reason = `an event subscription of this activity is not migrated: ${translated.reason}`;
        additions.issues.push({ sourceId: translated.activity, code: 'subscription-set-aside', reason });
      }
    }
  }
  return additions;
}

/** Subscriptions that earlier runs dealt with, each as many times as there were. */
async function knownPrints(journal: Queries, pairId: string, entity: EntityKey): Promise<Map<bigint, number>> {
  const known = new Map<bigint, number>();
  for (const { content } of await readSegments(journal, pairId, subscriptionsOf(entity))) {
    for (const print of unpackFingerprints(content)) known.set(print, (known.get(print) ?? 0) + 1);
  }
  return known;
}

async function loadMaps(
  { journal, pairId, plan }: CopyContext,
  { columns }: EventTable,
): Promise<(target: EntityKey) => IdMap> {
  const types = new Map(plan.entities.map(({ key, identifierType }) => [key, identifierType]));
  const maps = new Map<EntityKey, IdMap>();
  for (const { target } of columns) {
    if (target === null || maps.has(target)) continue;
    maps.set(target, await loadIdMap(journal, pairId, target, types.get(target) ?? 'integer'));
  }
  return (target) => maps.get(target)!;
}
