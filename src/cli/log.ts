import pino from 'pino';
import pretty from 'pino-pretty';

export type Log = pino.Logger;

/** Logs to stderr: for people on a terminal, as JSON lines elsewhere. */
export function createLog({ verbose = false }: { verbose?: boolean }): Log {
  const level = verbose ? 'debug' : 'info';
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }));
}
