import { connect } from '../../src/database/connect.ts';
import type { Cell, Database } from '../../src/database/port.ts';
import { written } from '../sqlText.ts';
import type { BenchEngine, BenchSide, TypeWord } from './engine.ts';

export const statuses = 6;
export const key = (name: string) => {
  const hex = Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
const espace = key('bench espace');
const system = key('system espace');

const orderAttributes = [
  ['Id', 'rtLongInteger'],
  ['Number', 'rtText'],
  ['CustomerId', `bt${espace}*${key('Customer')}`],
  ['CreatedBy', `bt${system}*${key('User')}`],
  ['StatusId', `bt${espace}*${key('Status')}`],
  ['PlacedOn', 'rtDateTime'],
  ['Total', 'rtCurrency'],
  ['Discount', 'rtDecimal'],
  ['IsPaid', 'rtBoolean'],
  ['Items', 'rtInteger'],
  ['Email', 'rtEmail'],
  ['Note', 'rtText'],
] as const;

/** What the engines call by names of their own. */
const words: Record<string, TypeWord> = {
  rtLongInteger: 'long',
  rtText: 'text',
  rtDateTime: 'dateTime',
  rtCurrency: 'currency',
  rtDecimal: 'decimal',
  rtBoolean: 'boolean',
  rtInteger: 'integer',
  rtEmail: 'email',
};

/** Physical name of the benchmark's largest table. */
export const orderTable = (code: string) => `OSUSR_${code}_ORDER`;
export const orderColumns = orderAttributes.map(([name]) => name.toUpperCase());

/** Physical name of the ordinary entity that process instances are measured against. */
export const plainTable = (code: string) => `OSUSR_${code}_PLAIN`;

/** Builds one side in a database of its own. @returns its URL. */
export async function buildBenchDatabase(engine: BenchEngine, name: string, side: BenchSide): Promise<string> {
  const url = await engine.recreateDatabase(name);
  const database = connect({ name, url, readOnly: false, pool: 2 });
  try {
    for (const table of [...platformTables, ...applicationTables(side)]) await createTable(database, engine, table);
    for (const [table, rows] of [...platformRows(side), ...statusRows(side)]) {
      await insert(database, engine, table, rows);
    }
    for (const statement of constraints(side)) await database.execute(written(statement));
    if (side.orders > 0) await engine.fill(database, side);
    await engine.analyze(database);
  } finally {
    await database.close();
  }
  return url;
}

export interface BenchTable {
  name: string;
  /** The identifier first. */
  columns: [string, TypeWord][];
  identity?: 'integer' | 'long';
}

const platformTables: BenchTable[] = [
  {
    name: 'OSSYS_ESPACE',
    columns: [
      ['ID', 'integer'],
      ['NAME', 'text'],
      ['SS_KEY', 'text'],
      ['IS_ACTIVE', 'boolean'],
      ['IS_SYSTEM', 'boolean'],
      ['IS_MULTITENANT', 'boolean'],
      ['IS_USER_PROVIDER', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_MODULE',
    columns: [
      ['ID', 'integer'],
      ['ESPACE_ID', 'integer'],
      ['EXTENSION_ID', 'integer'],
    ],
  },
  {
    name: 'OSSYS_APPLICATION',
    columns: [
      ['ID', 'integer'],
      ['NAME', 'text'],
      ['KEY', 'text'],
      ['IS_ACTIVE', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_APP_DEFINITION_MODULE',
    columns: [
      ['ID', 'integer'],
      ['APPLICATION_ID', 'integer'],
      ['MODULE_ID', 'integer'],
    ],
  },
  {
    name: 'OSSYS_ENTITY',
    columns: [
      ['ID', 'integer'],
      ['NAME', 'text'],
      ['PHYSICAL_TABLE_NAME', 'text'],
      ['ESPACE_ID', 'integer'],
      ['SS_KEY', 'text'],
      ['PRIMARYKEY_SS_KEY', 'text'],
      ['DATA_KIND', 'text'],
      ['IS_ACTIVE', 'boolean'],
      ['IS_SYSTEM', 'boolean'],
      ['IS_EXTERNAL', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_ENTITY_ATTR',
    columns: [
      ['ID', 'integer'],
      ['ENTITY_ID', 'integer'],
      ['NAME', 'text'],
      ['SS_KEY', 'text'],
      ['TYPE', 'text'],
      ['LENGTH', 'integer'],
      ['DECIMALS', 'integer'],
      ['IS_MANDATORY', 'boolean'],
      ['IS_AUTONUMBER', 'boolean'],
      ['IS_ACTIVE', 'boolean'],
      ['DELETE_RULE', 'text'],
      ['DATABASE_NAME', 'text'],
    ],
  },
  {
    name: 'OSSYS_ENTITY_RECORD',
    columns: [
      ['ID', 'integer'],
      ['DATA_ID', 'text'],
      ['NAME', 'text'],
      ['SS_KEY', 'text'],
      ['ENTITY_SS_KEY', 'text'],
      ['ESPACE_ID', 'integer'],
      ['IS_ACTIVE', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_TENANT',
    columns: [
      ['ID', 'integer'],
      ['NAME', 'text'],
      ['ESPACE_ID', 'integer'],
      ['IS_ACTIVE', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_USER',
    columns: [
      ['ID', 'integer'],
      ['TENANT_ID', 'integer'],
      ['NAME', 'text'],
      ['USERNAME', 'text'],
      ['IS_ACTIVE', 'boolean'],
    ],
    identity: 'integer',
  },
  {
    name: 'OSSYS_ROLE',
    columns: [
      ['ID', 'integer'],
      ['NAME', 'text'],
      ['SS_KEY', 'text'],
      ['ESPACE_ID', 'integer'],
      ['IS_ACTIVE', 'boolean'],
    ],
  },
  {
    name: 'OSSYS_USER_ROLE',
    columns: [
      ['ID', 'integer'],
      ['USER_ID', 'integer'],
      ['ROLE_ID', 'integer'],
    ],
    identity: 'integer',
  },
];

function applicationTables({ code, plain }: BenchSide): BenchTable[] {
  const order = orderAttributes.map(([name, type]): [string, TypeWord] => {
    const reference = name === 'CustomerId' ? 'long' : 'integer';
    return [name.toUpperCase(), type.startsWith('bt') ? reference : words[type]!];
  });
  return [
    {
      name: `OSUSR_${code}_STATUS`,
      columns: [
        ['ID', 'integer'],
        ['LABEL', 'text'],
      ],
    },
    {
      name: `OSUSR_${code}_CUSTOMER`,
      columns: [
        ['ID', 'long'],
        ['NAME', 'text'],
      ],
      identity: 'long',
    },
    { name: orderTable(code), columns: order, identity: 'long' },
    ...(plain === undefined ? [] : [{ name: plainTable(code), columns: plain, identity: 'integer' as const }]),
  ];
}

/** The same on both engines. */
function constraints({ code }: BenchSide): string[] {
  const order = orderTable(code);
  const reference = (name: string, column: string, target: string) =>
    `alter table "${order}" add constraint "OSFRK_${order}_${name}" foreign key ("${column}") references "${target}" ("ID")`;
  return [
    reference('CUSTOMER', 'CUSTOMERID', `OSUSR_${code}_CUSTOMER`),
    reference('USER', 'CREATEDBY', 'OSSYS_USER'),
    reference('STATUS', 'STATUSID', `OSUSR_${code}_STATUS`),
    `create index "OSIDX_${order}_10CUSTOMERID" on "${order}" ("CUSTOMERID")`,
  ];
}

export async function createTable(database: Database, engine: BenchEngine, table: BenchTable): Promise<void> {
  const columns = table.columns.map(([name, word], index) => {
    if (index > 0) return `"${name}" ${engine.types[word]}`;
    return `"${name}" ${table.identity ? engine.identity[table.identity] : `${engine.types[word]} not null`} primary key`;
  });
  await database.execute(written(`create table "${table.name}" (${columns.join(', ')})`));
}

export async function insert(database: Database, engine: BenchEngine, name: string, rows: Cell[][]): Promise<void> {
  const [table] = await database.tables([name]);
  const columns = table!.columns.map((column) => column.name);
  const target = { schema: table!.schema, name: table!.name };
  const isMinted = table!.columns.some(({ identity }) => identity);
  await database.transaction(async (transaction) => {
    const { before, after } = isMinted ? engine.withIds(name) : { before: [], after: [] };
    for (const statement of before) await transaction.execute(statement);
    await transaction.insertStaged(await transaction.stage(target, columns, rows), null);
    for (const statement of after) await transaction.execute(statement);
  });
}

/** Name, table, DATA_KIND, and names and types of the attributes. */
type DescribedEntity = [string, string, string, readonly (readonly [string, string])[]];

/** TENANT_ID is no attribute; two refer to other entities, as two of the columns of activities do. */
const plainAttributes = (columns: [string, TypeWord][]) =>
  columns
    .filter(([name]) => name !== 'TENANT_ID')
    .map(([name, word]): [string, string] => {
      if (name === 'USER_ID') return [name, `bt${system}*${key('User')}`];
      if (name === 'ACTIVITY_DEF_ID') return [name, `bt${espace}*${key('Status')}`];
      return [name === 'ID' ? 'Id' : name, Object.entries(words).find(([, other]) => other === word)![0]];
    });

/** As many foreign keys and indexes as the table of activities has in the benchmark. */
export const plainConstraints = (code: string): string[] => [
  `alter table "${plainTable(code)}" add constraint "FK_PLAIN_USER" foreign key ("USER_ID") references "OSSYS_USER" ("ID")`,
  `alter table "${plainTable(code)}" add constraint "FK_PLAIN_STATUS" foreign key ("ACTIVITY_DEF_ID") references "OSUSR_${code}_STATUS" ("ID")`,
  `create index "IX_PLAIN_USER" on "${plainTable(code)}" ("USER_ID")`,
];

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function statusRows({ code, offset }: BenchSide): [string, Cell[][]][] {
  return [[`OSUSR_${code}_STATUS`, numbers(statuses).map((n) => [String(offset + n), `Status ${n}`])]];
}

function platformRows({ code, offset, users, allUsers, plain }: BenchSide): [string, Cell[][]][] {
  const entities: DescribedEntity[] = [
    ['Order', orderTable(code), 'entity', orderAttributes],
    [
      'Customer',
      `OSUSR_${code}_CUSTOMER`,
      'entity',
      [
        ['Id', 'rtLongInteger'],
        ['Name', 'rtText'],
      ],
    ],
    [
      'Status',
      `OSUSR_${code}_STATUS`,
      'staticEntity',
      [
        ['Id', 'rtInteger'],
        ['Label', 'rtText'],
      ],
    ],
    [
      'User',
      'OSSYS_USER',
      'entity',
      [
        ['Id', 'rtInteger'],
        ['Name', 'rtText'],
        ['Username', 'rtText'],
      ],
    ],
  ];
  if (plain !== undefined) entities.push(['Plain', plainTable(code), 'entity', plainAttributes(plain)]);
  const id = (n: number) => String(offset + n);
  const flag = (value: boolean) => (value ? '1' : '0');
  // In the destination in another order, as they came to work with it.
  const userId = (n: number) => id(users === allUsers ? n : users + 1 - n);
  const entityRows: Cell[][] = [];
  const attributeRows: Cell[][] = [];
  for (const [index, [name, table, kind, attributes]] of entities.entries()) {
    const isSystem = name === 'User';
    const owner = id(isSystem ? 2 : 1);
    const ownKey = key(`${name}.Id`);
    entityRows.push([id(index + 1), name, table, owner, key(name), ownKey, kind, '1', flag(isSystem), '0']);
    for (const [attribute, type] of attributes) {
      const own = attribute === 'Id';
      attributeRows.push([
        id(attributeRows.length + 1),
        id(index + 1),
        attribute,
        key(`${name}.${attribute}`),
        type,
        type === 'rtText' ? '200' : '0',
        type === 'rtDecimal' ? '2' : '0',
        flag(own),
        flag(own && kind === 'entity'),
        '1',
        'Protect',
        null,
      ]);
    }
  }
  return [
    [
      'OSSYS_ESPACE',
      [
        [id(1), 'Bench', espace, '1', '0', '0', '0'],
        [id(2), '(System)', system, '1', '1', '0', '1'],
      ],
    ],
    ['OSSYS_MODULE', [[id(1), id(1), null]]],
    ['OSSYS_APPLICATION', [[id(1), 'Bench', key('bench app'), '1']]],
    ['OSSYS_APP_DEFINITION_MODULE', [[id(1), id(1), id(1)]]],
    ['OSSYS_TENANT', [[id(1), 'Users', id(2), '1']]],
    ['OSSYS_USER', numbers(users).map((n) => [userId(n), id(1), `User ${n}`, `user${n}`, '1'])],
    ['OSSYS_ROLE', [[id(1), 'Clerk', key('Clerk'), id(1), '1']]],
    ['OSSYS_USER_ROLE', numbers(users).map((n) => [id(n), userId(n), id(1)])],
    [
      'OSSYS_ENTITY_RECORD',
      numbers(statuses).map((n) => [id(n), id(n), `Status${n}`, `record-${n}`, key('Status'), id(1), '1']),
    ],
    ['OSSYS_ENTITY', entityRows],
    ['OSSYS_ENTITY_ATTR', attributeRows],
  ];
}
