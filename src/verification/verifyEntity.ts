import type { WrittenEntity } from '../plan/plan.ts';
import type { VerifyContext, VerifyControl } from './context.ts';
import type { VerificationReport } from './report.ts';
import { verifyKeyed } from './verifyKeyed.ts';
import { verifyRowSet } from './verifyRowSet.ts';

/**
 * Proves one copied entity of a run: every source row up to the plan's bound is in the destination as the plan and the
 * id maps say, and nothing else is where the run wrote. Knows nothing of how rows were copied, and only reads. Memory
 * holds the maps and a page of rows; 12 bytes a row more where rows have no identifier.
 * @throws DatabaseError; Error when the run does not have the entity; AbortSignal's reason when cancelled.
 */
export async function verifyEntity(
  context: VerifyContext,
  entity: WrittenEntity,
  control: VerifyControl,
): Promise<VerificationReport> {
  if (entity.identifier === 'none') return verifyRowSet({ context, entity, control });
  return verifyKeyed({ context, entity, control });
}
