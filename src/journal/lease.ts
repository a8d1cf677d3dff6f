import type { Database, Queries } from '../database/port.ts';
import { integer, text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';

/** A lease not renewed for this long (ms) may be taken over where nobody can say what became of its holder. */
export const leaseTimeToLive = 120_000;

/** Proof that a run may write to a destination. Every journal write of the run carries it. */
export interface Lease {
  destination: string;
  runId: string;
  fence: number;
}

export class LeaseHeldError extends Error {
  readonly holder: string;
  constructor(destination: string, holder: string) {
    super(
      `another run, '${holder}', is writing to '${destination}'; wait for it or end it with 'caravel cancel ${holder}'`,
    );
    this.name = 'LeaseHeldError';
    this.holder = holder;
  }
}

export class LeaseLostError extends Error {
  constructor({ runId, destination }: Pick<Lease, 'runId' | 'destination'>) {
    super(`run '${runId}' no longer holds the destination '${destination}'; another run took over`);
    this.name = 'LeaseLostError';
  }
}

/** What became of a run, by its workflow. */
export type HolderState = 'open' | 'closed' | 'unknown';

/**
 * Takes the destination for a run, or finds that the run holds it already. A lease of another run is taken over when
 * its workflow is closed, or unknown and the lease not renewed for `leaseTimeToLive`. A worker of that run that still
 * breathes is fenced off: it can write no intent any more, and what it had in flight is reconciled from its last one.
 * @throws LeaseHeldError
 */
export async function acquireLease(
  journal: Database,
  destination: string,
  runId: string,
  stateOf: (runId: string) => Promise<HolderState>,
): Promise<Lease> {
  return journal.transaction(async (transaction) => {
    await transaction.lock(`caravel lease ${destination}`, 60_000);
    const now = await transaction.now();
    const [lease] = await transaction.query(
      sql`select run_id as holder, fence, renewed_ms from caravel_lease where destination = ${destination}`,
      { holder: text, fence: integer, renewedMs: integer },
    );
    if (lease === undefined) {
      await transaction.execute(
        sql`insert into caravel_lease (destination, run_id, fence, renewed_ms)
          values (${destination}, ${runId}, 1, ${now})`,
      );
      return { destination, runId, fence: 1 };
    }
    const { holder, fence, renewedMs } = lease;
    if (holder === runId) return { destination, runId, fence };
    const state = holder === '' ? 'closed' : await stateOf(holder);
    const expired = now - renewedMs > leaseTimeToLive;
    if (state === 'open' || (state === 'unknown' && !expired)) throw new LeaseHeldError(destination, holder);
    await transaction.execute(
      sql`update caravel_lease set run_id = ${runId}, fence = ${fence + 1}, renewed_ms = ${now}
        where destination = ${destination}`,
    );
    return { destination, runId, fence: fence + 1 };
  });
}

/**
 * Renews the lease; first statement of every journal transaction of a run, so that a run that lost its lease writes
 * nothing.
 * @throws LeaseLostError
 */
export async function renewLease(queries: Queries, lease: Lease): Promise<void> {
  const rows = await queries.execute(
    sql`update caravel_lease set renewed_ms = ${await queries.now()}
      where destination = ${lease.destination} and run_id = ${lease.runId} and fence = ${lease.fence}`,
  );
  if (rows !== 1) throw new LeaseLostError(lease);
}

/** The lease that a run holds. @throws LeaseLostError */
export async function leaseOf(queries: Queries, destination: string, runId: string): Promise<Lease> {
  const [lease] = await queries.query(
    sql`select fence from caravel_lease where destination = ${destination} and run_id = ${runId}`,
    { fence: integer },
  );
  if (lease === undefined) throw new LeaseLostError({ runId, destination });
  return { destination, runId, ...lease };
}

/** Who holds the destination; null when nobody does. */
export async function leaseHolder(queries: Queries, destination: string): Promise<string | null> {
  const [lease] = await queries.query(
    sql`select run_id as holder from caravel_lease where destination = ${destination}`,
    { holder: text },
  );
  return lease === undefined || lease.holder === '' ? null : lease.holder;
}

/** Gives the destination back. Does nothing when the run no longer holds it. */
export async function releaseLease(queries: Queries, destination: string, runId: string): Promise<void> {
  await queries.execute(
    sql`update caravel_lease set run_id = '', renewed_ms = 0
      where destination = ${destination} and run_id = ${runId}`,
  );
}
