import type { Database, Queries, TableName } from '../database/port.ts';
import type { EnvironmentCatalog } from '../outsystems/catalog.ts';
import type { Queue } from '../plan/eventTable.ts';
import { queueTables } from './instanceTables.ts';

/** Both queues, those that the environment has, as they stand. @throws DatabaseError */
export async function countQueues(database: Database, { platformTables }: EnvironmentCatalog): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (const table of queueTables) {
    const found = platformTables.get(table);
    if (found?.type !== 'table') continue;
    const { schema, name } = found;
    queues.push({ schema, name, queued: await countQueued(database, database, { schema, name }) });
  }
  return queues;
}

/** @throws DatabaseError */
export async function countQueued(
  queries: Queries,
  { quote }: Pick<Database, 'quote'>,
  { schema, name }: TableName,
): Promise<number> {
  const text = `${quote(schema)}.${quote(name)}`.replaceAll('?', '??');
  const [row] = await queries.query(`select count(*) from ${text}`);
  return Number(row![0]);
}
