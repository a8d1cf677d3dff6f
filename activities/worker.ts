import { NativeConnection, type NativeConnectionOptions, Worker } from '@temporalio/worker';
import { loadConfiguration } from '../src/config/configuration.ts';
import { timeouts } from '../src/config/timeouts.ts';
import { migrateJournal } from '../src/journal/migrate.ts';
import { Connections } from '../src/runs/connections.ts';
import { taskQueue } from '../src/runs/contract.ts';
import { createActivities } from './index.ts';
import { type ActivityInFlight, AroundActivities } from './interceptor.ts';
import { workflowBundle } from './workflowBundle.ts';

/**
 * Activities of one worker at the same time. Each may hold three connections of a database: its transaction, a read
 * beside it, and the next batch's.
 */
const activities = 16;

export interface CaravelWorkerOptions {
  configurationFile: string;
  journalUrl: string;
  temporal: NativeConnectionOptions & { namespace?: string };
}

export interface CaravelWorker {
  /** Polls until `shutdown`, then drains: batches in flight are finished. */
  run(): Promise<void>;
  shutdown(): void;
  inFlight(): ActivityInFlight[];
}

/**
 * Connects a worker to Temporal and its journal.
 * @throws ConfigurationError, DatabaseError when the journal is out of reach; TransportError when Temporal is.
 */
export async function createCaravelWorker(options: CaravelWorkerOptions): Promise<CaravelWorker> {
  const configuration = loadConfiguration(options.configurationFile);
  const { namespace = 'default', ...connectionOptions } = options.temporal;
  const connections = new Connections(configuration, options.journalUrl, 3 * activities + 4);
  const around = new AroundActivities();
  let connection: NativeConnection | undefined;
  try {
    await migrateJournal(connections.journal);
    connection = await NativeConnection.connect(connectionOptions);
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      workflowBundle: { codePath: await workflowBundle() },
      activities: createActivities(connections),
      interceptors: { activity: [around.interceptor] },
      maxConcurrentActivityTaskExecutions: activities,
      maxCachedWorkflows: 200,
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 4 },
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 4 },
      // A copy sees a cancellation, and a stopped worker's tasks move on, within a batch or two.
      maxHeartbeatThrottleInterval: Math.min(2_000, timeouts.heartbeat / 4),
      defaultHeartbeatThrottleInterval: Math.min(1_000, timeouts.heartbeat / 4),
      stickyQueueScheduleToStartTimeout: timeouts.takeover,
      shutdownGraceTime: '1 second',
      shutdownForceTime: '2 minutes',
    });
    return {
      async run() {
        try {
          await worker.run();
        } finally {
          await connections.close();
          await connection?.close();
        }
      },
      shutdown: () => worker.shutdown(),
      inFlight: () => around.inFlight(),
    };
  } catch (error) {
    await connections.close();
    await connection?.close();
    throw error;
  }
}
