import type { DatabaseError } from '../database/errors.ts';
import { type NewIssue, newIssue } from '../journal/issues.ts';
import { issueReason, refusalCodes } from '../plan/catalogue/issues.ts';
import type { PlannedReference, WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { countOf } from '../wording/counts.ts';

/**
 * Why a copy cannot go on by itself. Codes are stable; messages hold no values of rows (docs/architecture.md,
 * "Temporal").
 */
export type CopyErrorCode = 'missing-reference' | 'conflict' | 'foreign-writes' | 'identity-reseeded' | 'events-queued';

/** Stops the run until a person has decided. Nothing of the batch in question is in the destination. */
export class CopyError extends Error {
  readonly code: CopyErrorCode;
  /** Identifier of a row concerned, for the journal only. */
  readonly sourceId: string | null;
  constructor(code: CopyErrorCode, message: string, sourceId: string | null = null) {
    super(message);
    this.name = 'CopyError';
    this.code = code;
    this.sourceId = sourceId;
  }
}

/** Why a row that the destination does not take is set aside. @throws the error, where no row is to blame. */
export function refusedIssue(error: DatabaseError, sourceId: string | null): NewIssue {
  if (error.rowFault === null) throw error;
  return {
    ...newIssue(refusalCodes[error.rowFault], sourceId, error),
    constraint: error.constraint,
    detail: error.cause instanceof Error ? error.cause.message : null,
  };
}

/** A row refers to one that has no counterpart, and missingReferences is "fail". */
export class MissingReferenceError extends CopyError {
  readonly reference: PlannedReference;

  constructor(entity: WrittenEntity, reference: PlannedReference, sourceId: string | null, remedy: string) {
    const message = `${nameOf(entity)}.${issueReason('missing-reference', reference)}; ${remedy}`;
    super('missing-reference', message, sourceId);
    this.reference = reference;
  }
}

export function missingReference(entity: WrittenEntity, reference: PlannedReference, sourceId: string): CopyError {
  const remedy = `set "missingReferences" to "null" or "skip" in the spec, or bring the row's entity into the scope`;
  return new MissingReferenceError(entity, reference, sourceId, remedy);
}

/** The same where rows of the target were set aside before: those are what has to be mended. */
export function missingBecauseSetAside(entity: WrittenEntity, error: MissingReferenceError, run: string, rows: number) {
  const { reference, sourceId } = error;
  const remedy =
    `${countOf(rows, 'row of it was', 'rows of it were')} set aside before, and 'caravel issues ${run}' says why: ` +
    'mend that, or set "missingReferences" to "null" or "skip"';
  return new MissingReferenceError(entity, reference, sourceId, remedy);
}

export function conflict(entity: WrittenEntity, count: number, sourceId: string): CopyError {
  return new CopyError(
    'conflict',
    `${nameOf(entity)}: ${countOf(count, 'identifier is', 'identifiers are')} already taken in the destination; ` +
      `remove those rows there, or set "conflicts" to "reuse" in the spec to map to them`,
    sourceId,
  );
}

export function disputed(entity: WrittenEntity, sourceId: string): CopyError {
  return new CopyError(
    'conflict',
    `${nameOf(entity)}: a row to come cannot be mapped to the row that is there: ` +
      `the unique indexes of ${entity.destination?.table} do not all mean the same row; ` +
      'mend the data of the destination',
    sourceId,
  );
}

export function foreignWrites(entity: WrittenEntity, evidence: string): CopyError {
  return new CopyError(
    'foreign-writes',
    `${nameOf(entity)}: ${evidence}, so it cannot be told whether the last batch went in; ` +
      `stop whatever else writes to ${entity.destination?.table} and start the run again`,
  );
}

export function identityReseeded(entity: WrittenEntity): CopyError {
  return new CopyError(
    'identity-reseeded',
    `${nameOf(entity)}: the destination minted an identifier that is not above its largest one; ` +
      `have the identity of ${entity.destination?.table} reseeded above MAX(id) and start the run again`,
  );
}

export function eventsQueued(queue: string, events: number): CopyError {
  return new CopyError(
    'events-queued',
    `${countOf(events, 'event was', 'events were')} queued in ${queue} of the destination since the plan was made; ` +
      'something else writes to an entity that processes listen to, or published a module: ' +
      'look at them before the applications are enabled',
  );
}
