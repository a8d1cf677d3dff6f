import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { CopyToStreamQuery } from 'pg-copy-streams';
import { timeouts } from '../../config/timeouts.ts';
import { DatabaseError } from '../errors.ts';
import { type Session, wireOf } from './session.ts';
import { run } from './statements.ts';

/** "53.7. Message Formats", CancelRequest. */
const cancelRequest = 80_877_102;
/** `query_canceled`. */
const cancelled = '57014';

/**
 * Ends a COPY whose rows nobody wants any more, and waits until the server has said that it ended; the session then
 * serves the next statement. Where that takes too long, or the connection is lost, the session is `broken`.
 */
export async function cancelCopy(session: Session, copy: CopyToStreamQuery): Promise<void> {
  const ended = drained(copy);
  const isOver = await Promise.race([
    sendCancelRequest(session).then(() => ended),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), timeouts.cancel).unref()),
  ]).catch(() => false);
  if (!isOver || !(await answersAgain(session))) session.broken = true;
}

/** Reads what is still on its way. @returns whether the server ended the COPY, by itself or because it was asked to. */
async function drained(copy: CopyToStreamQuery): Promise<boolean> {
  try {
    for await (const _ of copy.iterator({ destroyOnReturn: false }));
    return true;
  } catch (error) {
    return (error as { code?: string }).code === cancelled;
  }
}

/**
 * The server closes this second connection once it has passed the request on ("54.2.8. Canceling Requests in
 * Progress").
 */
async function sendCancelRequest(session: Session): Promise<void> {
  const { socket: wire, processId, secretKey } = wireOf(session);
  const { host, port } = session.client;
  const { remoteAddress, remotePort } = wire;
  const isLocal = remoteAddress === undefined || remotePort === undefined;
  const socket: Socket = isLocal ? connect(`${host}/.s.PGSQL.${port}`) : connect(remotePort, remoteAddress);
  socket.setTimeout(timeouts.cancel, () => socket.destroy());
  const request = Buffer.alloc(16);
  for (const [place, number] of [request.length, cancelRequest, processId, secretKey].entries()) {
    request.writeInt32BE(number, place * 4);
  }
  socket.end(request);
  socket.resume();
  await once(socket, 'close');
}

/** The request may come late, when nothing is left to cancel: then it hits this statement, and not the next one. */
async function answersAgain(session: Session): Promise<boolean> {
  try {
    await run(session, 'SELECT 1');
    return true;
  } catch (error) {
    return error instanceof DatabaseError && error.number === cancelled;
  }
}
