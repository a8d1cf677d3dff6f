import { listProgress, saveVerification, type Verification } from '../journal/progress.ts';
import { getRun } from '../journal/runs.ts';
import { nameOf } from '../plan/plan.ts';
import type { VerificationReport } from '../verification/report.ts';
import { verifyEntity } from '../verification/verifyEntity.ts';
import type { CopyControl } from '../writing/context.ts';
import type { VerifyReport } from './contract.ts';
import { type RunContexts, writtenEntity } from './runContext.ts';

/**
 * Proves entities of a run, one after the other, until the time of the slice is up; what was proven before is not read
 * again.
 * @param onEntity is called with the name of the entity that is read now.
 */
export async function verifySlice(
  contexts: RunContexts,
  { run, keys }: { run: string; keys: string[] },
  { signal, deadline, onBatch }: CopyControl,
  onEntity: (name: string) => void,
): Promise<VerifyReport> {
  const { journal } = contexts.connections;
  const context = await contexts.of(run, 'verifying');
  const {
    spec: { verify: mode },
    retryOf,
  } = await getRun(journal, run);
  if (mode === 'none') return { outcome: 'done', different: 0 };
  const progress = await listProgress(journal, run);
  const proven = new Map(progress.map((entity) => [entity.entity, entity.verification]));
  // Of a retry: entities of which nothing was set aside are none of its business.
  const untouched = new Set(progress.flatMap(({ entity, started }) => (started === null ? [entity] : [])));
  let different = 0;
  for (const key of keys) {
    const entity = writtenEntity(context, key);
    const earlier = proven.get(key);
    if (earlier) {
      if (!isSame(earlier)) different += 1;
      continue;
    }
    if (retryOf !== null && untouched.has(key)) {
      await saveVerification(journal, run, key, { same: 0, different: 0, missing: 0, extra: 0 });
      continue;
    }
    if (Date.now() > deadline) return { outcome: 'timeUp', different: 0 };
    onEntity(nameOf(entity));
    const verified = { ...context, journal, pairId: context.journal.pairId, runId: run, mode, openEnd: true };
    const report = await verifyEntity(verified, entity, { signal, onBatch });
    const answeredFor = withoutEarlierRuns(report);
    await saveVerification(journal, run, key, answeredFor);
    if (!isSame(answeredFor)) different += 1;
  }
  return { outcome: 'done', different };
}

/**
 * What the run answers for. Rows that an earlier run brought may have changed in the source since, which a run that
 * moves only what is new does not mend; `caravel verify` shows them.
 */
function withoutEarlierRuns({ same, different, missing, extra, ofEarlierRuns }: VerificationReport): Verification {
  const ofOthers = Math.min(different, ofEarlierRuns);
  return { same, different: different - ofOthers, missing: missing - (ofEarlierRuns - ofOthers), extra };
}

const isSame = ({ different, missing, extra }: Verification) => different + missing + extra === 0;
