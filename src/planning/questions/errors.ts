/** The plan cannot be made because the request names what is not there: one line that says what, where and what to do. */
export class PlanningError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PlanningError';
  }
}
