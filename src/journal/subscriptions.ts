import type { Queries } from '../database/port.ts';
import { bytes, integer, text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';

/** Subscriptions of one event table that the journal holds while the destination's table is empty, packed, in parts. */
export interface HeldSubscriptions {
  runId: string;
  rows: number;
  content: Uint8Array;
}

/** What runs took out of an event table of a destination and have not put back. */
export async function readHeld(
  queries: Queries,
  destination: string,
  eventTable: string,
): Promise<HeldSubscriptions[]> {
  return queries.query(
    sql`select run_id, row_count as rows, content from caravel_subscription
      where destination = ${destination} and event_table = ${eventTable} and state = 'held' order by run_id, part`,
    { runId: text, rows: integer, content: bytes },
  );
}

/** Keeps what a run takes out of an event table, in place of everything held of that table before: it is part of it. */
export async function holdSubscriptions(
  queries: Queries,
  { runId, destination, eventTable }: { runId: string; destination: string; eventTable: string },
  parts: readonly Omit<HeldSubscriptions, 'runId'>[],
): Promise<void> {
  await markReturned(queries, destination, eventTable);
  await queries.execute(sql`delete from caravel_subscription where run_id = ${runId} and event_table = ${eventTable}`);
  for (const [part, { rows, content }] of parts.entries()) {
    await queries.execute(
      sql`insert into caravel_subscription (run_id, destination, event_table, part, state, row_count, content)
        values (${runId}, ${destination}, ${eventTable}, ${part}, 'held', ${rows}, ${content})`,
    );
  }
}

/** The subscriptions of an event table are in the destination again. */
export async function markReturned(queries: Queries, destination: string, eventTable: string): Promise<void> {
  await queries.execute(
    sql`update caravel_subscription set state = 'returned'
      where destination = ${destination} and event_table = ${eventTable} and state = 'held'`,
  );
}
