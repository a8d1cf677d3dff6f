import { openIssueIds } from '../journal/issues.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import type { CopyContext } from '../writing/context.ts';
import { MissingReferenceError, missingBecauseSetAside } from './errors.ts';

/** The target of a reference may be missing because this very run set it aside: then that is what has to be mended. */
export async function explainMissing(context: CopyContext, entity: WrittenEntity, error: unknown): Promise<unknown> {
  if (!(error instanceof MissingReferenceError)) return error;
  const { length } = await openIssueIds(context.journal.database, context.journal.runId, error.reference.target);
  return length === 0 ? error : missingBecauseSetAside(entity, error, context.journal.runId, length);
}
