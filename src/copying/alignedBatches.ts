import type { Row, Transaction } from '../database/port.ts';
import { sql } from '../database/sql.ts';
import type { AlignedEntity, AlignedRows } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { stageRows } from './staging.ts';
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
 * What batches of an aligned entity do beside those of a copied one, all of it in the batch's own transaction and under the
 * entity's lock: rows that the destination has by now are not doubled, and rows that are to be inserted anew make room.
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
    const there: Omit<SeparatedRows, 'translated'> = { reused: [], repeated: [] };
    const { on } = this.#aligned;
    const { sourceIds } = translated;
    const named = [...translated.rows.keys()].filter((row) => this.#isNamed(translated.rows[row]!));
    if (named.length === 0 || on.length === 0) return { translated, ...there };
    const keys = named.map((row) => this.#places.map((place) => translated.rows[row]![place]!));
    const stage = await stageRows(transaction, this.#entity, on, keys);
    const replaced = new Set(this.#replacedOf(translated));
    const found = new Map<number, string>();
    for (const { row, cells } of await transaction.matchStaged(stage, on, [this.#entity.destination.identifier])) {
      const id = String(cells[0]);
      const known = found.get(row);
      if (!replaced.has(id) && (known === undefined || BigInt(id) < BigInt(known))) found.set(row, id);
    }
    const out = new Set<number>();
    for (const [row, id] of found) {
      out.add(named[row]!);
      there.reused.push([sourceIds[named[row]!]!, id]);
    }
    for (const { row, first } of await transaction.stagedTwins(stage, on)) {
      if (found.has(row)) continue;
      out.add(named[row]!);
      there.repeated.push([sourceIds[named[row]!]!, sourceIds[named[first]!]!]);
    }
    return { translated: withoutRows(translated, out), ...there };
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

  /** Leads what referred to the rows that are gone to those that were inserted for them. @param ids in the order of the rows. */
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
        const successor = BigInt(successors.get(replaced)!);
        await transaction.execute(
          sql`update ${sql.table(name)} set ${sql.id(column)} = ${successor}
            where ${sql.id(column)} = ${BigInt(replaced)}`,
        );
      }
    }
  }

  #replacedOf({ sourceIds }: TranslatedRows): string[] {
    return sourceIds.flatMap((id) => this.#replaced.get(id) ?? []);
  }

  /** A blank name says nothing of who it is. */
  #isNamed(row: Row): boolean {
    return this.#places.every((place) => {
      const cell = row[place];
      return typeof cell === 'string' && cell.trim() !== '';
    });
  }
}
