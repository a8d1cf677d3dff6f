import type { Direction } from './proxy.ts';

/** How messages of a protocol are told apart: TDS without TLS, PostgreSQL without TLS, and HTTP/2 as gRPC speaks it. */
export type Framing = 'tds' | 'postgres' | 'http2';

interface Header {
  /** Bytes that have to be there to know the length. */
  bytes: number;
  /** Bytes of the message's part, header included. */
  length(header: Buffer): number;
  /** A message ends with this part. */
  isLast(header: Buffer): boolean;
}

const headers: Record<Framing, Header> = {
  // [MS-TDS] 2.2.3.1: type, status (1: end of message), length with the header.
  tds: { bytes: 8, length: (header) => header.readUInt16BE(2), isLast: (header) => (header[1]! & 1) === 1 },
  // "Message Formats": a byte for the type, and a length with itself and without the type.
  postgres: { bytes: 5, length: (header) => header.readUInt32BE(1) + 1, isLast: () => true },
  // RFC 9113, 4.1: length without the header.
  http2: { bytes: 9, length: (header) => header.readUIntBE(0, 3) + 9, isLast: () => true },
};

/** The client's first bytes: a start-up message without a type, and HTTP/2's preface. */
const first: Partial<Record<Framing, (head: Buffer) => number>> = {
  postgres: (head) => head.readUInt32BE(0),
  http2: () => 24,
};

/**
 * Counts whole messages of one direction of a connection, from where it begins or, where it is open already, from the
 * beginning of a message.
 * @returns for each chunk, how many of its bytes still belong to the first `wanted` messages; null for all.
 */
export function messageCounter(
  framing: Framing,
  direction: Direction,
  wanted: number,
  fromStart: boolean,
): (chunk: Buffer) => number | null {
  const header = headers[framing];
  let messages = 0;
  let skip = 0;
  let isLast = false;
  let pending: Buffer = Buffer.alloc(0);
  let preface = fromStart && direction === 'toServer' ? first[framing] : undefined;
  return (chunk) => {
    if (messages >= wanted) return 0;
    let at = 0;
    for (;;) {
      const step = Math.min(skip, chunk.length - at);
      skip -= step;
      at += step;
      if (skip > 0) return null;
      if (isLast) {
        isLast = false;
        messages += 1;
        if (messages >= wanted) return at;
      }
      const need = (preface === undefined ? header.bytes : 4) - pending.length;
      const more = chunk.subarray(at, at + need);
      pending = Buffer.concat([pending, more]);
      at += more.length;
      if (more.length < need) return null;
      skip = (preface?.(pending) ?? header.length(pending)) - pending.length;
      isLast = preface !== undefined || header.isLast(pending);
      preface = undefined;
      pending = Buffer.alloc(0);
    }
  };
}
