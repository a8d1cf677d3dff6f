import { spawnSync } from 'node:child_process';

/**
 * Runs a short command in /, under another account if one is given (as root).
 * @returns its stdout; null when it failed, is not there, or took longer than 20 seconds.
 */
export function runCommand(
  command: string,
  args: string[],
  account: { uid: number; gid: number } | null = null,
): string | null {
  const identity = account ? { uid: account.uid, gid: account.gid } : {};
  const result = spawnSync(command, args, { cwd: '/', encoding: 'utf8', timeout: 20_000, ...identity });
  return result.status === 0 ? result.stdout : null;
}
