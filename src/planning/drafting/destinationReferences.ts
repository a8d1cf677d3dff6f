import { peopleTables } from '../../alignment/people/peopleTables.ts';
import { type ReferringColumn, referringColumns } from '../../outsystems/referringColumns.ts';
import { instanceTables } from '../../processes/instanceTables.ts';
import type { Environments } from '../questions/request.ts';

/**
 * Every column of the destination that refers to a table, by the upper-case name of that table.
 * @throws DatabaseError
 */
export function destinationReferences({
  destination,
}: Pick<Environments, 'destination'>): Promise<Map<string, ReferringColumn[]>> {
  const declared = [...peopleTables, ...instanceTables].flatMap(({ table, references }) =>
    references.map(({ column, to }) => ({ table, column, to })),
  );
  return referringColumns(destination.database, destination.catalog, declared);
}
