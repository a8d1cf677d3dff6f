import type { ColumnKind } from '../../database/port.ts';

/**
 * What the platform stores where an attribute was not given (metamodel §5, "Types", "Default stored"), as a cell in
 * text: '' for binary columns stands for no bytes. null where the kind has no such value.
 */
export function neutralValue(kind: ColumnKind): string | null {
  return neutralValues[kind];
}

const neutralValues: Record<ColumnKind, string | null> = {
  integer: '0',
  decimal: '0',
  float: '0',
  boolean: '0',
  text: '',
  binary: '',
  datetime: '1900-01-01 00:00:00',
  date: '1900-01-01',
  time: '00:00:00',
  uuid: null,
  other: null,
};
