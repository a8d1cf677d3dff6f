import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Framing, messageCounter } from './proxyMessages.ts';

/** What can happen to a connection on its way. */
export type Misfortune =
  /** Both sides are told that the other one closed (FIN). */
  | 'cut'
  /** Both sides get a reset (RST), and what was on its way is lost. */
  | 'reset'
  /** Nothing is passed on any more, and nothing taken: the connection stays open and its buffers fill. */
  | 'stall'
  /** Everything is taken and nothing passed on: the connection stays open and its other end looks asleep. */
  | 'blackHole';

export type Direction = 'toServer' | 'toClient';

export interface Fault {
  kind: Misfortune;
  direction: Direction;
  /** Strikes once so many bytes, or whole messages, have been passed on in that direction since it was armed. */
  after: { bytes: number } | { messages: number; framing: Framing };
}

/** A way to a server on which faults can be put: for TDS, PostgreSQL, and Temporal's gRPC alike. */
export interface FaultyProxy {
  port: number;
  /** The server's URL by way of this proxy. */
  url(server: string): string;
  /** Bytes passed on since the proxy was made, over all connections. */
  passed(direction: Direction): number;
  /** Puts a fault on the next connection that gets so far, one that is open or one to come; replaces the one before. */
  arm(fault: Fault): void;
  /** The armed fault has struck. */
  struck(): boolean;
  /** Takes away an armed fault, and lets go of the connections that one has struck. */
  disarm(): void;
  /** Ends every connection and refuses new ones, until `comeBack`. */
  goAway(kind?: 'cut' | 'reset'): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

interface Way {
  client: Socket;
  server: Socket;
  /** Bytes and messages since the fault was armed. */
  counted: Record<Direction, (chunk: Buffer) => number | null>;
  struck: Misfortune | null;
}

export async function startProxy(target: { host: string; port: number }): Promise<FaultyProxy> {
  const ways = new Set<Way>();
  const passed: Record<Direction, number> = { toServer: 0, toClient: 0 };
  let fault: Fault | null = null;
  let hasStruck = false;

  const server = createServer((client) => {
    const way: Way = {
      client,
      server: connect(target.port, target.host),
      counted: counters(fault, true),
      struck: null,
    };
    ways.add(way);
    join(way, 'toServer');
    join(way, 'toClient');
    for (const socket of [client, way.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.once('close', () => {
        const { other } = ends(way, socket);
        if (way.struck === null) other.end();
        if (client.destroyed && way.server.destroyed) ways.delete(way);
      });
    }
  });

  const join = (way: Way, direction: Direction) => {
    const [from, to] = direction === 'toServer' ? [way.client, way.server] : [way.server, way.client];
    from.on('data', (chunk: Buffer) => {
      if (way.struck === 'blackHole') return;
      const until = fault?.direction === direction && !hasStruck ? way.counted[direction](chunk) : null;
      const part = until === null ? chunk : chunk.subarray(0, until);
      passed[direction] += part.length;
      if (part.length > 0 && !to.destroyed && !to.write(part)) {
        from.pause();
        to.once('drain', () => way.struck === null && from.resume());
      }
      if (until !== null) strike(way, fault!.kind);
    });
    from.on('end', () => way.struck === null && to.end());
  };

  const strike = (way: Way, kind: Misfortune) => {
    hasStruck = true;
    way.struck = kind;
    if (kind === 'cut') for (const socket of [way.client, way.server]) socket.end();
    if (kind === 'reset') for (const socket of [way.client, way.server]) socket.resetAndDestroy();
    if (kind === 'stall') for (const socket of [way.client, way.server]) socket.pause();
  };

  const letGo = () => {
    for (const way of ways) if (way.struck !== null) for (const socket of [way.client, way.server]) socket.destroy();
  };

  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href,
    passed: (direction) => passed[direction],
    arm(next) {
      letGo();
      fault = next;
      hasStruck = false;
      for (const way of ways) {
        way.counted = counters(next, false);
      }
    },
    struck: () => hasStruck,
    disarm() {
      letGo();
      fault = null;
    },
    async goAway(kind = 'cut') {
      const closed = once(server, 'close');
      server.close();
      for (const way of [...ways]) strike(way, kind);
      for (const { client, server: far } of ways) for (const socket of [client, far]) socket.destroySoon();
      await closed;
    },
    comeBack: () => listen(server, port),
    async close() {
      for (const { client, server: far } of ways) for (const socket of [client, far]) socket.destroy();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

function ends(way: Way, socket: Socket): { other: Socket } {
  return { other: socket === way.client ? way.server : way.client };
}

/** @param fromStart the connection begins now; one that is open already is between two messages. */
function counters(fault: Fault | null, fromStart: boolean): Way['counted'] {
  return { toServer: counter(fault, 'toServer', fromStart), toClient: counter(fault, 'toClient', fromStart) };
}

/** Gives, for each chunk, how many of its bytes still pass before the fault strikes; null for all. */
function counter(fault: Fault | null, direction: Direction, fromStart: boolean): Way['counted'][Direction] {
  if (fault === null || fault.direction !== direction) return () => null;
  if ('messages' in fault.after) return messageCounter(fault.after.framing, direction, fault.after.messages, fromStart);
  let left = fault.after.bytes;
  return (chunk) => {
    if (chunk.length < left) {
      left -= chunk.length;
      return null;
    }
    return left;
  };
}
