/** What `caravel` ends with (docs/interface.md, "Commands"; 64, 69 and 70 are those of sysexits.h). */
export const exitCode = {
  ok: 0,
  /** A run failed or was refused; a proof found differences. */
  failed: 1,
  /** The plan stands in the way. */
  blocked: 2,
  /** Done, with rows set aside. */
  setAside: 3,
  /** Wrong usage or an invalid file. */
  usage: 64,
  /** A service is out of reach. */
  unavailable: 69,
  /** A defect of Caravel. */
  defect: 70,
} as const;

/** An error with a line for the operator and the exit code that belongs to it. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
