import type { TYPES } from 'tedious';

/** Types of tedious that it does not export. */

export type DataType = (typeof TYPES)[keyof typeof TYPES];

export interface ColumnMetadata {
  colName: string;
  type: { name: string };
  /** Places behind the point, or of a second. */
  scale?: number;
  /** Bytes. */
  dataLength?: number;
}

/** One value as the driver gives it. */
export interface DriverValue {
  value: unknown;
  metadata: ColumnMetadata;
}
