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

/** Rows as the destination will hold them, and what became of those that it will not hold. */
export interface TranslatedRows {
  /** Cells in the order of `Translator.destinationColumns`. */
  rows: Row[];
  /** Source identifier of each row of `rows`; empty where the entity has none. */
  sourceIds: string[];
  /** Of each row, over the cells at `Translator.fingerprinted`; empty where the entity has no identifier. */
  fingerprints: BigUint64Array;
  known: number;
  nulled: number;
  /** Rows that the spec leaves behind. */
  leftOut: number;
  setAside: NewIssue[];
  /** Rows set aside with the process instance that they are part of, which has the issue. */
  setAsideAlong: number;
  pending: PendingReference[];
}

/** A reference left NULL for now: the cell to fill should its target be mapped before the row is written. */
export interface PendingReference {
  row: number;
  column: number;
  value: string;
  reference: PlannedReference;
  map: IdMap;
}

/** Turns source rows of one entity into destination rows, replacing every reference through the id maps. */
export interface Translator {
  /** Columns to read; the identifier first, where there is one. */
  sourceColumns: string[];
  destinationColumns: string[];
  /** Indexes into a destination row that its fingerprint covers: everything but deferred references. */
  fingerprinted: number[];
  /** Index of the identifier in a destination row; null where the destination mints it or there is none. */
  identifier: number | null;
  /**
   * @throws CopyError `missing-reference` under missingReferences "fail".
   */
  translate(rows: readonly Row[]): TranslatedRows;
}

type Step =
  | { as: 'value'; from: number }
  | { as: 'constant'; value: Cell }
  | { as: 'reference'; from: number; target: Target }
  | { as: 'typed'; from: number; type: number; targets: ReadonlyMap<string, Target> };

interface Target {
  reference: PlannedReference;
  map: IdMap;
}

/**
 * @param own the entity's own map, to leave out rows that were migrated before; null for entities without identifier.
 * @param mapOf maps of the entities referred to.
 * @param exclusions process instances that stay behind.
 */
