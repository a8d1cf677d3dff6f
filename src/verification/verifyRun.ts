import { isWritten, type PlannedEntity, type WrittenEntity } from '../plan/plan.ts';
import type { VerifyContext, VerifyControl } from './context.ts';
import { type Verdict, type VerificationReport, verdictOf } from './report.ts';
import { verifyEntity } from './verifyEntity.ts';

/**
 * Proves entities of a run one after another. Matched ones are passed over: Caravel does not write them.
 * @param control signal: aborted, it stops before the next page; onEntity: called with each report as it comes.
 * @throws DatabaseError; AbortSignal's reason when cancelled.
 */
export async function verifyRun(
  context: VerifyContext,
  entities: readonly PlannedEntity[],
  onEntity: (report: VerificationReport, entity: WrittenEntity) => void | Promise<void> = () => {},
  control: VerifyControl = { signal: new AbortController().signal, onBatch() {} },
): Promise<{ reports: VerificationReport[]; verdict: Verdict }> {
  const reports: VerificationReport[] = [];
  for (const entity of entities) {
    if (!isWritten(entity)) continue;
    const report = await verifyEntity(context, entity, control);
    reports.push(report);
    await onEntity(report, entity);
  }
  return { reports, verdict: verdictOf(reports) };
}
