import { openTextConnection, quotedName, textRows } from './comparison/connection.ts';
import { type ComparedEntity, entitiesInScope, type Metamodel, readMetamodel } from './comparison/metamodel.ts';
import { compareGraphs } from './comparison/refinement.ts';
import { type ComparedAttributes, readRowGraph } from './comparison/rowGraph.ts';
import { changesOf, type Snapshot, snapshotOf } from './comparison/snapshot.ts';

export { type Snapshot, snapshotDestination } from './comparison/snapshot.ts';

/** Something that a migration did wrong. */
export interface Difference {
  /** rows: the migrated rows; existing: rows that were there before; outside: what is out of scope; definition: cannot be compared. */
  kind: 'rows' | 'existing' | 'outside' | 'definition';
  /** `Espace.Entity`, or a table's name. */
  entity: string;
  message: string;
}

/**
 * Decides, with code of its own and nothing of src/, whether a migration did its work: every source row is found
 * exactly once in the destination, each reference points at the row that means the same, and whatever was there
 * before (`before`, from `snapshotDestination`) is as it was. Rows are told by what they mean, never by id:
 * see comparison/refinement.ts. References to rows that are gone count as NULL (missingReferences null); 0 and ''
 * in a reference must stay what they are.
 * PostgreSQL only, everything in memory: for up to some 100,000 rows a side.
 */
export async function compareEnvironments(options: {
  /** URLs that may read everything. */
  source: string;
  destination: string;
  before: Snapshot;
  /** Applications in scope; what they refer to belongs to it. */
  applications?: readonly string[];
  /** Report on these only (`Espace.Entity`), though everything in scope is compared. */
  entities?: readonly string[];
  /** `Espace.Entity.Attribute` that only the source has and that may stay behind. */
  ignoreAttributes?: readonly string[];
  /** Tables outside the scope that the migration may write: people's. */
  mayChange?: readonly string[];
  /** Such to which it may add rows: process instances, event subscriptions. */
  mayGrow?: (table: string) => boolean;
}): Promise<Difference[]> {
  const { before, applications = ['Order Management'], entities, ignoreAttributes = [] } = options;
  const { mayChange = [], mayGrow = () => false } = options;
  const source = await openTextConnection(options.source);
  const destination = await openTextConnection(options.destination).catch(async (error: unknown) => {
    await source.end();
    throw error;
  });
  try {
    const differences: Difference[] = [];
    const [sourceModel, destinationModel] = [await readMetamodel(source), await readMetamodel(destination)];
    const inSource = await entitiesInScope(source, sourceModel, applications);
    if (inSource.length === 0) throw new Error(`The source has no entities in ${applications.join(', ')}.`);
    const scope = inSource.filter((key) => {
      const found = destinationModel.entities.get(key)?.table;
      if (found == null) {
        const message = 'the destination has no table for it';
        differences.push({ kind: 'definition', entity: sourceModel.entities.get(key)!.name, message });
      }
      return found != null;
    });

    const attributes: ComparedAttributes = new Map();
    for (const key of scope) {
      const [own, other] = [sourceModel.entities.get(key)!, destinationModel.entities.get(key)!];
      attributes.set(key, comparedAttributes(own, other));
      for (const one of own.attributes.values()) {
        const isIgnored = ignoreAttributes.includes(`${own.name}.${one.name}`);
        if (other.attributes.has(one.key) || isIgnored) continue;
        const statement = `SELECT count(${quotedName(one.column)}) FROM ${quotedName(own.table!)}`;
        const [[filled] = []] = await textRows(source, statement);
        if (filled !== '0') {
          differences.push({
            kind: 'rows',
            entity: own.name,
            message: `${filled} values of ${one.name} have no place`,
          });
        }
      }
    }
    const [sourceGraph, destinationGraph] = [
      await readRowGraph({ client: source, metamodel: sourceModel, scope, attributes, before: null }),
      await readRowGraph({ client: destination, metamodel: destinationModel, scope, attributes, before }),
    ];
    const rowDifferences = [...destinationGraph.problems, ...compareGraphs(sourceGraph, destinationGraph)];
    differences.push(...rowDifferences.map((one) => ({ kind: 'rows' as const, ...one })));

    for (const key of scope) {
      const [own, other] = [sourceModel.entities.get(key)!, destinationModel.entities.get(key)!];
      const labels = new Set(destinationGraph.sets.get(key)!.labels);
      for (const one of other.attributes.values()) {
        if (own.attributes.has(one.key) || one.references !== null || other.identifier === null) continue;
        const identifier = quotedName(other.attributes.get(other.identifier)!.column);
        const empty = await textRows(
          destination,
          `SELECT ${identifier} FROM ${quotedName(other.table!)} WHERE ${quotedName(one.column)} IS NULL`,
        );
        const count = empty.filter(([id]) => labels.has(id!)).length;
        const message = `${one.name}, which only the destination has, is NULL in ${count} new rows`;
        if (count > 0) differences.push({ kind: 'rows', entity: own.name, message });
      }
    }
    differences.push(
      ...surroundings(before, await snapshotOf(destination), scope, destinationModel, mayChange, mayGrow),
    );
    return entities ? differences.filter((one) => one.kind !== 'rows' || entities.includes(one.entity)) : differences;
  } finally {
    await Promise.all([source.end(), destination.end()]);
  }
}

/** Keys of the attributes that both have, without identifiers that each environment mints for itself. */
function comparedAttributes(own: ComparedEntity, other: ComparedEntity): string[] {
  return [...own.attributes.values()]
    .filter((one) => other.attributes.has(one.key) && !(one.key === own.identifier && one.isAutoNumber))
    .map((one) => one.key)
    .sort();
}

function surroundings(
  before: Snapshot,
  now: Snapshot,
  scope: readonly string[],
  { entities }: Metamodel,
  mayChange: readonly string[],
  mayGrow: (table: string) => boolean,
): Difference[] {
  const differences: Difference[] = [];
  const inScope = new Map(scope.map((key) => [entities.get(key)!.table!, entities.get(key)!.name]));
  for (const [table, old] of before.tables) {
    if (mayChange.includes(table)) continue;
    const name = inScope.get(table);
    const kind = name === undefined ? 'outside' : 'existing';
    const current = now.tables.get(table);
    const grows = name !== undefined || mayGrow(table);
    const changes = current ? changesOf(old, current, grows) : ['the table is gone'];
    differences.push(...changes.map((message) => ({ kind, entity: name ?? table, message }) as const));
  }
  for (const table of now.tables.keys()) {
    if (!before.tables.has(table)) differences.push({ kind: 'outside', entity: table, message: 'the table is new' });
  }
  return differences;
}
