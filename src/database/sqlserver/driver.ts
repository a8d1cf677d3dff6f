import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection, TYPES } from 'tedious';

/** Types of tedious that it does not export. */

/** What reads the tokens of one answer. */
export interface TokenParser extends EventEmitter {
  /** The stream of tokens under it. */
  parser: EventEmitter;
}

/** What a connection of tedious is made of: its own fields, the same in all of its versions 18 to 20. */
export interface ConnectionInsides {
  /** It serves no statement any more. */
  closed: boolean;
  /** There once the server was reached. */
  socket: Socket | undefined;
  state: object;
  STATE: { LOGGED_IN: object; CONNECTING: object };
  createTokenStreamParser(message: object, handler: object): TokenParser;
}

export const insidesOf = (connection: Connection): ConnectionInsides => connection;

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
