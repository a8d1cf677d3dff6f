import { alignMatched } from '../alignment/alignMatched.ts';
import { platformRows } from '../alignment/platformTable.ts';
import type { PhysicalTable, TableName } from '../database/port.ts';
import { text } from '../database/shape.ts';
import { type Sql, sql } from '../database/sql.ts';
import type { EntityKey, Espace } from '../outsystems/catalog.ts';
import { columnOf, type Environment } from '../outsystems/environment.ts';
import { platformTarget } from '../outsystems/platform.ts';
import { definitionMissing } from '../plan/catalogue/issues.ts';
import { Findings } from '../plan/findings.ts';
import type { ProcessSummary } from '../plan/summaries.ts';
import { type ExcludedIds, type Exclusion, Exclusions } from './exclusions.ts';
import { ProcessForest } from './forest.ts';
import {
  activityTable,
  type InstanceTable,
  instanceTables,
  processDefinitionTable,
  processTable,
} from './instanceTables.ts';

export interface ChosenProcesses {
  summary: ProcessSummary;
  excluded: ExcludedIds[];
  exclusions: Exclusions;
  /** Types of values that chosen instances hold and that name an entity, in lower case, by table. */
  types: Map<string, string[]>;
  findings: Findings;
}

/** A column of an application's table that holds ids of processes or of activities. */
export interface InstanceColumn {
  table: TableName;
  column: string;
  /** Upper-case name of the table that it refers to. */
  to: string;
}

export interface ChoiceRequest {
  source: Environment;
  destination: Environment;
  mode: 'all' | 'active';
  /** Espaces in scope, of the source. */
  espaces: ReadonlySet<Espace>;
  /**
   * Columns of the entities to be copied that refer to instances, when these types of values bring the entities they name along.
   * The trees they refer to travel too, whatever module they are of; empty where the spec says that producers do not.
   */
  columnsOf(types: ReadonlySet<string>): InstanceColumn[];
}

/**
 * Decides which process instances travel: whole trees, those that hold a process of a module in scope or that copied rows
 * refer to; of these not what the spec leaves out, nor what the destination lacks a definition for (trap 30).
 * @throws DatabaseError
 */
export async function chooseProcesses(request: ChoiceRequest): Promise<ChosenProcesses> {
  const { source, mode } = request;
  const forest = await ProcessForest.read(source);
  const definitions = await readDefinitions(source);
  const ids = new Set([...request.espaces].filter(({ kind }) => kind === 'espace').map(({ id }) => id));
  const ofScope = new Set([...definitions].filter(([, { espaceId }]) => ids.has(espaceId)).map(([id]) => id));
  const inside = forest.treesWith(ofScope);
  const active = mode === 'active' ? forest.activeTrees() : null;
  const taken = () => (active === null ? inside : new Set([...inside].filter((tree) => active.has(tree))));

  let types = new Map<string, string[]>();
  const looked = new Set<string>();
  for (let before = -1; before < typesIn(types).size; ) {
    before = typesIn(types).size;
    for (const column of request.columnsOf(typesIn(types))) {
      const name = JSON.stringify(column);
      if (looked.has(name)) continue;
      looked.add(name);
      for (const id of await referredElsewhere(source, column, ofScope)) {
        const tree = forest.treeOf(id);
        if (tree !== undefined) inside.add(tree);
      }
    }
    types = await typesOf(source, forest.definitionsOf(taken()), definitions.size);
  }

  const setAside = await treesWithoutDefinition(request, forest, taken());
  const excluded = new Excluding(source);
  const reasons = [...new Set(setAside.values())];
  for (const { id, tree } of forest.processes()) {
    const reason = setAside.get(tree);
    if (!inside.has(tree)) excluded.exclude('outside', id, tree);
    else if (active !== null && !active.has(tree)) excluded.exclude('leftOut', id, tree);
    else if (reason !== undefined) excluded.exclude('setAside', id, tree, reasons.indexOf(reason));
    else excluded.copied.add(tree);
  }
  const summary: ProcessSummary = {
    copied: excluded.copied.size,
    leftOut: excluded.trees.leftOut.size,
    outside: excluded.trees.outside.size,
    setAside: reasons.map((reason) => ({
      reason,
      trees: [...setAside.values()].filter((one) => one === reason).length,
    })),
  };
  const findings = new Findings();
  for (const { reason, trees } of summary.setAside) {
    findings.add('process-definition-missing', { entity: '(System).Process', instances: trees, reason });
  }
  return { summary, ...(await excluded.finish()), types, findings };
}

