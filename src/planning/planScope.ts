import { Findings } from '../plan/findings.ts';
import type { ChosenProcesses } from '../processes/chooseProcesses.ts';
import { noExclusions } from '../processes/exclusions.ts';
import { chooseInstances } from './drafting/chooseInstances.ts';
import type { Draft } from './drafting/draft.ts';
import { type DraftedScope, draftScope } from './drafting/draftScope.ts';
import { findScope, type MigrationScope } from './drafting/migrationScope.ts';
import { type EntityLayout, planMatched } from './drafting/plannedEntities.ts';
import { readBounds } from './order/bounds.ts';
import { connectDrafts } from './order/connectDrafts.ts';
import { checkDrafts } from './preflight/checkDrafts.ts';
import { checkReadable } from './preflight/rights.ts';
import { countDrafts } from './questions/counts.ts';
import { answerQuestions, type DataQuestion } from './questions/dataQuestions.ts';
import { asPlanningError } from './questions/errors.ts';
import type { Migration, PlanRequest } from './questions/request.ts';

/** What a run moves, before it is decided what becomes of people. */
export interface PlannedScope {
  /** Which process instances are migrated; null where there are none to choose from, or the spec wants none. */
  processes: ChosenProcesses | null;
  layout: EntityLayout;
  findings: Findings;
}

/**
 * Decides which entities a run moves, in which order, and how. The rows of matched entities are not looked at here.
 * @throws PlanningError for a spec that names what is not there; DatabaseError
 */
export async function planScope(migration: Migration, { bounds }: Pick<PlanRequest, 'bounds'>): Promise<PlannedScope> {
  const { database } = migration.source;
  const scope = await asPlanningError(() => findScope(migration));
  const processes = await chooseInstances(migration, scope);
  const drafted = await asPlanningError(() => draftScope(migration, scope, processes));
  const { readable, findings: unreadable } = await checkReadable(migration, drafted.drafts);
  const answers = await answerQuestions(database, questionsOn(readable, drafted.questions));
  const connected = await connectDrafts(database, readable);
  const drafts = await countDrafts(database, await readBounds(database, connected.drafts, bounds));
  const checked = await checkDrafts(migration, {
    drafts,
    deferred: connected.deferred,
    staying: {
      producers: drafted.producersLeftOut,
      leavable: drafted.leavable,
      exclusions: processes?.exclusions ?? noExclusions,
    },
    writesInstances: processes?.summary.copied !== 0,
  });
  const layout: EntityLayout = {
    spec: migration.spec,
    matched: await planMatched(migration, drafted.matched),
    drafts,
    unplanned: unplannedEntities(drafted, scope, readable),
    deferred: connected.deferred,
    leavable: drafted.leavable,
  };
  const findings = new Findings().merge(drafted.findings, unreadable, answers, connected.findings, checked);
  return { processes, layout, findings: processes === null ? findings : findings.merge(processes.findings) };
}

/** What is asked of tables that the login may read. */
function questionsOn(drafts: readonly Draft[], questions: readonly DataQuestion[]): DataQuestion[] {
  const tables = new Set(drafts.map(({ source }) => source.name));
  return questions.filter(({ table }) => tables.has(table.name));
}

/** Entities that should be copied and cannot be: those that are not among the drafts. */
function unplannedEntities(
  { copied }: DraftedScope,
  { match }: MigrationScope,
  drafts: readonly Draft[],
): EntityLayout['unplanned'] {
  const drafted = new Set(drafts.map(({ pair }) => pair.key));
  return copied
    .filter(({ key }) => !drafted.has(key))
    .map((source) => ({ source, destination: match.pairs.get(source.key)?.destination ?? null }));
}
