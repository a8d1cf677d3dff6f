import { describe, expect, it } from 'vitest';
import { alignPeople } from '../../src/alignment/people/alignPeople.ts';
import { peopleTables } from '../../src/alignment/people/peopleTables.ts';
import type { PeopleRequest } from '../../src/alignment/people/request.ts';
import { readTenants } from '../../src/alignment/tenants.ts';
import { platformEntityKey } from '../../src/outsystems/platform.ts';
import { types } from '../support/ddl.ts';
import { schema } from '../support/engine.ts';
import { buildEnvironment, type Contents, type Rows } from './environments.ts';

const espaces: Rows = [
  ['ID', 'NAME', 'SS_KEY', 'IS_ACTIVE'],
  [1, 'ServiceCenter', 'e-sc', true],
  [2, 'Users', 'e-users', true],
  [3, 'Sales', 'e-sales', true],
  [4, 'Fleet', 'e-fleet', true],
];
const tenants: Rows = [
  ['ID', 'NAME', 'ESPACE_ID'],
  [1, 'ServiceCenter', 1],
  [5, 'Users', 2],
  [6, 'Acme', 2],
];
const userColumns = ['ID', 'TENANT_ID', 'USERNAME', 'NAME', 'IS_ACTIVE'];
type UserCells = [id: number, tenant: number | null, username: string | null, active?: boolean];
const users = (...rows: UserCells[]): Rows => [
  userColumns,
  ...rows.map(([id, tenant, username, active = true]) => [id, tenant, username, `name of ${id}`, active]),
];

interface People {
  users: Rows;
  groups?: Rows;
  userRoles?: number[][];
  groupRoles?: number[][];
  groupUsers?: number[][];
  roles?: Rows;
  tenants?: Rows;
}

/** Rows of a table; one row of nothing gives the types where there are none. */
const links = (columns: [string, string], rows: number[][] = []): Rows => [
  ['ID', ...columns],
  ...(rows.length > 0 ? rows : [[-1, -1, -1]]),
];

const contents = (people: People, orders: (number | null)[][] = []): Contents => ({
  tables: {
    OSSYS_ESPACE: espaces,
    OSSYS_TENANT: people.tenants ?? tenants,
    OSSYS_USER: people.users,
    OSSYS_GROUP: people.groups ?? [
      ['ID', 'TENANT_ID', 'NAME', 'CREATED_BY'],
      [-1, -1, '-', -1],
    ],
    OSSYS_ROLE: people.roles ?? [
      ['ID', 'NAME', 'ESPACE_ID', 'IS_ACTIVE'],
      [-1, '-', -1, true],
    ],
    OSSYS_USER_ROLE: links(['USER_ID', 'ROLE_ID'], people.userRoles),
    OSSYS_GROUP_ROLE: links(['GROUP_ID', 'ROLE_ID'], people.groupRoles),
    OSSYS_GROUP_USER: links(['GROUP_ID', 'USER_ID'], people.groupUsers),
    OSUSR_A_ORDER: [['ID', 'CREATEDBY', 'TEAM'], ...(orders.length > 0 ? orders : [[1, null, null]])],
  },
});

async function aligned(source: Contents, destination: Contents, change: Partial<PeopleRequest> = {}) {
  const here = await buildEnvironment('production', source);
  const there = await buildEnvironment('quality', destination);
  const reference = (column: string, target: string) => ({
    table: { schema, name: 'OSUSR_A_ORDER' },
    column,
    target: platformEntityKey(target),
  });
  const alignment = await alignPeople({
    source: here,
    destination: there,
    strategy: 'create',
    mustBeThere: true,
    entities: new Map(
      peopleTables.map(({ table, name }) => [table, { key: platformEntityKey(table), name: `(System).${name}` }]),
    ),
    references: [reference('CREATEDBY', 'OSSYS_USER'), reference('TEAM', 'OSSYS_GROUP')],
    tenants: {
      rows: await readTenants(here),
      map: new Map([
        ['1', '10'],
        ['5', '50'],
        ['6', '60'],
      ]),
    },
    roles: new Map(),
    espaces: {
      names: new Map(espaces.slice(1).map((row) => [String(row[0]), String(row[1])])),
      inScope: new Set(['3']),
    },
    known: async () => null,
    ...change,
  });
  const decisions = alignment.decisions.find(({ entity }) => entity === platformEntityKey('OSSYS_USER'))!;
  const of = (table: string) => alignment.decisions.find(({ entity }) => entity === platformEntityKey(table));
  const byId = Object.fromEntries(
    alignment.ledger.map(({ sourceId, decision, destinationId }) => [
      sourceId,
      destinationId === null ? decision : `${decision} ${destinationId}`,
    ]),
  );
  const { blocking, warnings } = alignment.findings;
  const codes = warnings.map(({ code }) => code);
  return { ...alignment, blocking, warnings, users: decisions, byId, of, codes };
}