export function createTranslator(
  entity: WrittenEntity,
  own: IdMap | null,
  mapOf: (target: EntityKey) => IdMap,
  exclusions: Exclusions = noExclusions,
): Translator {
  const written = entity.columns.filter(
    (column) => !(column.handling.as === 'identifier' && entity.identifier === 'minted'),
  );
  const sourceColumns: string[] = entity.source?.identifier ? [entity.source.identifier] : [];
  const indexOf = (column: string): number => {
    const found = sourceColumns.indexOf(column);
    return found >= 0 ? found : sourceColumns.push(column) - 1;
  };
  const stepFor = (column: PlannedColumn): Step => {
    const { handling } = column;
    if (handling.as === 'neutral') return { as: 'constant', value: cellOfKind(column.kind, handling.value) };
    const from = indexOf(handling.source);
    if (handling.as === 'typed') {
      const targets = Object.entries(handling.references).flatMap(([type, number]): [string, Target][] => {
        const target = targetOf(number);
        return target === null ? [] : [[type, target]];
      });
      return { as: 'typed', from, type: indexOf(handling.type), targets: new Map(targets) };
    }
    const target = handling.as === 'reference' ? targetOf(handling.reference) : null;
    return target === null ? { as: 'value', from } : { as: 'reference', from, target };
  };
  const targetOf = (number: number): Target | null => {
    const reference = entity.references[number]!;
    return reference.missing === 'keep' ? null : { reference, map: mapOf(reference.target) };
  };
  const steps = written.map(stepFor);
  const partOf = exclusions.isEmpty || entity.partOf === undefined ? null : entity.partOf;
  const instance = partOf === null ? -1 : indexOf(partOf.column);
  const hasIdentifier = entity.source?.identifier != null;
  const identifier = written.findIndex(
    (column, index) =>
      column.handling.as === 'identifier' ||
      (column.handling.as === 'reference' &&
        entity.references[column.handling.reference]!.identifier &&
        steps[index]!.as === 'reference'),
  );

  /** Whether the row stays behind with its process instance; counts it then. */
  function staysBehind(source: Row, id: string, into: TranslatedRows): boolean {
    const owner = source[instance];
    const exclusion = owner === null ? null : exclusions.of(partOf!.instances, owner as string);
    if (exclusion === null) return false;
    if (exclusion !== 'setAside') into.leftOut += 1;
    else if (partOf!.instances === entity.key) {
      const reason = partOf!.reasons?.[exclusions.reasonOf(entity.key, id)];
      into.setAside.push(newIssue('process-definition-missing', id, { reason }));
    } else into.setAsideAlong += 1;
    return true;
  }

  function translateRow(source: Row, into: TranslatedRows): void {
    const id = hasIdentifier ? (source[0] as string) : '';
    if (own !== null && own.get(id) !== undefined) {
      into.known += 1;
      return;
    }
    if (partOf !== null && staysBehind(source, id, into)) return;
    const row: Row = new Array(steps.length);
    const pendingBefore = into.pending.length;
    let nulled = 0;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.as === 'value') {
        row[i] = source[step.from]!;
        continue;
      }
      if (step.as === 'constant') {
        row[i] = step.value;
        continue;
      }
      const value = source[step.from] as string | null;
      const target = step.as === 'reference' ? step.target : step.targets.get(typeOf(source[step.type]!));
      if (value === null || target === undefined) {
        row[i] = value;
        continue;
      }
      const { reference, map } = target;
      const mapped = map.get(value);
      if (mapped !== undefined) {
        row[i] = mapped;
      } else if (isNullIdentifier(value) && !reference.identifier) {
        row[i] = value;
      } else if (exclusions.leavesOut(reference, value)) {
        if (reference.identifier) {
          into.pending.length = pendingBefore;
          into.leftOut += 1;
          return;
        }
        row[i] = null;
        nulled += 1;
      } else if (reference.deferred) {
        row[i] = null;
        into.pending.push({ row: into.rows.length, column: i, value, reference, map });
      } else if (reference.missing === 'null' && !reference.identifier) {
        row[i] = null;
        nulled += 1;
      } else if (reference.missing === 'fail') {
        throw missingReference(entity, reference, id);
      } else {
        into.pending.length = pendingBefore;
        into.setAside.push(setAsideFor(reference, hasIdentifier ? id : null));
        return;
      }
    }
    into.nulled += nulled;
    into.rows.push(row);
    if (hasIdentifier) into.sourceIds.push(id);
  }

  const fingerprinted = written.flatMap((column, index) =>
    referencesOf(column).some(({ reference }) => entity.references[reference]!.deferred) ? [] : [index],
  );
  return {
    sourceColumns,
    destinationColumns: written.map((column) => column.destination),
    fingerprinted,
    identifier: identifier < 0 ? null : identifier,
    translate(rows) {
      const into: TranslatedRows = {
        rows: [],
        sourceIds: [],
        fingerprints: new BigUint64Array(0),
        known: 0,
        nulled: 0,
        leftOut: 0,
        setAside: [],
        setAsideAlong: 0,
        pending: [],
      };
      for (const row of rows) translateRow(row, into);
      if (hasIdentifier) into.fingerprints = fingerprints(into.rows, fingerprinted);
      return into;
    },
  };
}

/** A type as the plan spells types. */
export const typeOf = (cell: Cell): string => String(cell ?? '').toLowerCase();

/** Why a row is set aside whose reference cannot be translated. */
export function setAsideFor(reference: PlannedReference, sourceId: string | null): NewIssue {
  return newIssue('missing-reference', sourceId, reference);
}

/** Keeps only these rows, given by their places in ascending order. */
export function keepRows(translated: TranslatedRows, kept: number[]): void {
  const places = new Map(kept.map((old, now) => [old, now]));
  translated.rows = kept.map((index) => translated.rows[index]!);
  translated.sourceIds = kept.map((index) => translated.sourceIds[index]!);
  translated.fingerprints = BigUint64Array.from(kept, (index) => translated.fingerprints[index]!);
  translated.pending = translated.pending.flatMap((pending) => {
    const row = places.get(pending.row);
    return row === undefined ? [] : [{ ...pending, row }];
  });
}

/** Fills the pending references whose targets have been mapped since. @returns how many are still NULL. */
export function resolvePending(translated: TranslatedRows): number {
  let open = 0;
  for (const { row, column, value, map } of translated.pending) {
    const mapped = map.get(value);
    if (mapped === undefined) open += 1;
    else translated.rows[row]![column] = mapped;
  }
  return open;
}
