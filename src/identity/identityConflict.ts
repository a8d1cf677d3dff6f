/** A source row would be mapped to two destination rows. Its ids are in the journal, not in the message. */
export class IdentityConflictError extends Error {
  readonly sourceId: string;
  /** What the map holds, and what it was given. */
  readonly destinationIds: readonly [string, string];

  constructor(sourceId: string, held: string, given: string) {
    super(
      `source id ${sourceId} is mapped to destination id ${held} already and cannot also become ${given}; ` +
        'the journal was altered, or two runs wrote at once: verify before going on',
    );
    this.name = 'IdentityConflictError';
    this.sourceId = sourceId;
    this.destinationIds = [held, given];
  }
}
