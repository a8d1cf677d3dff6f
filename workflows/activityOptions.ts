import type { ActivityOptions } from '@temporalio/workflow';
import type { Pace } from '../src/runs/contract.ts';

/** How a run's activities are tried again: soon, and for ever. What cannot be mended is marked so by the activity. */
const retryOf = ({ firstRetrySeconds, longestRetrySeconds }: Omit<Pace, 'heartbeatSeconds'>) => ({
  initialInterval: firstRetrySeconds * 1_000,
  backoffCoefficient: 1.2,
  maximumInterval: longestRetrySeconds * 1_000,
});

/**
 * Activities that only read and write the journal. The pace of the run is not known when the first of them is called.
 */
export const bookkeeping: ActivityOptions = {
  startToCloseTimeout: '2 minutes',
  retry: retryOf({ firstRetrySeconds: 1, longestRetrySeconds: 60 }),
};

/** Activities that make the plan, or look at the environments as it does. */
export const planning = (pace: Pace): ActivityOptions => ({
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: `${3 * pace.heartbeatSeconds} seconds`,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: retryOf(pace),
});

/**
 * Activities that move rows, or prove them.
 * @param summary what the Temporal UI calls them.
 * @param startToCloseTimeout they return well before it, and are called again.
 */
export const moving = (
  pace: Pace,
  summary: string,
  startToCloseTimeout: '15 minutes' | '1 hour' = '15 minutes',
): ActivityOptions => ({
  startToCloseTimeout,
  heartbeatTimeout: `${pace.heartbeatSeconds} seconds`,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: retryOf(pace),
  summary,
});
