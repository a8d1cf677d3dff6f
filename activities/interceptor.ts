import { AsyncLocalStorage } from 'node:async_hooks';
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { timeouts } from '../src/config/timeouts.ts';
import { toFailure } from './failures.ts';

/** What the Temporal UI shows of an activity at work. */
export interface Pulse {
  entity?: string;
  /** Source rows looked at by this activity. */
  rows?: number;
  rowsPerSecond?: number;
  waiting?: string;
}

/** An activity that this worker is at. */
export interface ActivityInFlight {
  /** Id of its workflow: the run, or `<run>/<Espace.Entity>`. */
  workflow: string;
  activity: string;
  attempt: number;
}

const pulses = new AsyncLocalStorage<{ pulse: () => Pulse }>();

/** From now on the heartbeats of the activity that calls this say what `pulse` gives. */
export function pulseIs(pulse: () => Pulse): void {
  const own = pulses.getStore();
  if (own !== undefined) own.pulse = pulse;
}

/**
 * Around every activity: it is known to be in flight, heartbeats about every second while it goes on, also through a
 * long statement, and whatever it throws becomes a typed failure.
 */
export class AroundActivities {
  readonly #inFlight = new Set<ActivityInFlight>();

  /** What the worker is at, for its last words. */
  inFlight(): ActivityInFlight[] {
    return [...this.#inFlight];
  }

  readonly interceptor: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const { workflowExecution, activityType: activity, attempt, heartbeatTimeoutMs } = info;
        const one = { workflow: workflowExecution?.workflowId ?? '', activity, attempt };
        this.#inFlight.add(one);
        const own: { pulse: () => Pulse } = { pulse: () => ({}) };
        const stopBeating = heartbeatTimeoutMs ? beating(() => own.pulse()) : () => {};
        try {
          return await pulses.run(own, () => next(input));
        } catch (error) {
          throw toFailure(error);
        } finally {
          stopBeating();
          this.#inFlight.delete(one);
        }
      },
    },
  });
}

function beating(pulse: () => Pulse): () => void {
  const context = Context.current();
  const beat = () => context.heartbeat(pulse());
  beat();
  const timer = setInterval(beat, Math.min(1_000, timeouts.heartbeat / 4));
  return () => clearInterval(timer);
}
