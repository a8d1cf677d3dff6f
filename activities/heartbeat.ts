import { Context } from '@temporalio/activity';
import { timeouts } from '../src/config/timeouts.ts';

/** What the Temporal UI shows of an activity at work. */
export interface Pulse {
  entity?: string;
  /** Source rows looked at by this activity. */
  rows?: number;
  rowsPerSecond?: number;
  waiting?: string;
}

/** Heartbeats about every second while `work` goes on, also through a long statement, with what `pulse` says then. */
export async function heartbeating<T>(pulse: () => Pulse, work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = () => context.heartbeat(pulse());
  beat();
  const timer = setInterval(beat, Math.min(1_000, timeouts.heartbeat / 4));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
