import { userTable } from '../../alignment/people/peopleTables.ts';
import type { Database } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { columnOf } from '../../outsystems/environment.ts';
import { Findings } from '../../plan/findings.ts';
import { type KeyedEntity, nameOf, type PlannedEntity } from '../../plan/plan.ts';
import { largestIds } from '../questions/counts.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';

/** Who logged in within this time is at work. */
const minutesAtWork = 60;

/**
 * Whether somebody works in the destination, as far as that can be seen: sessions of others, and users who logged in lately (guide,
 * "Destination Applications Downtime"). Nothing of it stands in the way.
 * @throws DatabaseError
 */
export async function checkInUse({ destination }: PlanRequest, catalogs: Catalogs): Promise<Findings> {
  const findings = new Findings();
  const { otherSessions, now } = await destination.facts();
  if (otherSessions !== null && otherSessions > 0) {
    findings.add('sessions-open', { sessions: otherSessions, there: destination.name });
  }
  const users = catalogs.destination.platformTables.get(userTable);
  const login = users && columnOf(users, 'LAST_LOGIN');
  if (users === undefined || login === undefined || now === null) return findings;
  const [right] = await destination.rights([{ schema: users.schema, name: users.name }]);
  if (!right!.select) return findings;
  // The server says its time to the second: a login of this second came after it.
  const timeAt = (apart: number) => new Date(Date.parse(`${now}Z`) + apart).toISOString().slice(0, 19);
  const [since, until] = [timeAt(-minutesAtWork * 60_000), timeAt(1000)];
  const { atWork } = await queryOne(
    destination,
    sql`select ${sql.countOfRows} as at_work from ${sql.table(users)}
      where ${sql.id(login)} > ${since} and ${sql.id(login)} <= ${until}`,
    { atWork: integer },
  );
  if (atWork > 0) findings.add('users-at-work', { users: atWork, there: destination.name });
  return findings;
}

/**
 * Watches, while a plan is made, whether rows come into either environment.
 * @returns called when the plan is made: what came meanwhile. @throws DatabaseError
 */
export async function watchGrowth(
  { source, destination }: PlanRequest,
  entities: readonly PlannedEntity[],
): Promise<() => Promise<Findings>> {
  const watched = entities.filter(
    (entity): entity is KeyedEntity => entity.role === 'copied' && entity.identifierType === 'integer',
  );
  const before = {
    source: await largest(source, watched, 'source'),
    destination: await largest(destination, watched, 'destination'),
  };
  return async () => {
    const findings = new Findings();
    for (const [side, database] of [
      ['source', source],
      ['destination', destination],
    ] as const) {
      const after = await largest(database, watched, side);
      const grown = watched.filter((_, index) => after[index] !== before[side][index]);
      if (grown.length === 0) continue;
      const entities = grown.map(nameOf);
      if (side === 'source') findings.add('source-changes', { here: database.name, entities });
      else findings.add('destination-changes', { there: database.name, entities });
    }
    return findings;
  };
}

/** Largest identifier of each entity's table. */
const largest = (database: Database, entities: readonly KeyedEntity[], side: 'source' | 'destination') =>
  largestIds(
    database,
    entities.map((entity) => {
      const { schema, table: name, identifier } = entity[side];
      return { table: { schema, name }, column: identifier };
    }),
  );
