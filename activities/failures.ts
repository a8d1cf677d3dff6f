import { ApplicationFailure, log } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { ConfigurationError } from '../src/config/configuration.ts';
import { StalePositionError } from '../src/copying/batch.ts';
import { CopyError } from '../src/copying/errors.ts';
import { DatabaseError } from '../src/database/errors.ts';
import { EmptyingError } from '../src/emptying/errors.ts';
import { BatchClosedError } from '../src/journal/batches.ts';
import { LeaseHeldError, LeaseLostError } from '../src/journal/lease.ts';
import { PlanFormatError, RunTakenError, UnknownRunError } from '../src/journal/runs.ts';
import { PlanningError } from '../src/planning/questions/errors.ts';
import { SchemaChangedError } from '../src/runs/approveRun.ts';

/**
 * Turns an error into the failure that Temporal acts on. A database that is away is retried for ever; a fault of the
 * request or of the data ends the run at once. Messages carry no values: those stay in the journal and the worker's
 * log.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (error instanceof DatabaseError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.retryable ? 'DatabaseUnavailable' : 'DatabaseRefused',
      nonRetryable: !error.retryable,
      details: [{ code: error.code, number: error.number, table: error.table, constraint: error.constraint }],
    });
  }
  if (error instanceof StalePositionError || error instanceof BatchClosedError) {
    return ApplicationFailure.retryable(error.message, 'AnotherWorkerWentOn');
  }
  if (error instanceof CopyError) return ApplicationFailure.nonRetryable(error.message, 'CopyStopped', error.code);
  if (error instanceof EmptyingError) return ApplicationFailure.nonRetryable(error.message, 'EmptyingStopped');
  if (error instanceof ConfigurationError || error instanceof PlanningError) {
    return ApplicationFailure.nonRetryable(error.message, 'InvalidSpec');
  }
  if (error instanceof LeaseHeldError || error instanceof RunTakenError) {
    return ApplicationFailure.nonRetryable(error.message, 'Refused');
  }
  if (error instanceof SchemaChangedError) return ApplicationFailure.nonRetryable(error.message, 'SchemaChanged');
  if (error instanceof LeaseLostError || error instanceof UnknownRunError || error instanceof PlanFormatError) {
    return ApplicationFailure.nonRetryable(error.message, error.name);
  }
  // Unknown: a defect of Caravel. Its message may hold anything, so it stays in the worker's log.
  log.error('unexpected error', { error });
  const name = error instanceof Error ? error.name : 'value';
  return ApplicationFailure.nonRetryable(`unexpected ${name} in the worker; its log has the details`, 'Unexpected');
}
