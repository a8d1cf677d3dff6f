import type { ColumnKind, PhysicalColumn } from '../../database/port.ts';

/** Kinds that a kind goes into without loss, beside itself; lengths and ranges are another question. */
const widenings: Partial<Record<ColumnKind, ColumnKind[]>> = {
  integer: ['decimal', 'text'],
  decimal: ['text'],
  date: ['datetime', 'text'],
  datetime: ['text'],
  time: ['text'],
  uuid: ['text'],
};

/** Every value of the one kind can be kept in a column of the other. */
export function isWidening(from: ColumnKind, to: ColumnKind): boolean {
  return widenings[from]?.includes(to) ?? false;
}

/** `numeric(10,2) in 'production' and integer in 'quality'`. */
export function typeWords(
  source: PhysicalColumn,
  destination: PhysicalColumn,
  environments: { source: string; destination: string },
): string {
  return `${source.type} in '${environments.source}' and ${destination.type} in '${environments.destination}'`;
}
