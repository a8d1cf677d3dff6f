import type { PlannedColumn, PlannedReference, WrittenEntity } from '../../src/plan/plan.ts';
import type { CopyControl } from '../../src/writing/context.ts';
import { schema } from './engine.ts';

export function control(): CopyControl {
  return { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, onBatch() {}, onWaiting() {} };
}

/** A planned entity over a table of the same name on both sides. */
export function entity(
  table: string,
  identifier: WrittenEntity['identifier'],
  columns: Record<string, 'value' | (Partial<PlannedReference> & { target: string })>,
  change: Partial<WrittenEntity> = {},
): WrittenEntity {
  const references: PlannedReference[] = [];
  const planned: PlannedColumn[] = [];
  if (identifier === 'minted' || identifier === 'kept') {
    planned.push({ destination: 'ID', kind: 'integer', handling: { as: 'identifier', source: 'ID' } });
  }
  for (const [name, handling] of Object.entries(columns)) {
    if (handling === 'value') {
      planned.push({ destination: name, kind: 'text', handling: { as: 'value', source: name } });
      continue;
    }
    const reference: PlannedReference = {
      attribute: name,
      targetName: handling.target,
      identifier: false,
      deferred: false,
      rule: 'Protect',
      missing: 'fail',
      ...handling,
    };
    const place = references.push(reference) - 1;
    planned.push({ destination: name, kind: 'integer', handling: { as: 'reference', source: name, reference: place } });
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