const userNames = (contents: Contents, type: string): Contents => ({
  ...contents,
  types: { 'OSSYS_USER.USERNAME': type },
});
/** User names compare as the platform does on SQL Server, without case and accents. */
const caseless = (contents: Contents) => userNames(contents, types.caselessText(250));

describe('users', () => {
  const orders = [
    [1, 1, null],
    [2, 2, null],
    [3, 3, null],
    [4, 4, null],
    [5, 5, null],
    [6, 0, null],
    [7, 999, null],
  ];
  const source = contents(
    {
      users: users(
        [1, 5, 'ana'],
        [2, 6, 'ana'],
        [3, 5, 'new'],
        [4, 1, 'admin'],
        [5, 1, 'operator'],
        [6, 5, 'nobody refers to me'],
      ),
    },
    orders,
  );
  const destination = contents({
    users: users([90, 50, 'ana'], [91, 60, 'ana'], [92, 10, 'admin'], [93, 50, 'nobody refers to me']),
  });

  it('of two tenants with the same user names stay apart; only those that data refers to are looked at', async () => {
    const { byId, users: decisions } = await aligned(source, destination);
    expect(byId).toEqual({ 1: 'match 90', 2: 'match 91', 3: 'create', 4: 'match 92', 5: 'missing' });
    expect(decisions).toMatchObject({
      matched: [
        ['1', '90'],
        ['2', '91'],
        ['4', '92'],
      ],
      created: ['3'],
    });
  });

  it('of Service Center are matched and never written, whatever the strategy', async () => {
    for (const strategy of ['create', 'update', 'recreate'] as const) {
      const { byId, blocking, summary } = await aligned(source, destination, { strategy });
      const word = { create: 'match', update: 'update', recreate: 'recreate' }[strategy];
      expect(byId).toEqual({ 1: `${word} 90`, 2: `${word} 91`, 3: 'create', 4: 'match 92', 5: 'missing' });
      expect(blocking).toEqual([
        expect.objectContaining({
          code: 'it-user-missing',
          entity: '(System).User',
          message: expect.stringContaining('1 IT user'),
        }),
      ]);
      expect(summary.users).toMatchObject({ created: 1, missing: 1 });
    }
    const { blocking, codes } = await aligned(source, destination, { mustBeThere: false });
    expect([blocking, codes]).toEqual([[], ['it-user-missing']]);
  });

  it('that the destination lacks block under "match", counted but not named', async () => {
    const { byId, blocking, codes } = await aligned(source, destination, { strategy: 'match' });
    expect(byId).toMatchObject({ 3: 'missing', 5: 'missing' });
    expect(blocking).toEqual([
      expect.objectContaining({ code: 'user-missing', message: expect.stringContaining('lacks 2 of the 6 users') }),
    ]);
    expect(codes).toEqual(['user-orphaned']);
    expect(JSON.stringify(blocking)).not.toMatch(/ana|operator|name of/);
  });

  it('are told apart by case and accents only where the destination does', async () => {
    const people = contents({ users: users([1, 5, 'José'], [2, 5, 'jose'], [3, 5, 'RITA']) }, orders.slice(0, 3));
    const there = contents({ users: users([90, 50, 'jose'], [91, 50, 'rita']) });
    expect((await aligned(people, there)).byId).toEqual({ 1: 'create', 2: 'match 90', 3: 'create' });

    const { byId, ledger, codes } = await aligned(people, caseless(there));
    expect(byId).toEqual({ 1: 'match 90', 2: 'match 90', 3: 'match 91' });
    expect(codes).toEqual(['users-fall-together']);
    expect(ledger.filter(({ sharedWith }) => sharedWith !== null)).toMatchObject([{ sourceId: '2', sharedWith: '1' }]);
  });

  it('of one name in the source become one user: the active one, then the lowest id', async () => {
    const people = contents(
      { users: users([1, 5, 'ana', false], [2, 5, 'ana'], [3, 5, 'ana'], [4, 5, 'bea', false], [5, 5, 'bea', false]) },
      orders,
    );
    const { users: decisions, codes, byId } = await aligned(people, contents({ users: users([90, 50, 'x']) }));
    expect(decisions).toMatchObject({
      created: ['2', '4'],
      merged: [
        ['1', '2'],
        ['3', '2'],
        ['5', '4'],
      ],
    });
    expect(byId).toEqual({ 1: 'merge', 2: 'create', 3: 'merge', 4: 'create', 5: 'merge' });
    expect(codes).toEqual(['users-fall-together']);
    const update = await aligned(people, contents({ users: users([90, 50, 'ana']) }), { strategy: 'update' });
    expect(update.byId).toMatchObject({ 1: 'match 90', 2: 'update 90', 3: 'match 90' });
    const recreate = await aligned(people, contents({ users: users([90, 50, 'ana']) }), { strategy: 'recreate' });
    expect(recreate.users).toMatchObject({ recreated: [['2', '90']] });
    expect(recreate.users.merged).toEqual(
      expect.arrayContaining([
        ['1', '2'],
        ['3', '2'],
      ]),
    );
  });

  it('of several of one name in the destination are the active one, then the one spelled alike, then the oldest', async () => {
    const there = contents({
      users: users(
        [90, 50, 'ana', false],
        [91, 50, 'ANA'],
        [92, 50, 'Ana'],
        [93, 50, 'bea', false],
        [94, 50, 'BEA', false],
        [95, 50, 'Cid'],
        [96, 50, 'CID'],
      ),
    });
    const people = contents({ users: users([1, 5, 'Ana'], [2, 5, 'BEA'], [3, 5, 'cid']) }, orders.slice(0, 3));
    const { byId, codes } = await aligned(people, caseless(there));
    expect(byId).toEqual({ 1: 'match 92', 2: 'match 94', 3: 'match 95' });
    expect(codes).toEqual(['user-ambiguous']);
  });

  it('without a user name are nobody else, and stay who they became', async () => {
    const people = contents({ users: users([1, 5, ''], [2, 5, ' '], [3, 5, null], [4, 6, '']) }, orders.slice(0, 4));
    const there = contents({ users: users([90, 50, ''], [91, 60, ''], [92, 50, '']) });
    const first = await aligned(people, there);
    expect(first.byId).toEqual({ 1: 'create', 2: 'create', 3: 'create', 4: 'match 91' });
    expect(first.codes).toContain('user-nameless');
    const map = new Map([
      ['1', '92'],
      ['2', '4711'],
    ]);
    const known = async () => ({ size: map.size, get: (id: string) => map.get(id), has: (id: string) => map.has(id) });
    const again = await aligned(people, there, { known });
    expect(again.byId).toEqual({ 1: 'match 92', 2: 'create', 3: 'create', 4: 'match 91' });
    expect(again.users.gone).toEqual(['2']);
  });

  it('may be called anything', async () => {
    const names = [`o'brien "x", {y}\\z`, 'n'.repeat(250), 'tab\tand\nline', '?', '😀', 'trailing '];
    const rows = names.map((name, index): UserCells => [index + 1, 5, name]);
    const people = contents(
      { users: users(...rows) },
      names.map((_, index) => [index + 1, index + 1, null]),
    );
    const cells = names.map((name, index): UserCells => [100 - index, 50, name]);
    const there = contents({ users: users(...cells, [50, 50, 'trailing']) });
    const { byId } = await aligned(people, there);
    expect(byId).toEqual(Object.fromEntries(names.map((_, index) => [index + 1, `match ${100 - index}`])));
    // Where the destination lets in less, nothing there can be called so.
    const short = contents({ users: users(...cells.filter(([, , name]) => name!.length <= 20)) });
    const narrow = userNames(short, types.exactText(20));
    expect((await aligned(people, narrow)).byId).toMatchObject({ 1: 'match 100', 2: 'create' });
  });

  it('of a tenant that the destination lacks are missing, and the tenant is told', async () => {
    const people = contents({ users: users([1, 5, 'ana'], [2, 6, 'ana']) }, orders.slice(0, 2));
    const { byId, tenants: used } = await aligned(people, contents({ users: users([90, 50, 'ana']) }), {
      tenants: {
        rows: new Map([['6', { id: '6', name: 'Acme', isIt: false }]]),
        map: new Map([['5', '50']]),
      },
    });
    expect(byId).toEqual({ 1: 'match 90', 2: 'missing' });
    expect([...used].sort()).toEqual(['5', '6']);
  });

  it('of a platform version without tenants are known by user name alone', async () => {
    const withoutTenant: Rows = [
      ['ID', 'USERNAME'],
      [1, 'ana'],
      [2, 'bea'],
    ];
    const source = contents({ users: withoutTenant }, orders.slice(0, 2));
    const { byId } = await aligned(source, contents({ users: users([90, 50, 'bea']) }));
    expect(byId).toEqual({ 1: 'create', 2: 'match 90' });
  });
});

