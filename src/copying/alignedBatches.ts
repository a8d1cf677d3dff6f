import type { Cell, Transaction } from '../database/port.ts';
import { sql } from '../database/sql.ts';
import type { AlignedEntity, AlignedRows } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { stagedRow, stageRows } from './staging.ts';
import { type TranslatedRows, withoutRows } from './translatedRows.ts';
import type { Translator } from './translator.ts';

/** A batch, and what of it needs no row of its own. */
export interface SeparatedRows {
  /** What is left to be inserted. */
  translated: TranslatedRows;
  /** The destination has the row: [source id, destination id]. */
  reused: [string, string][];
  /** A row before it in the batch means the same: [source id, source id of that row]. */
  repeated: [string, string][];
}

/**
 * What batches of an aligned entity do beside those of a copied one, all of it in the batch's own transaction and under
 * the entity's lock: rows that the destination has by now are not doubled, and rows that are to be inserted anew make
 * room.
 */
export class AlignedBatches {
  readonly #entity: AlignedEntity;
  readonly #aligned: AlignedRows;
  /** Destination ids of the rows to be replaced, by source id. */
  readonly #replaced: ReadonlyMap<string, string>;
  /** Places of the natural key in a destination row. */
  readonly #places: number[];

  constructor(entity: AlignedEntity, translator: Translator, replaced: ReadonlyMap<string, string>) {
    this.#entity = entity;
    this.#aligned = entity.aligned;
    this.#replaced = replaced;
    this.#places = this.#aligned.on.map((column) => translator.destinationColumns.indexOf(column));
  }

  /** The batch without the rows that are there, or that repeat one before them. */
  async separate(transaction: Transaction, translated: TranslatedRows): Promise<SeparatedRows> {
    const reused: [string, string][] = [];
    const repeated: [string, string][] = [];
    const { on } = this.#aligned;
    const named = this.#named(translated);
    if (named.length === 0 || on.length === 0) return { translated, reused, repeated };
    const keys = named.map(({ key }) => key);
    const stage = await stageRows(transaction, this.#entity, on, keys);
    const replaced = new Set(this.#replacedOf(translated));
    const counterparts = new Map<number, string>();
    for (const { row, cells } of await transaction.matchStaged(stage, on, [this.#entity.destination.identifier])) {
      const id = String(cells[0]);
      const lowest = counterparts.get(row);
      if (!replaced.has(id) && (lowest === undefined || BigInt(id) < BigInt(lowest))) counterparts.set(row, id);
    }
    const out = new Set<number>();
    for (const [row, id] of counterparts) {
      const { place, sourceId } = stagedRow(named, row);
      out.add(place);
      reused.push([sourceId, id]);
    }
    for (const { row, first } of await transaction.stagedTwins(stage, on)) {
      if (counterparts.has(row)) continue;
      const { place, sourceId } = stagedRow(named, row);
      out.add(place);
      repeated.push([sourceId, stagedRow(named, first).sourceId]);
    }
    return { translated: withoutRows(translated, out), reused, repeated };
  }

  /** Deletes the rows that are inserted anew, and what is deleted with them. */
  async makeRoom(transaction: Transaction, translated: TranslatedRows): Promise<void> {
    const replaced = this.#replacedOf(translated);
    if (replaced.length === 0) return;
    for (const { schema, table, column } of this.#aligned.recreation?.deleted ?? []) {
      await transaction.deleteKeys({ schema, name: table }, column, replaced);
    }
    await transaction.deleteKeys(destinationTable(this.#entity), this.#entity.destination.identifier, replaced);
  }

  /**
   * Leads what referred to the rows that are gone to those that were inserted for them.
   * @param ids in the order of the rows.
   */
  async repoint(transaction: Transaction, { sourceIds }: TranslatedRows, ids: string[]): Promise<void> {
    const successors = new Map(
      sourceIds.flatMap((sourceId, place): [string, string][] => {
        const replaced = this.#replaced.get(sourceId);
        return replaced === undefined ? [] : [[replaced, ids[place]!]];
      }),
    );
    for (const { schema, table, column } of this.#aligned.recreation?.repointed ?? []) {
      const name = { schema, name: table };
      for (const replaced of await transaction.existingKeys(name, column, [...successors.keys()])) {
        const successor = successors.get(replaced);
        if (successor === undefined)
          throw new Error(`${table}.${column} names row ${replaced}, which was not replaced`);
        await transaction.execute(
          sql`update ${sql.table(name)} set ${sql.id(column)} = ${BigInt(successor)}
            where ${sql.id(column)} = ${BigInt(replaced)}`,
        );
      }
    }
  }

  #replacedOf({ sourceIds }: TranslatedRows): string[] {
    return sourceIds.flatMap((id) => this.#replaced.get(id) ?? []);
  }

  /** The rows that have a natural key. A blank name says nothing of who it is. */
  #named({ rows, sourceIds }: TranslatedRows): NamedRow[] {
    return rows.flatMap((row, place): NamedRow[] => {
      const key = this.#places.map((keyPlace) => row[keyPlace]);
      return key.every(isName) ? [{ place, sourceId: sourceIds[place]!, key }] : [];
    });
  }
}

/** A row of a batch that has a natural key. */
interface NamedRow {
  /** In the batch. */
  place: number;
  sourceId: string;
  key: string[];
}

const isName = (cell: Cell | undefined): cell is string => typeof cell === 'string' && cell.trim() !== '';
