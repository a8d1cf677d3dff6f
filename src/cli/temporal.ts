import {
  type Client,
  Connection,
  isGrpcServiceError,
  Client as TemporalClient,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { HolderState } from '../journal/lease.ts';
import { readRunningServices } from '../services/home.ts';
import { CommandError, exitCode } from './exitCodes.ts';

/** A server that does not answer for this long (ms) is out of reach. */
const connectTimeout = 4_000;

export interface TemporalPlace {
  /** Address, TLS and credentials, as both the client and the worker take them. */
  connection: NativeConnectionOptions & { address: string };
  namespace: string;
  /** `http://host:port` of the UI; null where it is not known. */
  ui: string | null;
}

/**
 * Where Temporal is: TEMPORAL_ADDRESS with the other standard settings; else a running `caravel dev`; else what the
 * settings' file says, or localhost:7233.
 * @throws CommandError when the settings cannot be read.
 */
export function findTemporal(): TemporalPlace {
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = process.env;
  const running = readRunningServices();
  if (running && (!TEMPORAL_ADDRESS || TEMPORAL_ADDRESS === running.temporal)) {
    const { temporal: address, ui } = running;
    if (!TEMPORAL_ADDRESS) return { connection: { address }, namespace: TEMPORAL_NAMESPACE || 'default', ui };
    return { ...readSettings(), ui };
  }
  return { ...readSettings(), ui: null };
}

function readSettings(): Omit<TemporalPlace, 'ui'> {
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
    const given = Object.entries(connectionOptions).filter(([, value]) => value !== undefined);
    return { connection: { address: 'localhost:7233', ...Object.fromEntries(given) }, namespace };
  } catch (error) {
    throw new CommandError(exitCode.usage, `the TEMPORAL_* settings: ${(error as Error).message}`, error);
  }
}

/** The line for a server that does not answer. */
export function outOfReach(address: string, cause: unknown): CommandError {
  return new CommandError(
    exitCode.unavailable,
    `Temporal is out of reach at ${address}; start 'caravel dev', or set TEMPORAL_ADDRESS`,
    cause,
  );
}

/**
 * Runs `work` with a client of Temporal.
 * @throws CommandError when the server does not answer within a few seconds, goes away, or refuses a request.
 */
export async function withTemporal<T>(work: (client: Client, place: TemporalPlace) => Promise<T>): Promise<T> {
  const place = findTemporal();
  const { address, tls, apiKey, metadata } = place.connection;
  let connection: Connection;
  try {
    connection = await Connection.connect({
      address,
      connectTimeout,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  } catch (error) {
    throw outOfReach(address, error);
  }
  try {
    return await work(new TemporalClient({ connection, namespace: place.namespace }), place);
  } catch (error) {
    throw asCommandError(error, address);
  } finally {
    await connection.close();
  }
}

function asCommandError(error: unknown, address: string): unknown {
  if (isAway(error)) return outOfReach(address, error);
  const refusal = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  if (!isGrpcServiceError(refusal)) return error;
  return new CommandError(exitCode.unavailable, `Temporal at ${address} refused: ${refusal.details}`, error);
}

/** UNAVAILABLE or DEADLINE_EXCEEDED, bare or wrapped by the client. */
export function isAway(error: unknown): boolean {
  const at = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(at) && (at.code === 14 || at.code === 4);
}

/** Page of a run in the UI; null where the UI is not known. */
export function uiLink({ ui, namespace }: TemporalPlace, run: string): string | null {
  return ui === null ? null : `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(run)}`;
}

/** What became of a run's workflow. Temporal forgets those that ended after a while. */
export async function workflowState(run: string): Promise<HolderState> {
  return withTemporal(async (client) => {
    try {
      const { status } = await client.workflow.getHandle(run).describe();
      return status.name === 'RUNNING' ? 'open' : 'closed';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'unknown';
      throw error;
    }
  });
}
