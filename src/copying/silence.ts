import type { Queries, Row, Transaction } from '../database/port.ts';
import { queryRows } from '../database/queries.ts';
import { sql } from '../database/sql.ts';
import type { RunJournal } from '../journal/runJournal.ts';
import { holdSubscriptions, readHeld } from '../journal/subscriptions.ts';
import type { EventTable } from '../plan/eventTable.ts';
import { packSubscriptions, union, unpackSubscriptions } from '../processes/subscriptions.ts';
import type { CopyContext, LockControl } from '../writing/context.ts';
import { takeLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';

/** Subscriptions of one row of the journal. */
const rowsAtOnce = 5_000;

/**
 * Takes the subscriptions out of an event table, into the journal: until they are back, the triggers of its entity find
 * nothing to start (guide, "Disable BPT Triggers"; trap 18). They are in the journal before they leave the destination,
 * and what an earlier run left there is part of it. Called again it takes out what was added since, and loses and
 * doubles nothing: whatever is both held and in the table is one and the same.
 * @throws DatabaseError, LeaseLostError
 */
export async function silence(context: CopyContext, table: EventTable, control: LockControl): Promise<void> {
  const { journal, destination } = context;
  await destination.transaction(async (transaction) => {
    await lockEvents(transaction, table, control);
    const present = await readSubscriptions(transaction, table);
    const held = await heldOf(journal, table);
    const all = union(held, present);
    await journal.transaction(async (queries) => {
      const parts = Array.from({ length: Math.ceil(all.length / rowsAtOnce) }, (_, part) => {
        const rows = all.slice(part * rowsAtOnce, (part + 1) * rowsAtOnce);
        return { rows: rows.length, content: packSubscriptions(rows) };
      });
      const { runId, lease } = journal;
      const place = { runId, destination: lease.destination, eventTable: table.destination.name };
      await holdSubscriptions(queries, place, parts);
    });
    failpoint('silence', 'before', table.name);
    if (present.length > 0) await transaction.execute(sql`delete from ${sql.table(table.destination)}`);
    failpoint('silence', 'after', table.name);
  });
  failpoint('silenceCommit', 'after', table.name);
}

/**
 * Whoever writes the entity's rows is waited for: its triggers see the event table as it is before, or as it is after.
 */
export async function lockEvents(
  transaction: Transaction,
  { of, destination, name }: EventTable,
  control: LockControl,
): Promise<void> {
  await takeLock(transaction, of, name, control);
  await takeLock(transaction, destination, name, control);
}

/** Subscriptions that the journal holds of an event table. */
export async function heldOf({ database, lease }: RunJournal, table: EventTable): Promise<Row[]> {
  const held = await readHeld(database, lease.destination, table.destination.name);
  return held.flatMap(({ content }) => unpackSubscriptions(content));
}

/** Every row of the event table, in the order of its columns. */
export async function readSubscriptions(queries: Queries, { destination }: EventTable): Promise<Row[]> {
  const columns = destination.columns.map((column) => sql.id(column));
  return queryRows(queries, columns, sql`from ${sql.table(destination)}`);
}
