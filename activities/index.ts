import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { timeouts } from '../src/config/timeouts.ts';
import { emptyDestination } from '../src/emptying/emptyDestination.ts';
import type { HolderState } from '../src/journal/lease.ts';
import { updateRun } from '../src/journal/runs.ts';
import { printPlan } from '../src/plan/printPlan.ts';
import { approveRun } from '../src/runs/approveRun.ts';
import type { Connections } from '../src/runs/connections.ts';
import type { Activities } from '../src/runs/contract.ts';
import { endRun } from '../src/runs/endRun.ts';
import { restoreEvents, silenceEvents, subscribeEvents } from '../src/runs/events.ts';
import { moveEntity } from '../src/runs/moveEntity.ts';
import { openRun } from '../src/runs/openRun.ts';
import { planRun } from '../src/runs/planRun.ts';
import { RunContexts } from '../src/runs/runContext.ts';
import { verifySlice } from '../src/runs/verifySlice.ts';
import type { CopyControl } from '../src/writing/context.ts';
import { type Pulse, pulseIs } from './interceptor.ts';

/** Of the plan's words that the Temporal UI shows, in characters. */
const longestDetails = 20_000;
const detailWidth = 100;

/** The activities of one worker, over the databases it holds open. Heartbeats and failures are the interceptor's. */
export function createActivities(connections: Connections): Activities {
  const { journal } = connections;
  const contexts = new RunContexts(connections);
  return {
    openRun: (request) => openRun(connections, request, stateOf),
    planRun: ({ run }) => planRun(connections, run),
    describePlan: async ({ run }) => printPlan(await contexts.planOf(run), detailWidth).slice(0, longestDetails),
    approveRun: ({ run, by }) => approveRun(connections, run, by),
    setPaused: ({ run, paused }) =>
      updateRun(journal, run, { control: paused ? 'pause' : 'run', status: paused ? 'paused' : 'running' }),
    copyEntity: (input) => moveEntity(contexts, input, 'copy', steered(slice(), { entity: input.name }, 'with speed')),
    fillReferences: (input) =>
      moveEntity(contexts, input, 'references', steered(slice(), { entity: input.name }, 'with speed')),
    silenceEvents: ({ run }) => silenceEvents(contexts, run, ...atTables()),
    subscribeEvents: ({ run }) => subscribeEvents(contexts, run, ...atTables()),
    restoreEvents: ({ run }) => restoreEvents(contexts, run, ...atTables()),
    async emptyDestination({ run }) {
      return { outcome: await emptyDestination(await contexts.of(run, 'emptying'), steered(slice(), {})) };
    },
    verifyEntities(input) {
      const pulse: Pulse = {};
      const onEntity = (name: string) => {
        pulse.entity = name;
      };
      return verifySlice(contexts, input, steered(slice(), pulse), onEntity);
    },
    endRun: ({ run, end }) => endRun(journal, run, end),
  };
}

/** What became of a run, as its workflow says. */
async function stateOf(run: string): Promise<HolderState> {
  try {
    const { status } = await Context.current().client.workflow.getHandle(run).describe();
    return status.name === 'RUNNING' ? 'open' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'unknown';
    throw error;
  }
}

const slice = () => Date.now() + timeouts.slice;

/** How the activity's work is steered; what the work says goes into the pulse. */
function steered(deadline: number, pulse: Pulse, speed?: 'with speed'): CopyControl {
  const started = Date.now();
  let rowsCovered = 0;
  pulse.rows = rowsCovered;
  pulseIs(() => {
    const rowsPerSecond = Math.round((rowsCovered * 1_000) / Math.max(1, Date.now() - started));
    return speed === undefined ? pulse : { ...pulse, rowsPerSecond };
  });
  return {
    signal: Context.current().cancellationSignal,
    deadline,
    onBatch: (rows) => {
      rowsCovered += rows;
      pulse.rows = rowsCovered;
      delete pulse.waiting;
    },
    onWaiting: (message) => {
      pulse.waiting = message;
    },
  };
}

/** How work on one event table after the other is steered, and what is to be called for each. */
function atTables(): [CopyControl, (name: string) => void] {
  const pulse: Pulse = {};
  const control = steered(Number.POSITIVE_INFINITY, pulse);
  const onTable = (name: string) => {
    pulse.entity = name;
    delete pulse.waiting;
  };
  return [control, onTable];
}
