import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from '../outsystems/catalog.ts';
import { CatalogError } from '../outsystems/errors.ts';
import { type CatalogMatch, matchCatalogs } from '../outsystems/matching.ts';
import { platformTarget } from '../outsystems/platform.ts';
import { readCatalog } from '../outsystems/readCatalog.ts';
import { parseReferenceType } from '../outsystems/references.ts';
import { entitiesInScope, espacesInScope, type Scope, withProducers } from '../outsystems/scope.ts';
import { Findings } from '../plan/findings.ts';
import type { Plan } from '../plan/plan.ts';
import { type ChosenProcesses, chooseProcesses, type InstanceColumn } from '../processes/chooseProcesses.ts';
import { noExclusions } from '../processes/exclusions.ts';
import { activityTable, instanceTables, processTable } from '../processes/instanceTables.ts';
import type { Draft, DraftContext } from './drafting/draft.ts';
import { draftEntity } from './drafting/draftEntity.ts';
import { draftPeople } from './drafting/draftPeople.ts';
import { draftInstances, noteLeftOut } from './drafting/draftProcesses.ts';
import { planMatched, planWithoutDraft, planWritten } from './drafting/plannedEntities.ts';
import { missingInDestination, sharedTables, unusableTables } from './drafting/scopeFindings.ts';
import { type SourceReferences, sourceReferences } from './drafting/sourceReferences.ts';
import { resolveSpecNames } from './drafting/specNames.ts';
import { uniqueOnlyThere } from './drafting/uniqueIndexes.ts';
import { readBounds } from './order/bounds.ts';
import { connectDrafts } from './order/connectDrafts.ts';
import { measureBinaries } from './preflight/binarySizes.ts';
import { checkEnvironments } from './preflight/environments.ts';
import { checkIdentityPositions, mintedIdentity } from './preflight/identityPositions.ts';
import { findMissingReferences } from './preflight/missingReferences.ts';
import { checkPreparations } from './preflight/preparations.ts';
import { checkReadable, checkStaging, checkWritable, neededRights } from './preflight/rights.ts';
import { guessSoftKeys } from './preflight/softKeyGuesses.ts';
import { countDrafts } from './questions/counts.ts';
import { answerQuestions, type DataQuestion } from './questions/dataQuestions.ts';
import { PlanningError } from './questions/errors.ts';
import type { Catalogs, PlanRequest } from './questions/request.ts';

/**
 * Decides what a run will do. Reads both environments and writes to neither. The rows of matched entities are not looked
 * at here: `prepareMigration` adds their id maps and what follows from them.
 * @throws PlanningError for a spec that names what is not there; DatabaseError
 */
export async function planMigration(request: PlanRequest): Promise<Plan> {
  return (await planWithCatalogs(request, await readCatalogs(request))).plan;
}

/** Reads both environments. @throws PlanningError where one is no OutSystems database; DatabaseError */
export async function readCatalogs({ source, destination }: PlanRequest): Promise<Catalogs> {
  return asPlanningError(async () => {
    // Both at once, but the source's trouble is told first, whoever finds out first.
    const ofDestination = readCatalog(destination);
    ofDestination.catch(() => undefined);
    return { source: await readCatalog(source), destination: await ofDestination };
  });
}

/** What the catalogs lack is the request's fault. @throws PlanningError */
export async function asPlanningError<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CatalogError) throw new PlanningError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Like `planMigration`, with catalogs that were read before.
 * @returns with the plan, which process instances travel; null where none does.
 */
