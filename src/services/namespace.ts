import { Client, type Connection } from '@temporalio/client';

/** Makes a Temporal namespace and waits until it takes requests: the server's caches lag some seconds behind. */
export async function createNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    // A duration's seconds are a 64-bit `Long` by type; the wire format takes a number as well.
    workflowExecutionRetentionPeriod: { seconds: 86_400 as unknown as Long },
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
