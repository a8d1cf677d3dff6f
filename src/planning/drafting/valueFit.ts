import type { PhysicalColumn } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { mainColumn } from '../questions/conditions.ts';

/** Largest value of each integer type, by the engines' names for them. */
const integerLimits: Record<string, bigint> = {
  tinyint: 255n,
  smallint: 32767n,
  int: 2147483647n,
  integer: 2147483647n,
  bigint: 9223372036854775807n,
};
const integerLimit = (column: PhysicalColumn) => integerLimits[column.type.toLowerCase()] ?? null;

/**
 * Condition under which a value of the source's column does not go into the destination's without loss; null where
 * every value does. Both are of the same kind (trap 44: lengths drift).
 */
export function doesNotFit(source: PhysicalColumn, destination: PhysicalColumn): Sql | null {
  const name = mainColumn(source.name);
  if (source.kind === 'text' || destination.kind === 'text') {
    const { length } = destination;
    if (length === null || (source.length !== null && source.length <= length)) return null;
    if (source.kind !== 'text') return null;
    // Both engines know this form; what stands beyond the last character that fits tells more than a length.
    return sql`substring(${name}, ${sql.literal(length + 1)}, 1) like '_%'`;
  }
  if (destination.kind === 'integer') {
    const limit = integerLimit(destination);
    const own = source.kind === 'integer' ? integerLimit(source) : null;
    if (limit === null || (own !== null && own <= limit)) return null;
    const least = limit === 255n ? 0n : -limit - 1n;
    return sql.any([sql`${name} > ${sql.literal(limit)}`, sql`${name} < ${sql.literal(least)}`]);
  }
  if (destination.kind === 'decimal') return decimalDoesNotFit(name, source, destination);
  return null;
}

function decimalDoesNotFit(name: Sql, source: PhysicalColumn, destination: PhysicalColumn): Sql | null {
  const { precision, scale } = destination;
  if (precision === null) return null;
  const places = precision - (scale ?? 0);
  const conditions: Sql[] = [];
  const sourcePlaces = source.precision === null ? null : source.precision - (source.scale ?? 0);
  if (sourcePlaces === null || sourcePlaces > places) {
    conditions.push(sql`abs(${name}) >= ${sql.literal(10n ** BigInt(places))}`);
  }
  const sourceScale = source.kind === 'decimal' ? source.scale : 0;
  if (sourceScale === null || sourceScale > (scale ?? 0)) {
    conditions.push(sql`${name} <> round(${name}, ${sql.literal(scale ?? 0)})`);
  }
  return conditions.length === 0 ? null : sql.any(conditions);
}
