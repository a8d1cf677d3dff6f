import { describe, expect, it } from 'vitest';
import { naturalKeyOf, naturalKeys } from '../../src/alignment/naturalKeys.ts';
import { align, type Contents, espaces, type Rows } from './environments.ts';

describe('rows of platform tables', () => {
  it('map by their keys, whatever their ids and names', async () => {
    const roles = (...rows: (string | number | boolean)[][]): Rows => [
      ['ID', 'NAME', 'SS_KEY', 'ESPACE_ID', 'IS_ACTIVE'],
      ...rows,
    ];
    const { pairsOf } = await align(
      {
        tables: {
          OSSYS_ESPACE: espaces(1, 2, 3),
          OSSYS_ROLE: roles(
            [10, 'Clerk', 'r-1', 1, true],
            [11, 'Clerk', 'r-1', 2, true],
            [12, 'Gone', 'r-2', 1, false],
          ),
        },
      },
      {
        tables: {
          OSSYS_ESPACE: espaces(71, 70, 99),
          OSSYS_ROLE: roles(
            [500, 'Clerk', 'R-1', 70, true],
            [501, 'Officer', 'R-1', 71, true],
            [502, 'Gone', 'r-2', 71, true],
          ),
        },
      },
      ['OSSYS_ROLE', 'OSSYS_ESPACE'],
    );
    expect(pairsOf('OSSYS_ESPACE')).toEqual({ 1: '71', 2: '70' });
    expect(pairsOf('OSSYS_ROLE')).toEqual({ 10: '501', 11: '500' });
  });

  it('map by the keys of what they belong to, many levels up: espace or extension, entity, attribute', async () => {
    const side = (shift: number): Contents => ({
      tables: {
        OSSYS_ESPACE: espaces(1 + shift, 2 + shift, 3 + shift),
        OSSYS_EXTENSION: [
          ['ID', 'NAME', 'SS_KEY', 'IS_ACTIVE'],
          [1 + shift, 'Ext', 'x-1', true],
        ],
        OSSYS_ENTITY: [
          ['ID', 'SS_KEY', 'ESPACE_ID', 'EXTENSION_ID', 'IS_ACTIVE'],
          // Clones: the same entity key in two espaces and an extension (trap 1).
          [100 + shift, 'n-1', 1 + shift, null, true],
          [101 + shift, 'n-1', 2 + shift, null, true],
          [102 + shift, 'n-1', null, 1 + shift, true],
          [103 + shift, 'n-1', 3 + shift, null, true],
          [104 + shift, 'n-1', null, null, true],
        ],
        OSSYS_ENTITY_ATTR: [
          ['ID', 'ENTITY_ID', 'SS_KEY', 'IS_ACTIVE'],
          [200 + shift, 100 + shift, 'a-1', true],
          [201 + shift, 102 + shift, 'a-1', true],
        ],
        OSSYS_MODULE: [
          ['ID', 'ESPACE_ID', 'EXTENSION_ID'],
          [300 + shift, 2 + shift, null],
          [301 + shift, null, 1 + shift],
        ],
      },
    });
    const { pairsOf } = await align(side(0), side(50), ['OSSYS_ENTITY_ATTR', 'OSSYS_ENTITY', 'OSSYS_MODULE']);
    expect(pairsOf('OSSYS_ENTITY')).toEqual({ 100: '150', 101: '151', 102: '152' });
    expect(pairsOf('OSSYS_ENTITY_ATTR')).toEqual({ 200: '250', 201: '251' });
    expect(pairsOf('OSSYS_MODULE')).toEqual({ 300: '350', 301: '351' });
  });

  it('map process definitions below their espace and statuses by name', async () => {
    const side = (shift: number): Contents => ({
      tables: {
        OSSYS_ESPACE: espaces(1 + shift, 2 + shift, 3 + shift),
        OSSYS_BPM_PROCESS_DEFINITION: [
          ['ID', 'SS_KEY', 'ESPACE_ID', 'IS_ACTIVE'],
          [1 + shift, 'p-1', 1 + shift, true],
          [2 + shift, 'p-1', 2 + shift, true],
        ],
        OSSYS_BPM_PROCESS_INPUT_DEF: [
          ['ID', 'SS_KEY', 'PROCESS_DEF_ID', 'IS_ACTIVE'],
          [5 + shift, 'p-1.#EventGeneratedInput', 2 + shift, true],
        ],
        OSSYS_BPM_ACTIVITY_STATUS: [
          ['ID', 'NAME'],
          [5 + shift, 'Closed'],
          [9 - shift, 'Ready'],
        ],
      },
    });
    const { pairsOf } = await align(side(0), side(7), ['OSSYS_BPM_PROCESS_INPUT_DEF', 'OSSYS_BPM_ACTIVITY_STATUS']);
    expect(pairsOf('OSSYS_BPM_PROCESS_INPUT_DEF')).toEqual({ 5: '12' });
    expect(pairsOf('OSSYS_BPM_ACTIVITY_STATUS')).toEqual({ 5: '12', 9: '2' });
  });

  it('map under the key by which the metamodel itself describes the table', async () => {
    const key = 'system*espace';
    const side = (id: number): Contents => ({
      tables: { OSSYS_ESPACE: espaces(id, id + 1, id + 2) },
      entities: [{ key, name: 'Espace', kind: 'platform', table: 'OSSYS_ESPACE' }],
    });
    const { maps } = await align(side(1), side(40), [key]);
    expect(maps).toEqual([
      {
        entity: key,
        type: 'integer',
        pairs: [
          ['1', '40'],
          ['2', '41'],
        ],
      },
    ]);
  });

  it('without a natural key give an empty map and a warning', async () => {
    const entities = [{ key: 'system*x', name: 'Site', kind: 'platform' as const, table: 'OSSYS_SITE_PROPERTY' }];
    const { maps, warnings } = await align({ tables: {}, entities }, { tables: {}, entities }, ['system*x']);
    expect(maps).toEqual([{ entity: 'system*x', type: 'integer', pairs: [] }]);
    expect(warnings.map(({ code, entity }) => `${code} ${entity}`)).toEqual(['no-natural-key Sales.Site']);
  });

  it('of a table or column that this platform version lacks give an empty map and a warning', async () => {
    const withoutKey: Contents = {
      tables: {
        OSSYS_ESPACE: [
          ['ID', 'NAME'],
          [1, 'Sales'],
        ],
      },
    };
    const { maps, warnings } = await align({ tables: { OSSYS_ESPACE: espaces(1, 2, 3) } }, withoutKey, [
      'OSSYS_ESPACE',
      'OSSYS_GROUP',
    ]);
    expect(maps.map(({ pairs }) => pairs)).toEqual([[], []]);
    expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringContaining("platform-table-missing 'quality' has no OSSYS_ESPACE.SS_KEY"),
      expect.stringContaining("platform-table-missing 'production' has no OSSYS_GROUP"),
      expect.stringContaining("platform-table-missing 'quality' has no OSSYS_GROUP"),
    ]);
  });
});

