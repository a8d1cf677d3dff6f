import type { Queries, TableName } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { integer } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EnvironmentCatalog } from '../outsystems/catalog.ts';
import type { Queue } from '../plan/eventTable.ts';
import { queueTables } from './instanceTables.ts';

/** Both queues, those that the environment has, as they stand. @throws DatabaseError */
export async function countQueues(queries: Queries, { platformTables }: EnvironmentCatalog): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (const table of queueTables) {
    const queue = platformTables.get(table);
    if (queue?.type !== 'table') continue;
    const { schema, name } = queue;
    queues.push({ schema, name, queued: await countQueued(queries, queue) });
  }
  return queues;
}

/** Events that wait in a queue. @throws DatabaseError */
export async function countQueued(queries: Queries, queue: TableName): Promise<number> {
  const counted = sql`select ${sql.countOfRows} as queued from ${sql.table(queue)}`;
  const { queued } = await queryOne(queries, counted, { queued: integer });
  return queued;
}
