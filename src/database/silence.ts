/** A socket, as far as its silence matters. */
export interface Wire {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  destroy(error: Error): unknown;
}

/** Looks at a wire in a share of the limit. */
const looksPerLimit = 5;

/**
 * Ends a connection over which nothing came or went for `limit` milliseconds: a half-open connection, or one that a
 * device on the way holds, would otherwise keep its statement waiting for ever, for heartbeats go on and no driver
 * notices.
 * @param waitsForUs while true it is this side that keeps the other waiting, and no silence is counted.
 * @returns what ends the watch.
 */
export function watchSilence(wire: Wire, limit: number, waitsForUs: () => boolean = () => false): () => void {
  let moved = wire.bytesRead + wire.bytesWritten;
  let since = performance.now();
  const timer = setInterval(() => {
    const now = wire.bytesRead + wire.bytesWritten;
    if (now !== moved || waitsForUs()) {
      moved = now;
      since = performance.now();
    } else if (performance.now() - since >= limit) {
      clearInterval(timer);
      wire.destroy(Object.assign(new Error('the server has been silent for too long'), { code: 'ETIMEDOUT' }));
    }
  }, limit / looksPerLimit);
  return () => clearInterval(timer);
}