describe('static records', () => {
  const key = 'e-sales*s-status';
  const record = (recordKey: string, name: string, dataId: string) => ({ entity: key, key: recordKey, name, dataId });
  const entity = (table: string, identifier = 'ID') => [
    { key, name: 'Status', kind: 'static' as const, table, identifier },
  ];

  it('map by record key to the ids that the destination has', async () => {
    const { maps, warnings } = await align(
      {
        tables: {
          OSUSR_ABC_STATUS: [
            ['ID', 'LABEL'],
            [1, 'New'],
            [2, 'Paid'],
            [3, 'Sent'],
          ],
        },
        entities: entity('OSUSR_ABC_STATUS'),
        records: [record('r1', 'New', '1'), record('r2', 'Paid', '2'), record('r3', 'Sent', '3')],
      },
      {
        tables: {
          OSUSR_XYZ_STATUS: [
            ['ID', 'LABEL'],
            [21, 'Paid'],
            [22, 'New'],
          ],
        },
        entities: entity('OSUSR_XYZ_STATUS'),
        records: [record('r1', 'New', '22'), record('r2', 'Paid', ' 21'), record('r4', 'Sent', '23')],
      },
      [key],
    );
    expect(maps).toEqual([
      {
        entity: key,
        type: 'integer',
        pairs: [
          ['1', '22'],
          ['2', '21'],
        ],
      },
    ]);
    expect(warnings).toEqual([
      {
        code: 'static-record-missing',
        entity: 'Sales.Status',
        message: "'quality' has no record Sent; rows that refer to it cannot be mapped",
      },
    ]);
  });

  it('with text ids map as texts, spelled as the tables spell them', async () => {
    const { maps } = await align(
      {
        tables: { OSUSR_ABC_STATUS: [['CODE'], ['NEW'], ['007']] },
        entities: entity('OSUSR_ABC_STATUS', 'CODE'),
        records: [record('r1', 'New', 'new'), record('r2', 'Bond', '007')],
      },
      {
        tables: { OSUSR_XYZ_STATUS: [['CODE'], ['Neu'], ['007']] },
        entities: entity('OSUSR_XYZ_STATUS', 'CODE'),
        records: [record('r1', 'New', 'neu'), record('r2', 'Bond', '007')],
      },
      [key],
    );
    expect(maps).toEqual([
      {
        entity: key,
        type: 'text',
        pairs: [
          ['NEW', 'Neu'],
          ['007', '007'],
        ],
      },
    ]);
  });

  it('whose row the destination lacks stay unmapped, with a warning', async () => {
    const contents = (ids: number[]): Contents => ({
      tables: { OSUSR_ABC_STATUS: [['ID'], ...ids.map((id) => [id])] },
      entities: entity('OSUSR_ABC_STATUS'),
      records: [record('r1', 'New', '1'), record('r2', 'Paid', '2')],
    });
    const { pairsOf, warnings } = await align(contents([1, 2]), contents([2]), [key]);
    expect(pairsOf(key)).toEqual({ 2: '2' });
    expect(warnings.map(({ code }) => code)).toEqual(['static-row-missing']);
  });

  it('of an entity that the destination does not have give one warning', async () => {
    const source: Contents = {
      tables: { OSUSR_ABC_STATUS: [['ID'], [1], [2]] },
      entities: entity('OSUSR_ABC_STATUS'),
      records: [record('r1', 'New', '1'), record('r2', 'Paid', '2')],
    };
    const { pairsOf, warnings } = await align(source, { tables: {} }, [key]);
    expect(pairsOf(key)).toEqual({});
    expect(warnings.map(({ code }) => code)).toEqual(['static-entity-missing']);
  });
});

describe('natural keys', () => {
  it('name only tables that have a natural key themselves, without going in circles', () => {
    const open = (table: string, above: string[]): void => {
      expect(above).not.toContain(table);
      const definition = naturalKeyOf(table);
      expect(definition, table).toBeDefined();
      for (const part of definition!.parts) if ('of' in part) open(part.of, [...above, table]);
    };
    for (const { table } of naturalKeys) open(table, []);
  });
});
