import { CatalogError } from '../../outsystems/errors.ts';

/**
 * The plan cannot be made because the request names what is not there: one line that says what, where and what to do.
 */
export class PlanningError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PlanningError';
  }
}

/** What the catalogs lack is the request's fault. @throws PlanningError */
export async function asPlanningError<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CatalogError) throw new PlanningError(error.message, { cause: error });
    throw error;
  }
}
