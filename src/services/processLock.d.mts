/** A process id together with its start, so that a later process with the same id is not taken for it. */
export interface ProcessRecord {
  pid: number;
  /** When it started, in the operating system's own words; null when there was no such process. */
  start: string | null;
}

/** When a process started; null when there is none (or only its zombie). */
export function startOf(pid: number): string | null;

export function processRecord(pid: number): ProcessRecord;

export function isRunning(record: ProcessRecord): boolean;

/** The process that holds a lock file; null when nobody does, or one that has ended. */
export function lockHolder(file: string): number | null;

/**
 * Takes a lock file for as long as this process lives; the lock of a process that has ended is taken over.
 * @returns what releases it; null when a living process holds it.
 */
export function acquireLock(file: string): (() => void) | null;

/** Waits until the lock is free and takes it; `whenWaiting` hears once, with the holder's process id, that it has to wait. */
export function waitForLock(file: string, whenWaiting?: (holder: number | null) => void): Promise<() => void>;
