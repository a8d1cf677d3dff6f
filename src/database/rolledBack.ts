import type { Database, Transaction } from './port.ts';

class GivenUp<T> extends Error {
  readonly result: T;
  constructor(result: T) {
    super('given up on purpose');
    this.result = result;
  }
}

/** Runs `work` in a transaction of which nothing stays. @throws DatabaseError, whatever `work` throws */
export async function rolledBack<T>(database: Database, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  try {
    return await database.transaction(async (transaction): Promise<never> => {
      throw new GivenUp(await work(transaction));
    });
  } catch (error) {
    if (error instanceof GivenUp) return error.result;
    throw error;
  }
}
