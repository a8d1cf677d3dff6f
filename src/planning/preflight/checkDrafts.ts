import { Findings } from '../../plan/findings.ts';
import type { CountedDraft, DraftReference } from '../drafting/draft.ts';
import type { Migration } from '../questions/request.ts';
import { measureBinaries } from './binarySizes.ts';
import { checkEnvironments } from './environments.ts';
import { checkIdentityPositions, mintedIdentity } from './identityPositions.ts';
import { findMissingReferences, type StayingBehind } from './missingReferences.ts';
import { checkPreparations } from './preparations.ts';
import { checkStaging, checkWritable, neededRights } from './rights.ts';
import { guessSoftKeys } from './softKeyGuesses.ts';

/** Drafts in the order of writing, and how they hang together. */
export interface OrderedScope {
  drafts: readonly CountedDraft[];
  /** References that are filled in a second pass. */
  deferred: ReadonlySet<DraftReference>;
  staying: StayingBehind;
  /** Whether any process instance is migrated; of those set aside nothing is written. */
  writesInstances: boolean;
}

/**
 * What is looked at before a run (docs/preflight.md): the data to be migrated, and both databases.
 * @throws DatabaseError
 */
export async function checkDrafts(migration: Migration, scope: OrderedScope): Promise<Findings> {
  const { database: source } = migration.source;
  const { database: destination } = migration.destination;
  const drafts = scope.drafts.map(({ draft }) => draft);
  // What of people is written is known only once they are aligned.
  const written = drafts.filter(
    ({ people, instances }) => people === null && (instances === null || scope.writesInstances),
  );
  return new Findings().merge(
    await findMissingReferences(source, scope.drafts, scope.staying),
    await checkIdentityPositions(destination, written.flatMap(mintedIdentity)),
    await checkEnvironments(source, destination, drafts),
    checkPreparations(migration, drafts),
    await guessSoftKeys(migration.source, drafts),
    await measureBinaries(source, drafts),
    await checkStaging(destination),
    await checkWritable(
      destination,
      written.map((draft) => neededRights(draft, scope.deferred)),
    ),
  );
}
