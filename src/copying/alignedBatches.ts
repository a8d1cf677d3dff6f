import type { Row, Transaction } from '../database/port.ts';
import type { AlignedEntity, AlignedRows } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { stageRows } from './staging.ts';
import { keepRows, type TranslatedRows, type Translator } from './translator.ts';

/** Rows of a batch that need no row of their own. */
export interface AlreadyThere {
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

  /** Takes the rows that are there, or that repeat one before them, out of the batch. */
  async separate(transaction: Transaction, translated: TranslatedRows): Promise<AlreadyThere> {
    const there: AlreadyThere = { reused: [], repeated: [] };
    const { on } = this.#aligned;
    const { sourceIds } = translated;
    const named = [...translated.rows.keys()].filter((row) => this.#isNamed(translated.rows[row]!));
    if (named.length === 0 || on.length === 0) return there;
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
    if (out.size > 0) {
      keepRows(
        translated,
        [...translated.rows.keys()].filter((row) => !out.has(row)),
      );
    }
    return there;
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
      const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
      for (const replaced of await transaction.existingKeys(name, column, [...successors.keys()])) {
        await transaction.execute(
          `update ${quote(schema)}.${quote(table)} set ${quote(column)} = ? where ${quote(column)} = ?`,
          [BigInt(successors.get(replaced)!), BigInt(replaced)],
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