export async function planWithCatalogs(
  request: PlanRequest,
  catalogs: Catalogs,
): Promise<{ plan: Plan; chosen: ChosenProcesses | null }> {
  const { spec, source, destination } = request;
  const scoped = await asPlanningError(() => scopeOf(spec, catalogs));
  const chosen = await chosenProcesses(request, catalogs, scoped);
  const work = await asPlanningError(() => lookUp(spec, catalogs, scoped, chosen));
  const { copied, people, findings } = work;
  const { readable, findings: unreadable } = await checkReadable(source, destination, work.drafts);
  findings.merge(unreadable);
  const tables = new Set(readable.map((draft) => draft.source.name));
  const questions = work.questions.filter(({ table }) => tables.has(table.name));
  findings.merge(await answerQuestions(source, questions));

  const connected = await connectDrafts(source, readable);
  findings.merge(connected.findings);
  const bounds = withinBounds(await readBounds(source, connected), request.bounds);
  const rows = await countDrafts(source, connected.drafts, bounds);
  findings.merge(
    await findMissingReferences(source, connected.drafts, bounds, {
      leftOut: work.leftOut,
      exclusions: chosen?.exclusions ?? noExclusions,
    }),
  );
  // What of people is written is known only once they are aligned.
  const surelyWritten = connected.drafts.filter(
    ({ people, instances }) => people === null && (instances === null || chosen?.summary.copied !== 0),
  );
  findings.merge(await checkIdentityPositions(destination, surelyWritten.flatMap(mintedIdentity)));
  findings.merge(await checkEnvironments(source, destination, connected.drafts));
  findings.merge(checkPreparations(request, catalogs, connected.drafts));
  findings.merge(await guessSoftKeys(source, catalogs.source, connected.drafts));
  findings.merge(await measureBinaries(source, connected.drafts));
  findings.merge(await checkStaging(destination));
  findings.merge(await checkWritable(destination, surelyWritten.map(neededRights)));

  for (const draft of connected.drafts) {
    for (const columns of uniqueOnlyThere(draft)) {
      draft.differences.push(`${columns} is unique in '${spec.destination}' only`);
    }
  }
  const matched = await planMatched(source, catalogs, work.matched);
  const components = matched.length;
  const writtenKeys = new Set([
    ...copied.map(({ key }) => key),
    ...people,
    ...work.drafts.flatMap(({ instances, pair }) => (instances === null ? [] : [pair.key])),
  ]);
  const written = connected.drafts.map((draft, index) =>
    planWritten(
      draft,
      { component: components + connected.components[index]!, bound: bounds.get(draft) ?? null, rows: rows[index]! },
      writtenKeys,
      spec,
    ),
  );
  const drafted = new Set(connected.drafts.map(({ pair }) => pair.key));
  const last = components + connected.drafts.length;
  const blocked = copied
    .filter(({ key }) => !drafted.has(key))
    .map((entity, index) =>
      planWithoutDraft(entity, work.match.pairs.get(entity.key)?.destination ?? null, last + index),
    );
  const entities = [...matched, ...written, ...blocked].map((entity, index) => ({ ...entity, order: index + 1 }));
  if (chosen !== null) findings.merge(chosen.findings);
  const { blocking, warnings } = findings;
  const plan: Plan = { source: spec.source, destination: spec.destination, entities, blocking, warnings };
  return { plan: chosen === null ? plan : withProcesses(plan, chosen), chosen };
}

/** Bounds as an earlier plan had them, where there is one. */
function withinBounds(
  bounds: Map<Draft, string | null>,
  earlier: PlanRequest['bounds'] = new Map(),
): Map<Draft, string | null> {
  return new Map(
    [...bounds].map(([draft, bound]) => [draft, bound === null ? null : (earlier.get(draft.pair.key) ?? bound)]),
  );
}

function withProcesses(plan: Plan, { summary }: ChosenProcesses): Plan {
  const reasons = summary.setAside.map(({ reason }) => reason);
  const entities = plan.entities.map((entity) =>
    entity.partOf?.instances === entity.key && reasons.length > 0
      ? { ...entity, partOf: { ...entity.partOf, reasons } }
      : entity,
  );
  return { ...plan, entities, processes: summary };
}

/** What the spec names, in the source. */
interface Scoped {
  scope: Scope;
  ignored: ReadonlySet<Attribute>;
  references: SourceReferences;
  match: CatalogMatch;
  entities: ReadonlyMap<EntityKey, Entity>;
}

function scopeOf(spec: MigrationSpec, { source, destination }: Catalogs): Scoped {
  const { ignored, softKeys } = resolveSpecNames(spec, source, destination);
  return {
    scope: entitiesInScope(source, spec.scope),
    ignored,
    references: sourceReferences(source, softKeys),
    match: matchCatalogs(source, destination),
    entities: new Map(source.entities.map((entity) => [entity.key, entity])),
  };
}

/** Entities to be copied. @param types of values of process instances: the entities they name are producers too. */
function copiedKeys(
  spec: MigrationSpec,
  { scope, references, match, entities }: Scoped,
  types: ReadonlySet<string>,
): Set<EntityKey> {
  if (spec.producers === 'match') return scope.copied;
  const named = [...types].flatMap((type) => references.ofType(type)?.target ?? []);
  const applications = named.filter((key) => entities.get(key)?.kind === 'entity');
  return withProducers(new Set([...scope.copied, ...applications]), entities, (entity) =>
    targetsOf(entity, match, references),
  );
}

/** Which process instances travel; null where the spec wants none, or an environment knows no processes. */
async function chosenProcesses(
  request: PlanRequest,
  catalogs: Catalogs,
  scoped: Scoped,
): Promise<ChosenProcesses | null> {
  const { spec } = request;
  const known = [catalogs.source, catalogs.destination].every(({ platformTables }) => platformTables.has(processTable));
  if (spec.processes === 'none' || !known) return null;
  const tables = new Map([processTable, activityTable].map((table) => [platformTarget(catalogs.source, table), table]));
  const { references, entities } = scoped;
  return chooseProcesses({
    source: { database: request.source, catalog: catalogs.source },
    destination: { database: request.destination, catalog: catalogs.destination },
    mode: spec.processes,
    espaces: espacesInScope(catalogs.source, spec.scope),
    columnsOf: (types) =>
      spec.producers === 'match'
        ? []
        : [...copiedKeys(spec, scoped, types)].flatMap((key) => {
            const { table, attributes } = entities.get(key)!;
            return attributes.flatMap((attribute): InstanceColumn[] => {
              const to = tables.get(references.of(attribute)?.target ?? '');
              if (to === undefined || attribute.column === null || table === null) return [];
              return [{ table: { schema: table.schema, name: table.name }, column: attribute.column.name, to }];
            });
          }),
  });
}

