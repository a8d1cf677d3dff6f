/** A service cannot be started or reached. One line: what, where, and what to do. */
export class ServiceError extends Error {
  /** EX_UNAVAILABLE, see docs/interface.md. */
  readonly exitCode = 69;

  constructor(message: string) {
    super(message);
    this.name = 'ServiceError';
  }
}
