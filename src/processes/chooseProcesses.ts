import { alignMatched } from '../alignment/alignMatched.ts';
import { platformRows } from '../alignment/platformTable.ts';
import type { PhysicalTable, TableName } from '../database/port.ts';
import { text } from '../database/shape.ts';
import { type Sql, sql } from '../database/sql.ts';
import type { EntityKey, Espace } from '../outsystems/catalog.ts';
import { columnOf, type Environment, requiredColumn, requiredTable } from '../outsystems/environment.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import { platformTarget } from '../outsystems/platform.ts';
import { definitionMissing } from '../plan/catalogue/issues.ts';
import { Findings } from '../plan/findings.ts';
import type { ProcessSummary } from '../plan/summaries.ts';
import { type ExcludedIds, type Exclusion, Exclusions } from './exclusions.ts';
import { ProcessForest } from './forest.ts';
import {
  activityTable,
  definitionTableOf,
  type InstanceTable,
  instanceTable,
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
   * Columns of the entities to be copied that refer to instances, when these types of values bring the entities they
   * name along. The trees they refer to are copied too, whatever module they are of; empty where the spec says that
   * producers are not.
   */
  columnsOf(types: ReadonlySet<string>): InstanceColumn[];
}

/**
 * Decides which process instances are copied: whole trees, those that hold a process of a module in scope or that
 * copied rows refer to; of these neither what the spec leaves out nor what the destination lacks a definition for (trap
 * 30).
 * @throws DatabaseError
 */
export async function chooseProcesses(request: ChoiceRequest): Promise<ChosenProcesses> {
  const { source, mode } = request;
  const forest = await ProcessForest.read(source);
  const definitions = await readDefinitions(source);
  const active = mode === 'active' ? forest.activeTrees() : null;
  const { inside, types } = await treesOfScope(request, forest, definitions, active);
  const setAside = await treesWithoutDefinition(request, forest, withoutOver(inside, active));
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

/** The trees of the scope, and the types of values that those of them hold that are not over. */
interface ScopeTrees {
  inside: ReadonlySet<number>;
  types: Map<string, string[]>;
}

/**
 * Trees that hold a process of a module in scope, or that rows to be copied refer to. Which rows are copied depends on
 * the values that the trees hold, so both are asked for until nothing is added.
 * @param active trees that are not over; null where those that are over are copied too.
 */
async function treesOfScope(
  request: ChoiceRequest,
  forest: ProcessForest,
  definitions: ReadonlyMap<string, Definition>,
  active: ReadonlySet<number> | null,
): Promise<ScopeTrees> {
  const { source } = request;
  const espaceIds = new Set([...request.espaces].filter(({ kind }) => kind === 'espace').map(({ id }) => id));
  const ofScope = new Set([...definitions].filter(([, { espaceId }]) => espaceIds.has(espaceId)).map(([id]) => id));
  const inside = forest.treesWith(ofScope);
  const asked = new Set<string>();
  let types = new Map<string, string[]>();
  for (let before = -1; before < typesIn(types).size; ) {
    before = typesIn(types).size;
    for (const column of request.columnsOf(typesIn(types))) {
      const name = JSON.stringify(column);
      if (asked.has(name)) continue;
      asked.add(name);
      const processes = await referredElsewhere(source, column, ofScope);
      for (const tree of processes.flatMap((id) => forest.treeOf(id) ?? [])) inside.add(tree);
    }
    types = await typesOf(source, forest.definitionsOf(withoutOver(inside, active)), definitions.size);
  }
  return { inside, types };
}

function withoutOver(trees: ReadonlySet<number>, active: ReadonlySet<number> | null): ReadonlySet<number> {
  return active === null ? trees : new Set([...trees].filter((tree) => active.has(tree)));
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
  const processes = requiredTable(catalog, processTable);
  const activities = catalog.platformTables.get(activityTable);
  const ofProcess = (name: string) => nameIn('p', processes, name);
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
const nameIn = (alias: string, table: PhysicalTable, column: string) =>
  sql.id(alias, requiredColumn(table, column).name);

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
      const definition = nameIn('p', requiredTable(catalog, processTable), 'PROCESS_DEF_ID');
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

/** Joins an instance table `t` to the processes `p` that its rows are part of; null where a column is missing. */
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
    at = instanceTable(at.partOf.table);
  }
  return joins;
}

/** Of the trees given, those that hold something of which the destination has no definition, and what. */
async function treesWithoutDefinition(
  request: ChoiceRequest,
  forest: ProcessForest,
  trees: ReadonlySet<number>,
): Promise<Map<number, string>> {
  const reasons = new Map<number, string>();
  for (const instances of instanceTables) {
    for await (const { process, reason } of processesWithoutDefinition(request, instances)) {
      const tree = forest.treeOf(process);
      if (tree !== undefined && trees.has(tree) && !reasons.has(tree)) reasons.set(tree, reason);
    }
  }
  return reasons;
}

/** Processes that hold a row of a table whose definition the destination lacks, and what is missing. */
async function* processesWithoutDefinition(
  { source, destination }: ChoiceRequest,
  instances: InstanceTable,
): AsyncGenerator<{ process: string; reason: string }> {
  const { table, definition } = instances;
  const physical = source.catalog.platformTables.get(table);
  const column = physical && columnOf(physical, definition);
  if (physical === undefined || column === undefined) return;
  const definedIn = definitionTableOf(instances);
  const used = await source.database.query(
    sql`select distinct ${sql.id(column)} as id from ${sql.table(physical)} where ${sql.id(column)} is not null`,
    { id: text },
  );
  const map = await definitionMap(source, destination, platformTarget(source.catalog, definedIn));
  const missing = used.map(({ id }) => id).filter((id) => !isNullIdentifier(id) && !map.has(id));
  for (const [id, name] of await namesOf(source, definedIn, missing)) {
    const reason = definitionMissing(destination.catalog.environment, name, instances.name);
    for await (const process of processesBy(source, table, definition, [id])) yield { process, reason };
  }
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
  const { partOf } = instanceTable(table);
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