/** Instances that do not travel are no reason to look at their tables; those that are set aside are counted there. */
const travels = ({ summary: { copied, setAside } }: ChosenProcesses) => copied > 0 || setAside.length > 0;

/** What the catalogs alone say. */
interface LookedUp {
  match: CatalogMatch;
  /** Entities to be copied, those that cannot be among them. */
  copied: Entity[];
  /** Keys of the people's tables that are aligned. */
  people: EntityKey[];
  drafts: Draft[];
  questions: DataQuestion[];
  /** Keys of the entities that are matched. */
  matched: EntityKey[];
  /** Of those, application entities that `producers: match` leaves out. */
  leftOut: Set<EntityKey>;
  findings: Findings;
}

function lookUp(spec: MigrationSpec, catalogs: Catalogs, scoped: Scoped, chosen: ChosenProcesses | null): LookedUp {
  const { source, destination } = catalogs;
  const { scope, ignored, references, match, entities } = scoped;
  const keys = copiedKeys(spec, scoped, new Set([...(chosen?.types.values() ?? [])].flat()));
  const copied = [...keys].map((key) => entities.get(key)!);
  const environments = { source: source.environment, destination: destination.environment };
  const context: DraftContext = {
    environments,
    missingReferences: spec.missingReferences,
    rowErrors: spec.rowErrors,
    ignored,
    references,
    isOutside: (target) => ['external', 'client'].includes(entities.get(target)?.kind ?? ''),
    wordsFor: (type) => targetWords(type, source),
  };
  const findings = new Findings();
  findings.merge(missingInDestination(spec, source, destination, match, copied));
  for (const catalog of [source, destination]) findings.merge(sharedTables(catalog, keys));
  const drafts: Draft[] = [];
  const questions: DataQuestion[] = [];
  for (const { key } of copied) {
    const pair = match.pairs.get(key);
    if (pair === undefined) continue;
    const unusable = unusableTables(pair, environments);
    findings.merge(unusable);
    if (unusable.blocking.length > 0) continue;
    const { draft, notes } = draftEntity(pair, context);
    findings.merge(notes.findings);
    questions.push(...notes.questions);
    if (draft !== null) drafts.push(draft);
  }
  const people = draftPeople(spec, catalogs, context);
  drafts.push(...people.drafts);
  questions.push(...people.questions);
  findings.merge(people.findings);
  const peopleKeys = people.drafts.map(({ pair }) => pair.key);
  if (chosen !== null && travels(chosen)) {
    const instances = draftInstances(catalogs, context, chosen);
    drafts.push(...instances.drafts);
    questions.push(...instances.questions);
    findings.merge(instances.findings);
  }
  noteLeftOut(drafts, source, chosen === null);
  // Instances are copied or left out, never matched.
  const instanceKeys = instanceTables.map(({ table }) => platformTarget(source, table));
  const written = new Set([...keys, ...peopleKeys, ...instanceKeys]);
  const { matched, leftOut } = matchedTargets(scope, written, drafts, entities);
  return { match, copied, people: peopleKeys, drafts, questions, matched, leftOut, findings };
}

function targetWords(type: string, { espaces }: EnvironmentCatalog): string {
  const halves = parseReferenceType(type);
  if (halves === null) return type;
  const espace = espaces.find(({ key }) => key === halves.espaceKey);
  const owner = espace ? `module ${espace.name}` : `a module that is not there (${halves.espaceKey})`;
  return `entity ${halves.entityKey} of ${owner}`;
}

/** What an entity refers to through the attributes that are copied; all of them where the destination lacks the entity. */
function* targetsOf(entity: Entity, match: CatalogMatch, references: SourceReferences): Generator<EntityKey> {
  const pair = match.pairs.get(entity.key);
  const attributes = pair ? pair.attributes.map((attribute) => attribute.source) : entity.attributes;
  for (const attribute of entity.identifier ? [...attributes, entity.identifier] : attributes) {
    const reference = references.of(attribute);
    if (reference !== null) yield reference.target;
  }
}

function matchedTargets(
  scope: Scope,
  written: ReadonlySet<EntityKey>,
  drafts: readonly Draft[],
  entities: ReadonlyMap<EntityKey, Entity>,
): { matched: EntityKey[]; leftOut: Set<EntityKey> } {
  const referred = drafts
    .flatMap((draft) => draft.references)
    .filter(({ missing, target }) => missing !== 'keep' && !written.has(target))
    .map(({ target }) => target);
  const matched = [...new Set([...scope.statics, ...referred])];
  return { matched, leftOut: new Set(matched.filter((key) => entities.get(key)?.kind === 'entity')) };
}
