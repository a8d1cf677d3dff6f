import { timeouts } from '../config/timeouts.ts';
import type { Pace } from './contract.ts';

/** The pace of the runs that this worker opens. */
export const paceOfRuns = (): Pace => ({
  heartbeatSeconds: timeouts.heartbeat / 1_000,
  firstRetrySeconds: timeouts.firstRetry / 1_000,
  longestRetrySeconds: timeouts.longestRetry / 1_000,
});
