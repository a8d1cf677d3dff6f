import type { ComparedAttribute, ComparedEntity, Metamodel } from './metamodel.ts';
import { digestOf, positionOf, type Reading } from './reading.ts';
import type { Snapshot } from './snapshot.ts';

/** Rows of one entity in one environment: what each says by itself, and which rows it refers to. */
export interface RowSet {
  entity: ComparedEntity;
  /** Identifier of each row, for messages; a number in reading order where there is none. */
  labels: string[];
  /** Everything that can be compared without looking at other rows, as one text per row. */
  contents: string[];
  /** References to rows that are compared too: position of the row referred to, -1 for none. */
  references: { attribute: string; target: string; rows: Int32Array }[];
}

export interface RowGraph {
  sets: Map<string, RowSet>;
  problems: { entity: string; message: string }[];
}

/** Attributes, in a fixed order, by which an entity is compared; both environments have them. */
export type ComparedAttributes = Map<string, string[]>;

/**
 * Reads the rows of the entities. With `before`, rows that the snapshot holds are left out: they are not of the
 * migration, and a reference to one of them is a difference. A reference to a row that is not there says NULL in the
 * source (missingReferences null), and is told in the destination.
 */
export async function readRowGraph(options: {
  reading: Reading;
  metamodel: Metamodel;
  scope: readonly string[];
  attributes: ComparedAttributes;
  before: Snapshot | null;
}): Promise<RowGraph> {
  const { reading, metamodel, scope, attributes, before } = options;
  const graph: RowGraph = { sets: new Map(), problems: [] };
  const positions = new Map<string, Map<string, number>>();
  const cells = new Map<string, (string | null)[][]>();
  for (const key of scope) {
    const entity = metamodel.entities.get(key)!;
    const compared = attributes.get(key)!.map((one) => entity.attributes.get(one)!);
    const rows = await readRows(reading, entity, compared, before);
    cells.set(key, rows);
    positions.set(key, new Map(rows.map((row, position) => [row[0]!, position])));
  }
  for (const key of scope) {
    const entity = metamodel.entities.get(key)!;
    const compared = attributes.get(key)!.map((one) => entity.attributes.get(one)!);
    graph.sets.set(key, describeRows({ entity, compared, rows: cells.get(key)!, positions, metamodel, before, graph }));
  }
  return graph;
}

/** Identifier (or reading order), tenant, then the compared attributes. */
async function readRows(
  reading: Reading,
  entity: ComparedEntity,
  compared: ComparedAttribute[],
  before: Snapshot | null,
): Promise<(string | null)[][]> {
  const table = reading.tables.get(entity.table!.toLowerCase())!;
  const at = (column: string) => positionOf(table, column);
  const identifier = entity.identifier === null ? null : at(entity.attributes.get(entity.identifier)!.column);
  const wanted = compared.map(({ column }) => at(column));
  const tenant = entity.multiTenant ? at('TENANT_ID') : null;
  const known = before?.tables.get(entity.table!);
  const left = new Map(known?.digests);
  const mine = (await reading.rowsOf(entity.table!)).filter((row) => {
    if (!known) return true;
    if (identifier !== null) return !known.rows.has(row[identifier]!);
    const digest = digestOf(row);
    const remaining = left.get(digest) ?? 0;
    left.set(digest, remaining - 1);
    return remaining <= 0;
  });
  return mine.map((row, position) => [
    identifier === null ? String(position + 1) : row[identifier]!,
    tenant === null ? null : row[tenant]!,
    ...wanted.map((index) => row[index]!),
  ]);
}

function describeRows(options: {
  entity: ComparedEntity;
  compared: ComparedAttribute[];
  rows: (string | null)[][];
  positions: Map<string, Map<string, number>>;
  metamodel: Metamodel;
  before: Snapshot | null;
  graph: RowGraph;
}): RowSet {
  const { entity, compared, rows, positions, metamodel, before, graph } = options;
  const set: RowSet = { entity, labels: rows.map((row) => row[0]!), contents: [], references: [] };
  const tenants = metamodel.meanings.get('OSSYS_TENANT')!;
  const columns = compared.map((attribute) => {
    const target = attribute.references === null ? undefined : metamodel.entities.get(attribute.references);
    const meanings =
      target?.kind === 'platform' ? metamodel.meanings.get(target.table!) : metamodel.meanings.get(target?.key ?? '');
    const links = target && positions.has(target.key) ? new Int32Array(rows.length).fill(-1) : null;
    if (links) set.references.push({ attribute: attribute.name, target: target!.key, rows: links });
    // External entities' ids are values like any other.
    return { attribute, target: target?.kind === 'elsewhere' ? undefined : target, meanings, links };
  });
  const dangling = (attribute: string, value: string, label: string): string => {
    if (before)
      graph.problems.push({
        entity: entity.name,
        message: `${attribute} of row ${label} holds ${value}, which is no migrated row`,
      });
    return 'null';
  };
  rows.forEach((row, position) => {
    const parts = [entity.multiTenant ? (tenants.get(row[1]!) ?? `no tenant ${row[1]}`) : ''];
    columns.forEach(({ attribute, target, meanings, links }, index) => {
      const value = row[index + 2]!;
      if (value === null) parts.push('null');
      else if (!target) parts.push(`=${value}`);
      else if (value === '0' || value === '') parts.push(`nobody ${value}`);
      else if (links) {
        const found = positions.get(target.key)!.get(value);
        if (found === undefined) parts.push(dangling(attribute.name, value, row[0]!));
        else {
          links[position] = found;
          parts.push('somebody');
        }
      } else parts.push(meanings?.get(value) ?? dangling(attribute.name, value, row[0]!));
    });
    set.contents.push(JSON.stringify(parts));
  });
  return set;
}
