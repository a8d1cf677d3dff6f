import { hostname, userInfo } from 'node:os';
import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { CommandError, exitCode } from '../exitCodes.ts';
import { printLine } from '../output.ts';
import { withTemporal } from '../temporal.ts';

const orders = {
  pause: (handle: WorkflowHandle) => handle.signal('pause'),
  resume: (handle: WorkflowHandle) => handle.signal('resume'),
  approve: (handle: WorkflowHandle) => handle.signal('approve', `${userInfo().username}@${hostname()}`),
  cancel: (handle: WorkflowHandle) => handle.cancel(),
};

const answers: Record<keyof typeof orders, string> = {
  pause: 'will pause after the batches now being written',
  resume: 'goes on',
  approve: 'is approved',
  cancel: 'will end after the batches now being written',
};

/** `caravel pause|resume|approve|cancel ID`. @throws CommandError when there is no such run, or it has ended. */
export async function control(order: keyof typeof orders, run: string): Promise<number> {
  await withTemporal(async (client) => {
    const handle = client.workflow.getHandle(run);
    try {
      await orders[order](handle);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      throw await whyNot(handle, order, error);
    }
  });
  printLine(`run '${run}' ${answers[order]}`);
  return exitCode.ok;
}

async function whyNot(handle: WorkflowHandle, order: string, cause: Error): Promise<Error> {
  const run = handle.workflowId;
  try {
    const { status } = await handle.describe();
    const ended = status.name.toLowerCase().replaceAll('_', ' ');
    return new CommandError(exitCode.failed, `run '${run}' has ended (${ended}): there is nothing to ${order}`, cause);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) return error as Error;
    const hint = "'caravel status' lists the runs of the journal";
    return new CommandError(exitCode.usage, `Temporal knows no run '${run}'; ${hint}`, error);
  }
}