describe('groups and grants', () => {
  const roles: Rows = [
    ['ID', 'NAME', 'ESPACE_ID', 'IS_ACTIVE'],
    [1, 'Clerk', 3, true],
    [2, 'Manager', 3, true],
    [3, 'Driver', 4, true],
    [4, 'Deleted', 3, false],
    [5, 'Mechanic', 4, true],
  ];
  const groups = (...rows: (string | number | null)[][]): Rows => [['ID', 'TENANT_ID', 'NAME', 'CREATED_BY'], ...rows];
  const source = contents(
    {
      users: users(
        [1, 5, 'ana'],
        [2, 5, 'bea'],
        [3, 5, 'member'],
        [4, 5, 'creator'],
        [5, 5, 'driver'],
        [6, 5, 'keeper'],
      ),
      roles,
      groups: groups(
        [1, 5, 'Clerks', 6],
        [2, 5, 'Referred', 4],
        [3, 5, 'Drivers', 5],
        [4, 6, 'Clerks', null],
        [5, 5, 'Old', 0],
      ),
      groupRoles: [
        [1, 1, 1],
        [2, 3, 3],
        [3, 4, 2],
        [4, 5, 4],
        [5, 1, 3],
      ],
      groupUsers: [
        [1, 1, 1],
        [2, 1, 3],
        [3, 2, 2],
        [4, 3, 5],
      ],
      userRoles: [
        [1, 1, 1],
        [2, 1, 2],
        [3, 2, 2],
        [4, 2, 3],
        [5, 2, 5],
        [6, 2, 4],
        [7, 5, 1],
        [8, 1, 1],
      ],
    },
    [
      [1, 1, null],
      [2, 2, 2],
    ],
  );
  const destination = contents({
    users: users([91, 50, 'ana'], [92, 50, 'bea'], [93, 50, 'member']),
    groups: groups([70, 50, 'Clerks', null]),
    userRoles: [[900, 91, 81]],
    groupRoles: [[900, 70, 81]],
    groupUsers: [[900, 70, 91]],
  });
  const request = {
    roles: new Map([
      ['1', '81'],
      ['3', '83'],
    ]),
  };

  it('come with the groups that data refers to or that hold roles of the scope, their members and their creators', async () => {
    const { of, byId, summary } = await aligned(source, destination, request);
    expect(of('OSSYS_GROUP')).toMatchObject({ matched: [['1', '70']], created: ['2', '4'], merged: [] });
    // Who created a group that is there already is nobody's business.
    expect(byId).toEqual({ 1: 'match 91', 2: 'match 92', 3: 'match 93', 4: 'create' });
    expect(of('OSSYS_GROUP_USER')!.created).toEqual(['1', '2', '3']);
    expect(summary).toMatchObject({
      groups: { matched: 1, created: 2 },
      groupUsers: { matched: 1, created: 2, setAside: 0 },
    });
  });

  it('of roles that the destination lacks are set aside in the scope, and left out outside it', async () => {
    const { of, summary, warnings } = await aligned(source, destination, request);
    expect(of('OSSYS_USER_ROLE')!.created).toEqual(['1', '2', '3', '4', '8']);
    expect(summary.userRoles).toEqual({ matched: 2, created: 1, setAside: 2 });
    expect(of('OSSYS_GROUP_ROLE')!.created).toEqual(['1', '3', '5']);
    expect(summary.groupRoles).toEqual({ matched: 1, created: 1, setAside: 1 });
    expect(warnings.map(({ code, entity, message }) => `${code} ${entity} ${message}`)).toEqual([
      expect.stringMatching(/^role-missing \(System\)\.User_Role .*no role 'Sales\.Manager'; 2 grants/),
      expect.stringMatching(/^grants-left-out \(System\)\.User_Role 1 grant to users is left out/),
      expect.stringMatching(/^role-missing \(System\)\.Group_Role .*'Sales\.Manager'; 1 grant of it/),
    ]);
  });

  it('count once what users who fall together share', async () => {
    const twins = contents(
      {
        users: users([1, 5, 'ana'], [2, 5, 'ana']),
        roles,
        userRoles: [
          [1, 1, 1],
          [2, 2, 1],
          [3, 2, 3],
        ],
      },
      [
        [1, 1, null],
        [2, 2, null],
      ],
    );
    const { summary } = await aligned(twins, contents({ users: users([90, 50, 'x']) }), request);
    expect(summary).toMatchObject({ users: { created: 1 }, userRoles: { matched: 1, created: 2, setAside: 0 } });
  });

  it('are left alone under "match"', async () => {
    const { decisions, summary } = await aligned(source, destination, { ...request, strategy: 'match' });
    expect(decisions.length).toBe(1);
    expect(summary).toMatchObject({ groups: { matched: 0, created: 0 }, userRoles: { matched: 0, created: 0 } });
  });
});
