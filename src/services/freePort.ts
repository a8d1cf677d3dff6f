import getPort from 'get-port';

/**
 * A TCP port that nobody listens on, one of `preferred` if possible. Another process may take it before it is used: try
 * again then.
 */
export function freePort(...preferred: (number | undefined)[]): Promise<number> {
  const candidates = preferred.filter((port) => port !== undefined && port > 0 && port < 65_536) as number[];
  return getPort({ host: '127.0.0.1', port: candidates });
}
