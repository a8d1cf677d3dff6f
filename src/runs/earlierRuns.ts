import type { Database } from '../database/port.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { halfCleared } from '../journal/emptying.ts';
import { leaseHolder } from '../journal/lease.ts';
import { Findings } from '../plan/findings.ts';
import { nameOf } from '../plan/plan.ts';
import type { EarlierRuns, PlanOutline, PlanRequest } from '../planning/questions/request.ts';
import { findVanishedRows } from '../verification/vanishedRows.ts';

/**
 * What the journal knows of earlier runs between two environments, and of one that has the destination now.
 * @param plan the pair's id, null where no run has ever joined the two; the run that is planned, null for none.
 * @throws DatabaseError
 */
export async function earlierRuns(
  journal: Database,
  { spec, destination }: Pick<PlanRequest, 'spec' | 'destination'>,
  { pairId, runId }: { pairId: string | null; runId: string | null },
): Promise<EarlierRuns> {
  const busy = await otherRun(journal, spec.destination, runId);
  if (pairId === null) return { mapOf: async () => null, findingsOn: async () => busy };
  return {
    async mapOf(entity) {
      const map = await loadIdMap(journal, { pairId, entity }, 'integer');
      return map.size > 0 ? map : null;
    },
    async findingsOn(plan) {
      const complete = { ...plan, blocking: [], warnings: [] };
      return new Findings().merge(
        await findVanishedRows({ destination, journal, pairId }, complete),
        await halfClearedTables(journal, plan),
        busy,
      );
    },
  };
}

/** What a run began to empty and did not: references of rows that are still there may be NULL by now. */
async function halfClearedTables(
  journal: Database,
  { destination, entities, emptied = [] }: PlanOutline,
): Promise<Findings> {
  const findings = new Findings();
  const emptiedAgain = new Set(emptied.map(({ table }) => table.name));
  for (const { table, runId } of await halfCleared(journal, destination)) {
    const entity = entities.find((one) => one.destination?.table === table);
    if (emptiedAgain.has(table) || entity === undefined) continue;
    findings.add('emptying-unfinished', { entity: nameOf(entity), run: runId, table, there: destination });
  }
  return findings;
}

/**
 * Only one run writes to a destination at a time. Whether one that has it still goes on, its workflow tells when the
 * next one starts.
 */
async function otherRun(journal: Database, destination: string, runId: string | null): Promise<Findings> {
  const findings = new Findings();
  const holder = await leaseHolder(journal, destination);
  if (holder !== null && holder !== runId) findings.add('destination-busy', { run: holder, there: destination });
  return findings;
}
