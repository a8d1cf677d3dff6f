import { peopleTables } from '../../alignment/people/peopleTables.ts';
import { type ReferringColumn, referringColumns } from '../../outsystems/referringColumns.ts';
import { instanceTables } from '../../processes/instanceTables.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';

/** Every column of the destination that refers to a table, by the upper-case name of that table. @throws DatabaseError */
export function destinationReferences(
  { destination }: Pick<PlanRequest, 'destination'>,
  catalogs: Pick<Catalogs, 'destination'>,
): Promise<Map<string, ReferringColumn[]>> {
  const declared = [...peopleTables, ...instanceTables].flatMap(({ table, references }) =>
    references.map(({ column, to }) => ({ table, column, to })),
  );
  return referringColumns(destination, catalogs.destination, declared);
}