const typesIn = (types: ReadonlyMap<string, string[]>) => new Set([...types.values()].flat());

interface Definition {
  name: string;
  espaceId: string;
}

async function readDefinitions(source: Environment): Promise<Map<string, Definition>> {
  const definitions = new Map<string, Definition>();
  for await (const [id, name, espace] of platformRows(source, processDefinitionTable, ['ID', 'NAME', 'ESPACE_ID'])) {
    definitions.set(String(id), { name: String(name ?? ''), espaceId: String(espace ?? '') });
  }
  return definitions;
}

/** Processes of other definitions that a column refers to, itself or by an activity of theirs. */
async function referredElsewhere(
  source: Environment,
  { table, column, to }: InstanceColumn,
  definitions: ReadonlySet<string>,
): Promise<string[]> {
  const { database, catalog } = source;
  const processes = catalog.platformTables.get(processTable)!;
  const activities = catalog.platformTables.get(activityTable);
  const ofProcess = (wanted: string) => nameIn('p', processes, wanted);
  const held = sql.id('t', column);
  const viaActivity = to === activityTable && activities !== undefined;
  const joins = viaActivity
    ? sql`join ${sql.table(activities)} a on ${nameIn('a', activities, 'ID')} = ${held}
        join ${sql.table(processes)} p on ${ofProcess('ID')} = ${nameIn('a', activities, 'PROCESS_ID')}`
    : sql`join ${sql.table(processes)} p on ${ofProcess('ID')} = ${held}`;
  const others =
    definitions.size === 0
      ? []
      : [sql`${ofProcess('PROCESS_DEF_ID')} not in (${sql.list([...definitions].map(BigInt))})`];
  const rows = await database.query(
    sql`select distinct ${ofProcess('ID')} as id from ${sql.table(table)} t ${joins} where ${sql.all(others)}`,
    { id: text },
  );
  return rows.map(({ id }) => id);
}

/** A column, which every version of the platform has, of a table with an alias. */
const nameIn = (alias: string, table: PhysicalTable, column: string) => sql.id(alias, columnOf(table, column)!);

/** Types of the values that instances of these definitions hold, those that name an entity. */
async function typesOf(
  source: Environment,
  definitions: ReadonlySet<string>,
  all: number,
): Promise<Map<string, string[]>> {
  const { database, catalog } = source;
  const types = new Map<string, string[]>();
  const ids = [...definitions].filter((id) => id !== '').map(BigInt);
  if (ids.length === 0) return types;
  for (const { table, value, partOf } of instanceTables) {
    const physical = catalog.platformTables.get(table);
    const type = physical && value && columnOf(physical, value.type);
    if (physical === undefined || type === null || type === undefined) continue;
    const joins = ids.length === all ? [] : joinsToProcess(source, { table, partOf });
    if (joins === null) continue;
    const named = sql`lower(${sql.id('t', type)})`;
    const conditions = [sql`${named} like 'bt%'`];
    if (joins.length > 0) {
      const definition = nameIn('p', catalog.platformTables.get(processTable)!, 'PROCESS_DEF_ID');
      conditions.push(sql`${definition} in (${sql.list(ids)})`);
    }
    const rows = await database.query(
      sql`select distinct ${named} as found from ${sql.table(physical)} t ${sql.join(joins, ' ')}
        where ${sql.all(conditions)}`,
      { found: text },
    );
    types.set(
      table,
      rows.map(({ found }) => found),
    );
  }
  return types;
}

/** Joins an instance table `t` to the processes `p` that its rows are part of; null where a column is lacking. */
function joinsToProcess(
  { catalog }: Environment,
  { table, partOf }: Pick<InstanceTable, 'table' | 'partOf'>,
): Sql[] | null {
  const joins: Sql[] = [];
  let alias = 't';
  let at = { table, partOf };
  while (at.table !== processTable) {
    const from = catalog.platformTables.get(at.table);
    const to = catalog.platformTables.get(at.partOf.table);
    const [column, id] = [from && columnOf(from, at.partOf.column), to && columnOf(to, 'ID')];
    if (to === undefined || column === undefined || id === undefined) return null;
    const next = at.partOf.table === processTable ? 'p' : 'a';
    joins.push(sql`join ${sql.table(to)} ${sql.id(next)} on ${sql.id(next, id)} = ${sql.id(alias, column)}`);
    alias = next;
    at = instanceTables.find((one) => one.table === at.partOf.table)!;
  }
  return joins;
}

