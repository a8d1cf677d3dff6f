import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities, EntityInput, EntityReport } from '../src/runs/contract.ts';
import { moving } from './activityOptions.ts';

/** One entity's copy, or its second pass. */
export type EntityStep = 'copy' | 'references';

/**
 * Moves one entity. Calls an activity that copies for some minutes, until the entity is complete or the run is paused.
 * The journal remembers every batch, so nothing is carried from one call to the next.
 */
export async function migrateEntity(input: EntityInput, step: EntityStep): Promise<EntityReport> {
  const summary = step === 'copy' ? `copy ${input.name}` : `fill references of ${input.name}`;
  const { copyEntity, fillReferences } = proxyActivities<Activities>(moving(input.pace, summary));
  const work = step === 'copy' ? copyEntity : fillReferences;
  for (;;) {
    const report = await work(input);
    if (report.outcome !== 'timeUp') return report;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof migrateEntity>(input, step);
  }
}
