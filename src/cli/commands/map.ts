import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Database } from '../../database/port.ts';
import { loadIdMap } from '../../identity/mapStore.ts';
import { getRun, loadPlanIfAny } from '../../journal/runs.ts';
import type { Plan, PlannedEntity } from '../../plan/plan.ts';
import { withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';

const columns = ['espace', 'entity', 'source_id', 'destination_id'] as const;
type Line = Record<(typeof columns)[number], string>;

/** `caravel map ID`: the id map of the run's entities, one entity in memory at a time. */
export async function map(run: string, options: DataOptions & { entity?: string }): Promise<number> {
  await withJournal(options, async (journal) => {
    const { pairId } = await getRun(journal, run);
    const plan = await loadPlanIfAny(journal, run);
    if (plan === null) throw new CommandError(exitCode.failed, `run '${run}' has no plan yet, so no id map`);
    const lines = readLines(journal, pairId, chosen(plan, options.entity));
    const text = options.json ? Readable.from(asJson(lines)) : Readable.from(lines);
    const steps = options.json ? [] : [stringify({ header: true, columns: [...columns] })];
    await pipeline([text, ...steps, process.stdout], { end: false });
  });
  return exitCode.ok;
}

/** @throws CommandError for an entity that the run's plan does not have. */
function chosen(plan: Plan, name: string | undefined): PlannedEntity[] {
  const withIdentifier = plan.entities.filter(({ identifierType }) => identifierType !== null);
  if (name === undefined) return withIdentifier;
  const named = withIdentifier.filter(
    ({ espace, entity }) => `${espace}.${entity}`.toLowerCase() === name.toLowerCase(),
  );
  if (named.length > 0) return named;
  const hint = name.includes('.') ? "'caravel plan' lists the entities" : 'it is written Espace.Entity';
  throw new CommandError(exitCode.usage, `--entity ${name}: the run has no entity of that name with an id; ${hint}`);
}

async function* readLines(journal: Database, pairId: string, entities: PlannedEntity[]): AsyncGenerator<Line> {
  for (const { key, espace, entity, identifierType } of entities) {
    const ids = await loadIdMap(journal, { pairId, entity: key }, identifierType ?? 'integer');
    for (const [source_id, destination_id] of ids.entries()) yield { espace, entity, source_id, destination_id };
  }
}

async function* asJson(lines: AsyncIterable<Line>): AsyncGenerator<string> {
  let before = '[';
  for await (const line of lines) {
    yield `${before}\n  ${JSON.stringify(line)}`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}
