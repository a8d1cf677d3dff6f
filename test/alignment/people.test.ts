import { describe, expect, it } from 'vitest';
import { align, type Contents, espaces, type Rows } from './environments.ts';

const tenantRows = (...rows: (string | number | boolean)[][]): Rows => [
  ['ID', 'NAME', 'ESPACE_ID', 'IS_ACTIVE'],
  ...rows,
];

describe('tenants', () => {
  const source: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(1, 2, 3),
      OSSYS_TENANT: tenantRows(
        [1, 'Users', 2, true],
        [2, 'Ácme', 2, true],
        [3, 'Sales', 1, true],
        [4, 'Nova', 2, false],
      ),
      OSUSR_A_ORDER: [
        ['ID', 'TENANT_ID'],
        [1, 2],
        [2, 2],
        [3, 4],
        [4, null],
      ],
    },
  };
  const destination: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(11, 12, 13),
      OSSYS_TENANT: tenantRows([30, 'users', 12, true], [20, 'ACME', 12, true], [40, 'Sales', 12, true]),
    },
  };

  it('map by name and user provider', async () => {
    const { pairsOf } = await align(source, destination, ['OSSYS_TENANT']);
    expect(pairsOf('OSSYS_TENANT')).toEqual({ 1: '30', 2: '20' });
  });

  it('that the destination lacks block where rows belong to them, and only there', async () => {
    const { blocking, warnings } = await align(
      source,
      destination,
      ['OSSYS_TENANT'],
      [{ table: 'OSUSR_A_ORDER', column: 'TENANT_ID', target: 'OSSYS_TENANT' }],
    );
    expect(blocking).toEqual([
      expect.objectContaining({ code: 'tenant-missing', message: expect.stringContaining("'Nova'") }),
    ]);
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'tenant-missing', message: expect.stringContaining("'Sales'") }),
    ]);
  });
});

describe('users', () => {
  const users = (...rows: (string | number | boolean | null)[][]): Rows => [
    ['ID', 'TENANT_ID', 'USERNAME', 'NAME', 'IS_ACTIVE'],
    ...rows,
  ];
  const source: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(1, 2, 3),
      OSSYS_TENANT: tenantRows([5, 'Users', 2, true], [6, 'Acme', 2, true], [7, 'Nova', 2, true]),
      OSSYS_USER: users(
        [1, 5, 'José', 'José S', true],
        [2, 6, 'jose', 'J', true],
        [3, 5, 'rita ', 'Rita', false],
        [4, 5, 'lost', 'Lost Person', true],
        [5, 7, 'jose', 'Elsewhere', true],
        [6, 5, 'unused', 'Nobody asks', true],
        [7, 5, null, 'No name', true],
      ),
      OSUSR_A_ORDER: [
        ['ID', 'CREATEDBY', 'APPROVEDBY'],
        [1, 1, null],
        [2, 4, 3],
        [3, 4, 5],
        [4, 0, 99],
      ],
    },
  };
  const destination: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(11, 12, 13),
      OSSYS_TENANT: tenantRows([50, 'Users', 12, true], [60, 'Acme', 12, true]),
      OSSYS_USER: users(
        [90, 50, 'JOSE', 'old', false],
        [91, 50, 'jose', 'new', true],
        [92, 50, 'jose', 'newer', true],
        [93, 60, 'JOSÉ', 'acme', true],
        [94, 50, 'Rita', 'a', false],
        [95, 50, 'Rita', 'b', false],
      ),
    },
  };
  const references = ['CREATEDBY', 'APPROVEDBY'].map((column) => ({
    table: 'OSUSR_A_ORDER',
    column,
    target: 'OSSYS_USER',
  }));

  it('map by tenant and user name without case and accents, to the active one and then the oldest', async () => {
    const { pairsOf, warnings } = await align(source, destination, ['OSSYS_USER']);
    expect(pairsOf('OSSYS_USER')).toEqual({ 1: '91', 2: '93', 3: '94' });
    expect(warnings).toEqual([expect.objectContaining({ code: 'natural-key-ambiguous' })]);
  });

  it('that data refers to and the destination lacks block, counted but not named', async () => {
    const { blocking, warnings, missingUsers } = await align(source, destination, ['OSSYS_USER'], references);
    expect(blocking).toEqual([
      expect.objectContaining({ code: 'user-missing', message: expect.stringContaining('lacks 2 of the 5 users') }),
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['natural-key-ambiguous', 'user-orphaned']);
    expect(JSON.stringify([blocking, warnings])).not.toMatch(/lost|elsewhere/i);
    expect(missingUsers).toEqual([
      { sourceId: '4', tenant: 'Users', username: 'lost', name: 'Lost Person' },
      { sourceId: '5', tenant: 'Nova', username: 'jose', name: 'Elsewhere' },
    ]);
  });

  it('that nothing refers to are no matter', async () => {
    const { blocking, missingUsers } = await align(source, destination, ['OSSYS_USER'], []);
    expect(blocking).toEqual([]);
    expect(missingUsers).toEqual([]);
  });
});
