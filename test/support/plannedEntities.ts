import type { ColumnKind } from '../../src/database/port.ts';
import type { PlannedColumn, PlannedReference, WrittenEntity } from '../../src/plan/plan.ts';
import type { CopyControl } from '../../src/writing/context.ts';
import { schema } from './engine.ts';

export function control(): CopyControl {
  return { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, onBatch() {}, onWaiting() {} };
}

/** Handling of a column: a value of this kind, a neutral value, or a reference. */
export type Handling =
  | 'text'
  | 'decimal'
  | 'datetime'
  | 'boolean'
  | 'binary'
  | 'integer'
  | { neutral: string | null; kind: ColumnKind }
  | (Partial<PlannedReference> & { target: string });

/** A planned entity over tables of its name. Columns have the same names on both sides. */
export function entity(
  table: string,
  identifier: WrittenEntity['identifier'],
  columns: Record<string, Handling>,
  change: Partial<WrittenEntity> = {},
): WrittenEntity {
  const references: PlannedReference[] = [];
  const planned: PlannedColumn[] = [];
  if (identifier === 'minted' || identifier === 'kept') {
    planned.push({ destination: 'ID', kind: 'integer', handling: { as: 'identifier', source: 'ID' } });
  }
  for (const [name, handling] of Object.entries(columns)) {
    if (typeof handling === 'string') {
      planned.push({ destination: name, kind: handling, handling: { as: 'value', source: name } });
    } else if ('neutral' in handling) {
      planned.push({ destination: name, kind: handling.kind, handling: { as: 'neutral', value: handling.neutral } });
    } else {
      const reference: PlannedReference = {
        attribute: name,
        targetName: handling.target,
        identifier: false,
        deferred: false,
        rule: 'Protect',
        missing: 'fail',
        ...handling,
      };
      const number = references.push(reference) - 1;
      const kind = 'integer';
      planned.push({ destination: name, kind, handling: { as: 'reference', source: name, reference: number } });
    }
  }
  const physical = { schema, table, identifier: identifier === 'none' ? null : 'ID' };
  return {
    key: table,
    espace: 'Test',
    entity: table,
    role: 'copied',
    order: 1,
    component: 0,
    source: physical,
    destination: physical,
    identifier,
    identifierType: identifier === 'none' ? null : 'integer',
    rows: 0,
    bound: null,
    columns: planned,
    references,
    after: [],
    differences: [],
    ...change,
    // The identifier's kind decides what else there is of it, as above.
  } as WrittenEntity;
}