/** Of the trees given, those that hold something of which the destination has no definition, and what. */
async function treesWithoutDefinition(
  { source, destination }: ChoiceRequest,
  forest: ProcessForest,
  trees: ReadonlySet<number>,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { table, references, definition: column, name: called } of instanceTables) {
    const physical = source.catalog.platformTables.get(table);
    const physicalColumn = physical && columnOf(physical, column);
    if (physical === undefined || physicalColumn === undefined) continue;
    const definedIn = references.find((reference) => reference.column === column)!.to;
    const definition = sql.id(physicalColumn);
    const used = await source.database.query(
      sql`select distinct ${definition} as id from ${sql.table(physical)} where ${definition} is not null`,
      { id: text },
    );
    const map = await definitionMap(source, destination, platformTarget(source.catalog, definedIn));
    const missing = used.map(({ id }) => id).filter((id) => id !== '0' && !map.has(id));
    for (const [id, name] of await namesOf(source, definedIn, missing)) {
      const reason = definitionMissing(destination.catalog.environment, name, called);
      for await (const process of processesBy(source, table, column, [id])) {
        const tree = forest.treeOf(process);
        if (tree === undefined || !trees.has(tree) || found.has(tree)) continue;
        found.set(tree, reason);
      }
    }
  }
  return found;
}

async function definitionMap(source: Environment, destination: Environment, key: EntityKey) {
  const { maps } = await alignMatched({ source, destination, entities: [key] });
  return new Map(maps.find(({ entity }) => entity === key)?.pairs);
}

/** `'Name'` of definitions by id, `12` where they have none. */
async function namesOf(source: Environment, table: string, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map(ids.map((id) => [id, id]));
  for await (const [id, name] of platformRows(source, table, ['ID', 'NAME'], { ids })) {
    if (typeof name === 'string' && name !== '') names.set(String(id), `'${name}'`);
  }
  return names;
}

/** Ids of the processes whose rows, or rows of whose activities, have one of these ids in a column. */
async function* processesBy(
  source: Environment,
  table: string,
  column: string,
  ids: readonly string[],
): AsyncGenerator<string> {
  const { partOf } = instanceTables.find((one) => one.table === table)!;
  const owners: string[] = [];
  for await (const [owner] of platformRows(source, table, [partOf.column], { column, ids })) {
    if (owner === null) continue;
    if (partOf.table === processTable) yield String(owner);
    else owners.push(String(owner));
  }
  if (owners.length > 0) yield* processesBy(source, partOf.table, 'ID', owners);
}

/** Gathers what stays behind: processes, and the activities of such processes. */
class Excluding {
  readonly copied = new Set<number>();
  readonly trees: Record<Exclusion, Set<number>> = { outside: new Set(), leftOut: new Set(), setAside: new Set() };
  readonly #source: Environment;
  readonly #processes: ExcludedIds[] = [];

  constructor(source: Environment) {
    this.#source = source;
  }

  exclude(exclusion: Exclusion, process: string, tree: number, reason = 0): void {
    this.trees[exclusion].add(tree);
    addTo(this.#processes, { entity: platformTarget(this.#source.catalog, processTable), exclusion, reason }, process);
  }

  /** @throws DatabaseError */
  async finish(): Promise<{ excluded: ExcludedIds[]; exclusions: Exclusions }> {
    const { catalog } = this.#source;
    const processKey = platformTarget(catalog, processTable);
    const activityKey = platformTarget(catalog, activityTable);
    const exclusions = new Exclusions();
    for (const list of this.#processes) exclusions.add(list);
    if (exclusions.isEmpty) return { excluded: [], exclusions };
    const activities: ExcludedIds[] = [];
    for await (const [id, process] of platformRows(this.#source, activityTable, ['ID', 'PROCESS_ID'])) {
      const exclusion = process === null ? null : exclusions.of(processKey, String(process));
      if (exclusion !== null) addTo(activities, { entity: activityKey, exclusion, reason: 0 }, String(id));
    }
    for (const list of activities) exclusions.add(list);
    return { excluded: [...this.#processes, ...activities], exclusions };
  }
}

function addTo(lists: ExcludedIds[], why: Omit<ExcludedIds, 'ids'>, id: string): void {
  const list = lists.find(({ exclusion, reason }) => exclusion === why.exclusion && reason === why.reason);
  if (list === undefined) lists.push({ ...why, ids: [id] });
  else list.ids.push(id);
}
