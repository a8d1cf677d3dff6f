import type { Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import { parseReferenceType } from '../../outsystems/references.ts';
import type { Findings } from '../../plan/findings.ts';
import type { ChosenProcesses } from '../../processes/chooseProcesses.ts';
import { instanceTables } from '../../processes/instanceTables.ts';
import type { DataQuestion } from '../questions/dataQuestions.ts';
import type { Migration } from '../questions/request.ts';
import { type Draft, type DraftContext, Drafts } from './draft.ts';
import { draftEntity } from './draftEntity.ts';
import { draftPeople } from './draftPeople.ts';
import { draftInstances } from './draftProcesses.ts';
import { type LeavableReferences, leavableReferences } from './leavableReferences.ts';
import { entitiesToCopy, type MigrationScope } from './migrationScope.ts';
import { missingInDestination, sharedTables, unusableTables } from './scopeFindings.ts';

/** What the catalogs alone say of a migration. */
export interface DraftedScope {
  /** Entities to be copied, those that cannot be among them. */
  copied: Entity[];
  /** Of what is copied, of people's tables that are aligned, and of process instances. */
  drafts: readonly Draft[];
  /** What waits for the data, and what stands in the way or is to be known at once. */
  questions: readonly DataQuestion[];
  findings: Findings;
  /** Keys of the entities that are matched. */
  matched: EntityKey[];
  /** Of those, application entities that `producers: match` leaves out. */
  producersLeftOut: ReadonlySet<EntityKey>;
  leavable: LeavableReferences;
}

/** @throws CatalogError */
export function draftScope(
  migration: Migration,
  scope: MigrationScope,
  processes: ChosenProcesses | null,
): DraftedScope {
  const source = migration.source.catalog;
  const copied = entitiesToCopy(migration, scope, [...(processes?.types.values() ?? [])].flat());
  const context = draftContext(migration, scope);
  const drafted = draftCopied(migration, scope, { copied, context });
  const people = draftPeople(migration, context);
  drafted.merge(people);
  if (processes !== null && haveInstances(processes)) drafted.merge(draftInstances(migration, context, processes));
  // Instances are copied or left out, never matched.
  const instanceKeys = instanceTables.map(({ table }) => platformTarget(source, table));
  const written = new Set([...keysOf(copied), ...people.drafts.map(({ pair }) => pair.key), ...instanceKeys]);
  const matched = matchedTargets(scope, written, drafted.drafts);
  return {
    copied,
    drafts: drafted.drafts,
    questions: drafted.questions,
    findings: drafted.findings,
    matched,
    producersLeftOut: new Set(matched.filter((key) => scope.entities.get(key)?.kind === 'entity')),
    leavable: leavableReferences(drafted.drafts, source, processes === null),
  };
}

const keysOf = (entities: readonly Entity[]) => entities.map(({ key }) => key);

/** Instances that do not travel are no reason to look at their tables; those that are set aside are counted there. */
const haveInstances = ({ summary: { copied, setAside } }: ChosenProcesses) => copied > 0 || setAside.length > 0;

function draftContext({ spec, source, destination }: Migration, scope: MigrationScope): DraftContext {
  const { ignored, references, entities } = scope;
  return {
    environments: { source: source.catalog.environment, destination: destination.catalog.environment },
    missingReferences: spec.missingReferences,
    rowErrors: spec.rowErrors,
    ignored,
    references,
    isOutside: (target) => ['external', 'client'].includes(entities.get(target)?.kind ?? ''),
    wordsFor: (type) => targetWords(type, source.catalog),
  };
}

function targetWords(type: string, { espaces }: EnvironmentCatalog): string {
  const halves = parseReferenceType(type);
  if (halves === null) return type;
  const espace = espaces.find(({ key }) => key === halves.espaceKey);
  const owner = espace ? `module ${espace.name}` : `a module that is not there (${halves.espaceKey})`;
  return `entity ${halves.entityKey} of ${owner}`;
}

/** Drafts of the applications' entities, with what stands in the way of others. */
function draftCopied(
  migration: Migration,
  { match }: MigrationScope,
  { copied, context }: { copied: readonly Entity[]; context: DraftContext },
): Drafts {
  const drafted = new Drafts();
  const keys = new Set(keysOf(copied));
  drafted.findings.merge(
    missingInDestination(migration, match, copied),
    sharedTables(migration.source.catalog, keys),
    sharedTables(migration.destination.catalog, keys),
  );
  for (const { key } of copied) {
    const pair = match.pairs.get(key);
    if (pair === undefined) continue;
    const unusable = unusableTables(pair, context.environments);
    drafted.findings.merge(unusable);
    if (unusable.blocking.length > 0) continue;
    const { draft, notes } = draftEntity(pair, context);
    drafted.note(notes);
    if (draft !== null) drafted.drafts.push(draft);
  }
  return drafted;
}

/** Entities that the scope holds, or written ones refer to, and that are not written themselves. */
function matchedTargets(
  { scope }: MigrationScope,
  written: ReadonlySet<EntityKey>,
  drafts: readonly Draft[],
): EntityKey[] {
  const referred = drafts
    .flatMap(({ references }) => references)
    .filter(({ missing, target }) => missing !== 'keep' && !written.has(target))
    .map(({ target }) => target);
  return [...new Set([...scope.statics, ...referred])];
}
