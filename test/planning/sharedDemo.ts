import { buildDemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { queueTables } from '../../infra/demo/schema/processTables.ts';
import { type MigrationSpecInput, migrationSpec } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { type Change, openChangingDatabase } from '../support/changing.ts';
import { serverUrl } from '../support/engine.ts';

/** The demo's two environments, which the tests of a file share: each changes them for a while, to show one thing. */
export interface SharedDemo {
  spec: MigrationSpecInput;
  /** Changes them, does the work and puts everything back. */
  changed<T>(changes: Changes, work: (databases: Databases, sides: Sides) => Promise<T>): Promise<T>;
  drop(): Promise<void>;
}

export interface Changes {
  source?: Change[];
  destination?: Change[];
}

export interface Databases {
  source: Database;
  destination: Database;
}

/** What the owner of an environment does with it; all of it is put back too. */
export interface Side {
  ownerUrl: string;
  make(...changes: Change[]): Promise<void>;
}

export type Sides = Record<keyof Databases, Side>;

export const specOf = (demo: SharedDemo, change: Partial<MigrationSpecInput> = {}) =>
  migrationSpec.parse({ ...demo.spec, ...change });

export async function shareDemo(name: string, options: { rows: number; orphans: boolean }): Promise<SharedDemo> {
  const prefix = `caravel_${name}_${process.pid}`;
  const names = {
    serverUrl: serverUrl(),
    sourceDatabase: `${prefix}_source`,
    destinationDatabase: `${prefix}_destination`,
  };
  const { spec, source, destination } = await buildDemoEnvironments({ ...names, ...options });
  const queues = queueTables.map((table) => table.name);
  const open = async (environment: string, ownerUrl: string, readOnly: boolean) => {
    const connected = () => connect({ name: environment, url: ownerUrl, readOnly, pool: 4 });
    return { ownerUrl, connected, asItIs: connected(), ...(await openChangingDatabase(ownerUrl, queues)) };
  };
  const sides = {
    source: await open('production', source.ownerUrl, true),
    destination: await open('quality', destination.ownerUrl, false),
  };
  const both = Object.values(sides);

  return {
    spec,
    async changed(changes, work) {
      // An open database may remember what its tables were like: one that is defined anew is opened anew.
      const redefined = (side: keyof Databases) => changes[side]?.some((change) => typeof change !== 'string');
      const opened = (side: keyof Databases) => (redefined(side) ? sides[side].connected() : sides[side].asItIs);
      const databases = { source: opened('source'), destination: opened('destination') };
      try {
        await sides.source.make(...(changes.source ?? []));
        await sides.destination.make(...(changes.destination ?? []));
        return await work(databases, sides);
      } finally {
        for (const side of ['source', 'destination'] as const) if (redefined(side)) await databases[side].close();
        await Promise.all(both.map((side) => side.takeBack()));
      }
    },
    async drop() {
      await Promise.all(both.flatMap((side) => [side.asItIs.close(), side.close()]));
      await dropDemoEnvironments(names);
    },
  };
}

const owned = (espace: string) => `"ESPACE_ID" = (select "ID" from "OSSYS_ESPACE" where "NAME" = '${espace}')`;

/** Condition on OSSYS_ENTITY. @param name `Espace.Entity` */
export function entityNamed(name: string): string {
  const [espace, entity] = name.split('.') as [string, string];
  return `"NAME" = '${entity}' and "IS_ACTIVE" = 'true' and ${owned(espace)}`;
}

/** Condition on OSSYS_ENTITY_ATTR. @param name `Espace.Entity.Attribute` */
export function attributeNamed(name: string): string {
  const [espace, entity, attribute] = name.split('.') as [string, string, string];
  const entityId = `(select "ID" from "OSSYS_ENTITY" where ${entityNamed(`${espace}.${entity}`)})`;
  return `"NAME" = '${attribute}' and "IS_ACTIVE" = 'true' and "ENTITY_ID" = ${entityId}`;
}
