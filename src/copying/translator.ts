import { cellOfKind } from '../database/canonicalText.ts';
import type { Cell, Row } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import { type NewIssue, newIssue } from '../journal/issues.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import { type PlannedColumn, type PlannedReference, referencesOf, type WrittenEntity } from '../plan/plan.ts';
import { type Exclusions, noExclusions } from '../processes/exclusions.ts';
import { fingerprints } from '../writing/fingerprint.ts';
import { missingReference } from './errors.ts';
import type { PendingReference, TranslatedRows } from './translatedRows.ts';

/** Turns source rows of one entity into destination rows, replacing every reference through the id maps. */
export interface Translator {
  /** Columns to read; the identifier first, where there is one. */
  readonly sourceColumns: string[];
  readonly destinationColumns: string[];
  /** Indexes into a destination row that its fingerprint covers: everything but deferred references. */
  readonly fingerprinted: number[];
  /** Index of the identifier in a destination row; null where the destination mints it or there is none. */
  readonly identifier: number | null;
  /**
   * @throws CopyError `missing-reference` under missingReferences "fail".
   */
  translate(rows: readonly Row[]): TranslatedRows;
}

/** What a translator goes by. */
export interface TranslatorMaps {
  /** The entity's own map, to leave out rows that were migrated before; null where all rows are wanted. */
  own: IdMap | null;
  /** Maps of the entities referred to. */
  of: (target: EntityKey) => IdMap;
}

export const createTranslator = (
  entity: WrittenEntity,
  maps: TranslatorMaps,
  exclusions: Exclusions = noExclusions,
): Translator => new EntityTranslator(entity, maps, exclusions);

/** How one cell of a destination row comes about. */
type Step =
  | { as: 'value'; from: number }
  | { as: 'constant'; value: Cell }
  | { as: 'reference'; from: number; target: Target }
  | { as: 'typed'; from: number; type: number; targets: ReadonlyMap<string, Target> };

interface Target {
  reference: PlannedReference;
  map: IdMap;
}

/** What becomes of a reference whose value its map does not know, or of the row that holds it. */
type Unmapped = 'kept' | 'null' | 'pending' | 'rowLeftOut' | 'rowSetAside';

/** The columns that are read, each once, in the order in which they were first asked for. */
class SourceColumns {
  readonly names: string[];

  constructor(identifier: string | null) {
    this.names = identifier === null ? [] : [identifier];
  }

  placeOf(column: string): number {
    const place = this.names.indexOf(column);
    return place >= 0 ? place : this.names.push(column) - 1;
  }
}

/** Steps for the columns of an entity. */
class StepMaker {
  readonly #entity: WrittenEntity;
  readonly #mapOf: (target: EntityKey) => IdMap;
  readonly #columns: SourceColumns;

  constructor(entity: WrittenEntity, mapOf: (target: EntityKey) => IdMap, columns: SourceColumns) {
    this.#entity = entity;
    this.#mapOf = mapOf;
    this.#columns = columns;
  }

  stepFor({ handling, kind }: PlannedColumn): Step {
    if (handling.as === 'neutral') return { as: 'constant', value: cellOfKind(kind, handling.value) };
    const from = this.#columns.placeOf(handling.source);
    if (handling.as === 'typed') {
      const targets = Object.entries(handling.references).flatMap(([type, number]): [string, Target][] => {
        const target = this.#targetOf(number);
        return target === null ? [] : [[type, target]];
      });
      return { as: 'typed', from, type: this.#columns.placeOf(handling.type), targets: new Map(targets) };
    }
    const target = handling.as === 'reference' ? this.#targetOf(handling.reference) : null;
    return target === null ? { as: 'value', from } : { as: 'reference', from, target };
  }

  /** Null for a reference whose values stay as they are. */
  #targetOf(number: number): Target | null {
    const reference = this.#entity.references[number];
    if (reference === undefined || reference.missing === 'keep') return null;
    return { reference, map: this.#mapOf(reference.target) };
  }
}

/** What one call of `translate` gathers. */
type Gathered = { -readonly [Field in keyof TranslatedRows]: TranslatedRows[Field] };

const nothingYet = (): Gathered => ({
  rows: [],
  sourceIds: [],
  fingerprints: new BigUint64Array(0),
  known: 0,
  nulled: 0,
  leftOut: 0,
  setAside: [],
  setAsideAlong: 0,
  pending: [],
});

class EntityTranslator implements Translator {
  readonly sourceColumns: string[];
  readonly destinationColumns: string[];
  readonly fingerprinted: number[];
  readonly identifier: number | null;
  readonly #entity: WrittenEntity;
  readonly #own: IdMap | null;
  readonly #exclusions: Exclusions;
  readonly #steps: Step[];
  readonly #hasIdentifier: boolean;
  /** The process instance that a row is part of, and where its id stands; null where none stays behind. */
  readonly #partOf: (NonNullable<WrittenEntity['partOf']> & { place: number }) | null;

