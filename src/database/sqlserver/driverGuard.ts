import type { EventEmitter } from 'node:events';
import type { Connection } from 'tedious';
import { timeouts } from '../../config/timeouts.ts';
import { insidesOf } from './driver.ts';

/** How often a login is looked at. */
const lookEveryMs = 250;
/** Without a socket for so long a login does not go on; the driver itself rests for 500 ms before it tries again. */
const lostAfterMs = 2_000;

const ignore = () => {};

/**
 * Closes the gaps of the driver (tedious 19.2) through which a connection that is lost, or closed, in the middle of an
 * answer would end the process or wait for ever. docs/upstream/tedious.md has each with its smallest reproduction.
 * Needs a connection that does not connect yet.
 */
export function guardDriver(connection: Connection): void {
  guardAnswers(connection);
  guardSockets(connection);
  guardLogin(connection);
}

/**
 * The driver forgets its request when the connection goes, and stumbles over that when what had arrived by then is read
 * to its end. An answer that is no TDS raises an error to which it does not listen.
 */
function guardAnswers(connection: Connection): void {
  const insides = insidesOf(connection);
  const create = insides.createTokenStreamParser;
  insides.createTokenStreamParser = (message, handler) => {
    const answer = create.call(connection, message, handler);
    answer.parser.on('error', (error: Error) => insides.socket?.destroy(error));
    const { emit } = answer;
    answer.emit = (event, ...details) => !insides.closed && emit.call(answer, event, ...details);
    return answer;
  };
}

/** Once it has closed a connection the driver listens to its sockets no more; what is still on its way then fails. */
function guardSockets(connection: Connection): void {
  connection.on('connect', () => insidesOf(connection).socket?.on('error', ignore));
  connection.on('secure', (cleartext: EventEmitter) => cleartext.on('error', ignore));
}

/**
 * The driver's own time-out does not reach into the answer to a login: one that breaks off is waited for without end.
 */
function guardLogin(connection: Connection): void {
  const insides = insidesOf(connection);
  const began = performance.now();
  let lostSince: number | null = null;
  const timer = setInterval(() => {
    const now = performance.now();
    // While it connects, to another server for instance, it has none.
    const hasSocket = insides.state === insides.STATE.CONNECTING || insides.socket?.destroyed !== true;
    lostSince = hasSocket ? null : (lostSince ?? now);
    if (now - (lostSince ?? now) >= lostAfterMs || now - began >= timeouts.opening) connection.close();
  }, lookEveryMs);
  const end = () => clearInterval(timer);
  connection.once('connect', end);
  connection.once('end', end);
}
