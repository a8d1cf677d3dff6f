import { buildDemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { onDatabase } from '../../infra/services/onDatabase.ts';
import { type MigrationSpecInput, migrationSpec } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';

/** The demo's two environments as templates: each test plans with copies of its own, changed to show one thing. */
export interface DemoTemplates {
  spec: MigrationSpecInput;
  /** Copies both, changes them by SQL, does the work and drops the copies. */
  changed<T>(changes: Changes, work: (databases: Copies) => Promise<T>): Promise<T>;
  drop(): Promise<void>;
}

export interface Changes {
  source?: string[];
  destination?: string[];
}

export interface Copies {
  source: Database;
  destination: Database;
}

const environments = { source: 'production', destination: 'quality' };

export const specOf = (templates: DemoTemplates, change: Partial<MigrationSpecInput> = {}) =>
  migrationSpec.parse({ ...templates.spec, ...change });

export async function demoTemplates(name: string, options: { rows: number; orphans: boolean }): Promise<DemoTemplates> {
  const serverUrl = process.env.CARAVEL_TEST_POSTGRES;
  if (serverUrl === undefined) throw new Error('CARAVEL_TEST_POSTGRES is not set: run the tests with `npm test`');
  const prefix = `caravel_${name}_${process.pid}`;
  const names = { serverUrl, sourceDatabase: `${prefix}_source`, destinationDatabase: `${prefix}_destination` };
  const { spec } = await buildDemoEnvironments({ ...names, ...options });
  let copies = 0;
  const openCopy = async (side: keyof Copies, changes: string[]) => {
    const copy = `${prefix}_${side}_${++copies}`;
    await onServer(serverUrl, [`create database "${copy}" template "${prefix}_${side}"`]);
    const url = Object.assign(new URL(serverUrl), { pathname: `/${copy}` }).href;
    await onServer(url, changes);
    const database = connect({ name: environments[side], url, readOnly: side === 'source', pool: 4 });
    const close = async () => {
      await database.close();
      await onServer(serverUrl, [`drop database "${copy}" with (force)`]);
    };
    return { database, close };
  };
  /** Shared by all that do not change that side. */
  const unchanged: Partial<Record<keyof Copies, Awaited<ReturnType<typeof openCopy>>>> = {};
  const shared = async (side: keyof Copies) => {
    unchanged[side] ??= await openCopy(side, []);
    return { database: unchanged[side].database, close: async () => {} };
  };

  return {
    spec,
    async changed(changes, work) {
      const open = (side: keyof Copies) => (changes[side] ? openCopy(side, changes[side]) : shared(side));
      const source = await open('source');
      const destination = await open('destination');
      try {
        return await work({ source: source.database, destination: destination.database });
      } finally {
        await Promise.all([source.close(), destination.close()]);
      }
    },
    async drop() {
      await Promise.all(Object.values(unchanged).map((copy) => copy.close()));
      await dropDemoEnvironments(names);
    },
  };
}

async function onServer(url: string, statements: string[]): Promise<void> {
  await onDatabase(url, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

const owned = (espace: string) => `"ESPACE_ID" = (select "ID" from "OSSYS_ESPACE" where "NAME" = '${espace}')`;

/** Condition on OSSYS_ENTITY. @param name `Espace.Entity` */
export function entityNamed(name: string): string {
  const [espace, entity] = name.split('.') as [string, string];
  return `"NAME" = '${entity}' and "IS_ACTIVE" and ${owned(espace)}`;
}

/** Condition on OSSYS_ENTITY_ATTR. @param name `Espace.Entity.Attribute` */
export function attributeNamed(name: string): string {
  const [espace, entity, attribute] = name.split('.') as [string, string, string];
  const entityId = `(select "ID" from "OSSYS_ENTITY" where ${entityNamed(`${espace}.${entity}`)})`;
  return `"NAME" = '${attribute}' and "IS_ACTIVE" and "ENTITY_ID" = ${entityId}`;
}