  constructor(entity: WrittenEntity, { own, of }: TranslatorMaps, exclusions: Exclusions) {
    const isMinted = ({ handling }: PlannedColumn) => handling.as === 'identifier' && entity.identifier === 'minted';
    const written = entity.columns.filter((column) => !isMinted(column));
    // Plans of entities without a source, made by tests, have no such part.
    const sourceIdentifier = entity.source?.identifier ?? null;
    const columns = new SourceColumns(sourceIdentifier);
    const maker = new StepMaker(entity, of, columns);
    this.#entity = entity;
    this.#own = own;
    this.#exclusions = exclusions;
    this.#steps = written.map((column) => maker.stepFor(column));
    this.#hasIdentifier = sourceIdentifier !== null;
    const { partOf } = entity;
    this.#partOf =
      exclusions.isEmpty || partOf === undefined ? null : { ...partOf, place: columns.placeOf(partOf.column) };
    this.sourceColumns = columns.names;
    this.destinationColumns = written.map(({ destination }) => destination);
    this.fingerprinted = written.flatMap((column, place) => (isDeferred(entity, column) ? [] : [place]));
    this.identifier = this.#identifierAmong(written);
  }

  translate(rows: readonly Row[]): TranslatedRows {
    const into = nothingYet();
    for (const row of rows) this.#translateRow(row, into);
    if (this.#hasIdentifier) into.fingerprints = fingerprints(into.rows, this.fingerprinted);
    return into;
  }

  /** The column itself, or in a 1:1 entity the reference that is the identifier. */
  #identifierAmong(written: readonly PlannedColumn[]): number | null {
    const identifier = this.#steps.findIndex((step, place) => {
      if (written[place]?.handling.as === 'identifier') return true;
      return step.as === 'reference' && step.target.reference.identifier;
    });
    return identifier < 0 ? null : identifier;
  }

  #translateRow(source: Row, into: Gathered): void {
    const id = this.#hasIdentifier ? (source[0] as string) : '';
    if (this.#own !== null && this.#own.get(id) !== undefined) {
      into.known += 1;
      return;
    }
    if (this.#staysBehind(source, id, into)) return;
    const row: Row = [];
    const pending: PendingReference[] = [];
    let nulled = 0;
    for (const step of this.#steps) {
      if (step.as === 'value') {
        row.push(source[step.from] ?? null);
        continue;
      }
      if (step.as === 'constant') {
        row.push(step.value);
        continue;
      }
      const value = (source[step.from] ?? null) as string | null;
      const target = step.as === 'reference' ? step.target : step.targets.get(typeOf(source[step.type] ?? null));
      const mapped = value === null || target === undefined ? value : target.map.get(value);
      if (mapped !== undefined) {
        row.push(mapped);
        continue;
      }
      // Not mapped: then there is a target and a value.
      const { reference, map } = target as Target;
      const unmapped = this.#whereUnmapped(reference, value as string, id);
      if (unmapped === 'rowLeftOut') {
        into.leftOut += 1;
        return;
      }
      if (unmapped === 'rowSetAside') {
        into.setAside.push(setAsideFor(reference, this.#hasIdentifier ? id : null));
        return;
      }
      if (unmapped === 'null') nulled += 1;
      if (unmapped === 'pending') {
        pending.push({ row: into.rows.length, column: row.length, value: value as string, reference, map });
      }
      row.push(unmapped === 'kept' ? value : null);
    }
    into.nulled += nulled;
    into.rows.push(row);
    for (const reference of pending) into.pending.push(reference);
    if (this.#hasIdentifier) into.sourceIds.push(id);
  }

  /** @throws CopyError `missing-reference` */
  #whereUnmapped(reference: PlannedReference, value: string, id: string): Unmapped {
    if (isNullIdentifier(value) && !reference.identifier) return 'kept';
    if (this.#exclusions.leavesOut(reference, value)) return reference.identifier ? 'rowLeftOut' : 'null';
    if (reference.deferred) return 'pending';
    if (reference.missing === 'null' && !reference.identifier) return 'null';
    if (reference.missing === 'fail') throw missingReference(this.#entity, reference, id);
    return 'rowSetAside';
  }

  /** Whether the row stays behind with its process instance; counts it then. */
  #staysBehind(source: Row, id: string, into: Gathered): boolean {
    if (this.#partOf === null) return false;
    const { instances, reasons, place } = this.#partOf;
    const owner = source[place] ?? null;
    const exclusion = owner === null ? null : this.#exclusions.of(instances, owner as string);
    if (exclusion === null) return false;
    if (exclusion !== 'setAside') into.leftOut += 1;
    else if (instances === this.#entity.key) {
      const reason = reasons?.[this.#exclusions.reasonOf(instances, id)];
      into.setAside.push(newIssue('process-definition-missing', id, { reason }));
    } else into.setAsideAlong += 1;
    return true;
  }
}

const isDeferred = (entity: WrittenEntity, column: PlannedColumn): boolean =>
  referencesOf(column).some(({ reference }) => entity.references[reference]?.deferred);

/** A type as the plan spells types. */
export const typeOf = (cell: Cell): string => String(cell ?? '').toLowerCase();

/** Why a row is set aside whose reference cannot be translated. */
export function setAsideFor(reference: PlannedReference, sourceId: string | null): NewIssue {
  return newIssue('missing-reference', sourceId, reference);
}
