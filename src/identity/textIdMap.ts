import { IdentityConflictError } from './identityConflict.ts';
import type { IdMap } from './idMap.ts';
import { decodeTextSegment } from './segment.ts';

/**
 * Id map of an entity whose ids are texts (GUIDs, codes) on one side or both. Grows by segments of either kind.
 *
 * Ids are compared exactly, character by character, although the environments' collation is case- and
 * accent-insensitive: a reference written as `abc` to a row whose id is `ABC` satisfies the foreign key there and is
 * not found here. Whoever reads such references spells them as the target's id before asking.
 */
export class TextIdMap implements IdMap {
  /** Ids that are the same on both sides, the rule for text ids (trap 12): only one text is kept. */
  readonly #kept = new Set<string>();
  readonly #changed = new Map<string, string>();

  get size(): number {
    return this.#kept.size + this.#changed.size;
  }

  get(sourceId: string): string | undefined {
    return this.#kept.has(sourceId) ? sourceId : this.#changed.get(sourceId);
  }

  has(sourceId: string): boolean {
    return this.#kept.has(sourceId) || this.#changed.has(sourceId);
  }

  /**
   * Adds a segment made by `encodeTextSegment` or `encodeSegment`. Pairs that are here already change nothing.
   * @throws IdentityConflictError where a source id would get a second destination (the map is of no use then);
   * DamagedSegmentError.
   */
  add(content: Uint8Array): void {
    const { sources, destinations } = decodeTextSegment(content);
    for (const [place, source] of sources.entries()) {
      const destination = destinations[place]!;
      const held = this.get(source);
      if (held === undefined) {
        if (source === destination) this.#kept.add(source);
        else this.#changed.set(source, destination);
      } else if (held !== destination) {
        throw new IdentityConflictError(source, held, destination);
      }
    }
  }

  /** Pairs ascending by source id, by code unit. */
  *entries(): Generator<[string, string]> {
    const sources = [...this.#kept, ...this.#changed.keys()].sort();
    for (const source of sources) yield [source, this.#changed.get(source) ?? source];
  }
}
