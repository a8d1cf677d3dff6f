import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** An activity that this worker is at. */
export interface ActivityInFlight {
  /** Id of its workflow: the run, or `<run>/<Espace.Entity>`. */
  workflow: string;
  activity: string;
  attempt: number;
}

/** Keeps what the worker is at, so that its last words can say it. */
export class ActivitiesInFlight {
  readonly #running = new Set<ActivityInFlight>();

  list(): ActivityInFlight[] {
    return [...this.#running];
  }

  readonly interceptor: ActivityInterceptorsFactory = ({ info }) => ({
    inbound: {
      execute: async (input, next) => {
        const { workflowExecution, activityType: activity, attempt } = info;
        const one = { workflow: workflowExecution?.workflowId ?? '', activity, attempt };
        this.#running.add(one);
        try {
          return await next(input);
        } finally {
          this.#running.delete(one);
        }
      },
    },
  });
}
