import { userTable } from '../../alignment/people/peopleTables.ts';
import { queryOne } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { Findings } from '../../plan/findings.ts';
import { type KeyedEntity, nameOf, type PlannedEntity } from '../../plan/plan.ts';
import { largestIds } from '../questions/counts.ts';
import type { Environments } from '../questions/request.ts';
import { rightsOnTable } from './rights.ts';

/** Who logged in within this time is at work. */
const minutesAtWork = 60;

/**
 * Whether somebody works in the destination, as far as that can be seen: sessions of others, and users who logged in
 * lately (guide, "Destination Applications Downtime"). Nothing of it stands in the way.
 * @throws DatabaseError
 */
export async function checkInUse({ database: destination, catalog }: Environment): Promise<Findings> {
  const findings = new Findings();
  const { otherSessions, now } = await destination.facts();
  if (otherSessions !== null && otherSessions > 0) {
    findings.add('sessions-open', { sessions: otherSessions, there: destination.name });
  }
  const users = catalog.platformTables.get(userTable);
  const login = users && columnOf(users, 'LAST_LOGIN');
  if (users === undefined || login === undefined || now === null) return findings;
  if (!(await rightsOnTable(destination, users)).select) return findings;
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

type Side = keyof Environments;

/**
 * Watches, while a plan is made, whether rows come into either environment.
 * @returns called when the plan is made: what came meanwhile. @throws DatabaseError
 */
export async function watchGrowth(
  environments: Environments,
  entities: readonly PlannedEntity[],
): Promise<() => Promise<Findings>> {
  const watched = entities.filter(
    (entity): entity is KeyedEntity => entity.role === 'copied' && entity.identifierType === 'integer',
  );
  const before = {
    source: await largest(environments, watched, 'source'),
    destination: await largest(environments, watched, 'destination'),
  };
  const namesOfGrown = async (side: Side): Promise<string[]> => {
    const after = await largest(environments, watched, side);
    return watched.filter((_, index) => after[index] !== before[side][index]).map(nameOf);
  };
  return async () => {
    const findings = new Findings();
    const [here, there] = [environments.source.database.name, environments.destination.database.name];
    const inSource = await namesOfGrown('source');
    if (inSource.length > 0) findings.add('source-changes', { here, entities: inSource });
    const inDestination = await namesOfGrown('destination');
    if (inDestination.length > 0) findings.add('destination-changes', { there, entities: inDestination });
    return findings;
  };
}

/** Largest identifier of each entity's table. */
const largest = (environments: Environments, entities: readonly KeyedEntity[], side: Side) =>
  largestIds(
    environments[side].database,
    entities.map((entity) => {
      const { schema, table: name, identifier } = entity[side];
      return { table: { schema, name }, column: identifier };
    }),
  );
