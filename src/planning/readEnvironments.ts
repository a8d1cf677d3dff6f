import { readCatalog } from '../outsystems/readCatalog.ts';
import { asPlanningError } from './questions/errors.ts';
import type { Environments, PlanRequest } from './questions/request.ts';

/** Reads the metamodels of both. @throws PlanningError where one is no OutSystems database; DatabaseError */
export async function readEnvironments({
  source,
  destination,
}: Pick<PlanRequest, 'source' | 'destination'>): Promise<Environments> {
  return asPlanningError(async () => {
    // Both at once, but the source's trouble is told first, whoever finds out first.
    const destinationCatalog = readCatalog(destination);
    destinationCatalog.catch(() => undefined);
    return {
      source: { database: source, catalog: await readCatalog(source) },
      destination: { database: destination, catalog: await destinationCatalog },
    };
  });
}
