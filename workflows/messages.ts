import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { RunProgress } from './progress.ts';

/** Hold the run after the batches now being written; it keeps its place. */
export const pause = defineSignal('pause');
/** Go on. */
export const resume = defineSignal('resume');
/** Let a run with `approval: true` go on after its plan. @param by who says so, for the journal. */
export const approve = defineSignal<[by?: string]>('approve');
/** Where the run stands, as of each entity's last report. `caravel status` reads the journal and is exact. */
export const progress = defineQuery<RunProgress>('progress');
