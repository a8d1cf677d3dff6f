import type { RowRead, Transaction } from '../database/port.ts';
import { IdSet } from '../identity/idSet.ts';
import { loadIdMap, remap } from '../identity/mapStore.ts';
import { dropMap, type EmptyingStep, noteStep, readSteps } from '../journal/emptying.ts';
import { pairsTo } from '../journal/runs.ts';
import type { EmptiedTable } from '../plan/plan.ts';
import type { CopyContext, CopyControl, CopyOutcome } from '../writing/context.ts';
import { takeLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { inSlices } from '../writing/slices.ts';
import { outsideRowsCame } from './errors.ts';
import { GoingInstances } from './goingInstances.ts';

/** Ids of one page, when they are only looked at. */
const page = { rows: 50_000, bytes: 4 * 1024 * 1024 };

/**
 * Empties what the plan says of the destination (guide, "Destination Entities Data"): first the references that close
 * circles become NULL, then the rows go, table by table, those that refer to others first. Every batch is one
 * transaction under the table's lock, in which the journal is asked whether the table is done: a worker that was taken
 * for dead deletes nothing that was written since. The id maps go after the rows, so that a run that ends in between
 * leaves maps of rows that are gone, which the next plan sees, and never rows without a map, which would be copied
 * twice.
 * @throws EmptyingError, DatabaseError, LeaseLostError; AbortSignal's reason when cancelled
 */
export async function emptyDestination(context: CopyContext, control: CopyControl): Promise<CopyOutcome> {
  const tables = context.plan.emptied ?? [];
  const going = await GoingInstances.load(context, tables);
  const steps: [EmptyingStep, EmptiedTable[]][] = [
    ['cleared', tables.filter(({ nulled }) => nulled.length > 0)],
    ['emptied', tables],
  ];
  for (const [step, tablesOfStep] of steps) {
    for (const table of tablesOfStep) {
      const outcome = await takeStep({ context, control, table, step }, going);
      if (outcome !== 'done') return outcome;
    }
  }
  return 'done';
}

/** One step of emptying one table. */
interface TableStep {
  context: CopyContext;
  control: CopyControl;
  table: EmptiedTable;
  step: EmptyingStep;
  /** Ids that rows must hold to go; null where all rows do. */
  owners: string[] | null;
}

async function takeStep(given: Omit<TableStep, 'owners'>, going: GoingInstances): Promise<CopyOutcome> {
  const { context, control, table } = given;
  if (await isDone(given)) return 'done';
  const step = { ...given, owners: await going.ownersOf(table) };
  let touched = 0;
  do {
    const outcome = await inSlices(batchesOf(step), control, async (ids) => {
      control.signal.throwIfAborted();
      const rows = await underLock(step, (transaction) => workOn(step, transaction, ids));
      if (rows === null) return 'done';
      touched += rows;
      control.onBatch(rows);
      return ids === null && rows === 0 ? 'done' : context.journal.control();
    });
    if (outcome !== 'done' || (await isDone(step))) return outcome;
    // Rows may have been added while the last ones were deleted.
  } while (!(await finish(step, touched)));
  return 'done';
}

const isDone = async ({ context: { journal }, table, step }: Omit<TableStep, 'owners'>): Promise<boolean> =>
  (await readSteps(journal.database, journal.runId, table.table.name)).has(step);

/** Identifiers of the rows that a step is about, batch by batch; null, without end, of a table that has none. */
async function* batchesOf({ context, table: emptied, step, owners }: TableStep): AsyncGenerator<string[] | null> {
  const { destination, batch: size } = context;
  const { table, identifier, nulled, instances } = emptied;
  if (identifier === null) for (;;) yield null;
  if (step === 'emptied' && owners !== null && instances?.column === identifier) {
    // Processes: in the order that the plan gave them.
    for (let at = 0; at < owners.length; at += size.rows) yield owners.slice(at, at + size.rows);
    return;
  }
  const read: RowRead = { table, columns: [identifier], key: identifier, batch: size };
  if (step === 'cleared') read.anyNotNull = nulled;
  if (owners !== null && instances?.column === identifier) read.keys = owners;
  else if (owners !== null && instances !== undefined) read.among = { column: instances.column, keys: owners };
  for await (const rows of destination.readRows(read)) yield rows.map(([id]) => String(id));
}

/** @returns null where another worker has finished the step. */
async function underLock(
  { context: { destination, journal }, control, table: { table, name }, step }: TableStep,
  work: (transaction: Transaction) => Promise<number>,
): Promise<number | null> {
  const { runId } = journal;
  const rows = await destination.transaction(async (transaction) => {
    await takeLock(transaction, table, name, control);
    const done = await journal.transaction(async (queries) => {
      const steps = await readSteps(queries, runId, table.name);
      if (step === 'cleared' && steps.size === 0) {
        await noteStep(queries, { runId, table: table.name, step: 'clearing', rows: 0 });
      }
      return steps;
    });
    if (done.has(step)) return null;
    failpoint(step === 'cleared' ? 'clear' : 'empty', 'before', name);
    const touched = await work(transaction);
    failpoint(step === 'cleared' ? 'clear' : 'empty', 'after', name);
    return touched;
  });
  failpoint('emptyCommit', 'after', name);
  return rows;
}

/** Clears or deletes the rows of a batch. @returns rows changed. */
async function workOn(
  { context, table: emptied, step }: TableStep,
  transaction: Transaction,
  ids: string[] | null,
): Promise<number> {
  const { table, identifier, nulled } = emptied;
  if (ids === null || identifier === null) return transaction.deleteSome(table, context.batch.rows);
  if (step === 'cleared') return transaction.clearColumns(table, identifier, ids, nulled);
  return remove(transaction, { ...emptied, identifier }, ids);
}

async function remove(
  transaction: Transaction,
  { table, name, identifier, cascades, subscriptions = [] }: EmptiedTable & { identifier: string },
  ids: string[],
): Promise<number> {
  for (const { schema, table: other, column } of cascades) {
    // The plan saw none, but applications may have written to the destination since.
    const held = await transaction.existingKeys({ schema, name: other }, column, ids);
    if (held.length > 0) throw outsideRowsCame(name, other, column, held.length);
  }
  for (const { schema, table: events, column } of subscriptions) {
    await transaction.deleteKeys({ schema, name: events }, column, ids);
  }
  return transaction.deleteKeys(table, identifier, ids);
}

/**
 * Notes that a step is done, and forgets the rows that are gone.
 * @returns false where rows were added meanwhile.
 */
async function finish({ context, control, table, step, owners }: TableStep, rows: number): Promise<boolean> {
  const { destination, journal } = context;
  const { runId } = journal;
  const pairs = await pairsTo(journal.database, journal.lease.destination);
  const gone = step === 'emptied' && owners !== null ? await goneRows(context, table, pairs) : null;
  const finished = await destination.transaction(async (transaction) => {
    await takeLock(transaction, table.table, table.name, control);
    if (step === 'emptied' && owners === null && (await transaction.count(table.table)) > 0) return false;
    await journal.transaction(async (queries) => {
      if ((await readSteps(queries, runId, table.table.name)).has(step)) return;
      for (const pairId of step === 'emptied' ? pairs : []) {
        const lost = gone?.get(pairId);
        if (lost === undefined) await dropMap(queries, pairId, table.key);
        else await remap(queries, { pairId, runId, entity: table.key }, [], lost);
      }
      await noteStep(queries, { runId, table: table.table.name, step, rows });
    });
    return true;
  });
  failpoint('emptyClose', 'after', table.name);
  return finished;
}

/** Source ids, by pair, whose rows of a table of instances are no longer there. */
async function goneRows(
  { destination, journal }: CopyContext,
  { table, identifier, key }: EmptiedTable,
  pairs: readonly string[],
): Promise<Map<string, Set<string>>> {
  const present = new IdSet();
  if (identifier === null) throw new Error(`${table.name} has no identifier by which its instances are known`);
  const ids = { table, columns: [identifier], key: identifier, batch: page };
  for await (const rows of destination.readRows(ids)) for (const [id] of rows) present.add(String(id));
  const gone = new Map<string, Set<string>>();
  for (const pair of pairs) {
    const map = await loadIdMap(journal.database, { pairId: pair, entity: key }, 'integer');
    const lost = new Set<string>();
    for (const [source, destination] of map.entries()) if (!present.has(destination)) lost.add(source);
    gone.set(pair, lost);
  }
  return gone;
}
