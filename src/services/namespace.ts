import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

/** Makes a Temporal namespace and waits until it takes requests: the server's caches lag some seconds behind. */
export async function createNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  const client = new Client({ connection, namespace });
  for (let attempt = 0; ; attempt++) {
    try {
      await client.workflow.count();
      return;
    } catch (error) {
      if (attempt > 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** A development server drops finished runs after a day; an operator looks at last week's. */
const retentionDays = 30;

/** Has a server remember finished runs of these namespaces for longer. */
export async function keepFinishedRuns(address: string, namespaces: readonly string[]): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    for (const namespace of namespaces) {
      await connection.workflowService.updateNamespace({
        namespace,
        config: { workflowExecutionRetentionTtl: msToTs(`${retentionDays} days`) },
      });
    }
  } finally {
    await connection.close();
  }
}
