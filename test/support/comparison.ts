import { type ComparedEntity, entitiesInScope, type Metamodel, metamodelOf } from './comparison/metamodel.ts';
import { beginReading, positionOf, type Reading } from './comparison/reading.ts';
import { compareGraphs } from './comparison/refinement.ts';
import { type ComparedAttributes, readRowGraph } from './comparison/rowGraph.ts';
import { changesOf, type Snapshot, snapshotOf } from './comparison/snapshot.ts';
import { openPlain, type PlainConnection } from './plainSql.ts';

export { beginReading, type Reading } from './comparison/reading.ts';
export { type Snapshot, snapshotDestination } from './comparison/snapshot.ts';

/** Something that a migration did wrong. */
export interface Difference {
  /**
   * rows: the migrated rows; existing: rows that were there before; outside: what is out of scope; definition: cannot
   * be compared.
   */
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
 * Everything in memory: for up to some 100,000 rows a side.
 */
export async function compareEnvironments(options: {
  /** URLs that may read everything; or readings, for who compares again and again, or what is not committed. */
  source: string | Reading;
  destination: string | Reading;
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
  const opened: PlainConnection[] = [];
  const read = async (given: string | Reading): Promise<Reading> => {
    if (typeof given !== 'string') return given;
    const connection = await openPlain(given);
    opened.push(connection);
    return beginReading(connection);
  };
  try {
    const [source, destination] = [await read(options.source), await read(options.destination)];
    const differences: Difference[] = [];
    const [sourceModel, destinationModel] = [await metamodelOf(source), await metamodelOf(destination)];
    const inSource = await entitiesInScope(source.connection, sourceModel, applications);
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
        const filled = await countFilled(source, own, one.column);
        if (filled > 0) {
          differences.push({
            kind: 'rows',
            entity: own.name,
            message: `${filled} values of ${one.name} have no place`,
          });
        }
      }
    }
    const [sourceGraph, destinationGraph] = [
      await readRowGraph({ reading: source, metamodel: sourceModel, scope, attributes, before: null }),
      await readRowGraph({ reading: destination, metamodel: destinationModel, scope, attributes, before }),
    ];
    const rowDifferences = [...destinationGraph.problems, ...compareGraphs(sourceGraph, destinationGraph)];
    differences.push(...rowDifferences.map((one) => ({ kind: 'rows' as const, ...one })));

    for (const key of scope) {
      const [own, other] = [sourceModel.entities.get(key)!, destinationModel.entities.get(key)!];
      const labels = new Set(destinationGraph.sets.get(key)!.labels);
      for (const one of other.attributes.values()) {
        if (own.attributes.has(one.key) || one.references !== null || other.identifier === null) continue;
        const table = destination.tables.get(other.table!.toLowerCase())!;
        const identifier = positionOf(table, other.attributes.get(other.identifier)!.column);
        const column = positionOf(table, one.column);
        const empty = (await destination.rowsOf(other.table!)).filter((row) => row[column] === null);
        const count = empty.filter((row) => labels.has(row[identifier]!)).length;
        const message = `${one.name}, which only the destination has, is NULL in ${count} new rows`;
        if (count > 0) differences.push({ kind: 'rows', entity: own.name, message });
      }
    }
    differences.push(
      ...surroundings(before, await snapshotOf(destination), scope, destinationModel, mayChange, mayGrow),
    );
    return entities ? differences.filter((one) => one.kind !== 'rows' || entities.includes(one.entity)) : differences;
  } finally {
    await Promise.all(opened.map((connection) => connection.end()));
  }
}

async function countFilled(reading: Reading, entity: ComparedEntity, column: string): Promise<number> {
  const position = positionOf(reading.tables.get(entity.table!.toLowerCase())!, column);
  return (await reading.rowsOf(entity.table!)).filter((row) => row[position] !== null).length;
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
