import { silence } from '../copying/silence.ts';
import { checkQueues, restoreSubscriptions, subscribe } from '../copying/subscribe.ts';
import { LeaseLostError } from '../journal/lease.ts';
import { loadPlanIfAny } from '../journal/runs.ts';
import type { EventTable } from '../plan/eventTable.ts';
import type { CopyContext, CopyControl } from '../writing/context.ts';
import type { RunContexts } from './runContext.ts';

/** Is called with the name of the event table that is changed now. */
type OnTable = (name: string) => void;

/** Takes the event subscriptions of what is written out of the destination, so that no trigger starts anything. */
export async function silenceEvents(contexts: RunContexts, run: string, control: CopyControl, onTable: OnTable) {
  const context = await contexts.of(run, 'silencing');
  // What was queued since the plan would run into what is migrated, once the applications are enabled.
  await checkQueues(context);
  const silenced = (context.plan.events ?? []).filter((table) => table.silenced);
  await each(silenced, control, onTable, (table) => silence(context, table, control));
}

/** Puts them back, with those of the migrated activities. */
export async function subscribeEvents(contexts: RunContexts, run: string, control: CopyControl, onTable: OnTable) {
  const context = await contexts.of(run, 'subscribing');
  await checkQueues(context);
  await each(context.plan.events ?? [], control, onTable, (table) => subscribe(context, table, control));
}

/** Puts them back, and nothing else: after a run that did not finish. */
export async function restoreEvents(contexts: RunContexts, run: string, control: CopyControl, onTable: OnTable) {
  if ((await loadPlanIfAny(contexts.connections.journal, run)) === null) return;
  try {
    const context: CopyContext = await contexts.of(run, null);
    await each(context.plan.events ?? [], control, onTable, (table) => restoreSubscriptions(context, table, control));
  } catch (error) {
    // The run that has the destination now has what this one held, too.
    if (!(error instanceof LeaseLostError)) throw error;
  }
}

async function each(
  tables: readonly EventTable[],
  { signal }: CopyControl,
  onTable: OnTable,
  work: (table: EventTable) => Promise<unknown>,
): Promise<void> {
  for (const table of tables) {
    signal.throwIfAborted();
    onTable(table.name);
    await work(table);
  }
}
