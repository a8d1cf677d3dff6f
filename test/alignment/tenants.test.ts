import { describe, expect, it } from 'vitest';
import { alignMatched } from '../../src/alignment/alignMatched.ts';
import { findMissingTenants, readTenants } from '../../src/alignment/tenants.ts';
import { platformEntityKey } from '../../src/outsystems/platform.ts';
import { schema } from '../support/engine.ts';
import { buildEnvironment, type Contents, espaces, type Rows } from './environments.ts';

const tenantRows = (...rows: (string | number | boolean)[][]): Rows => [
  ['ID', 'NAME', 'ESPACE_ID', 'IS_ACTIVE'],
  ...rows,
];
const key = platformEntityKey('OSSYS_TENANT');

describe('tenants', () => {
  const source: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(1, 2, 3),
      OSSYS_TENANT: tenantRows(
        [1, 'Users', 2, true],
        [2, 'Ácme', 2, true],
        [3, 'Sales', 1, true],
        [4, 'Nova', 2, false],
        [5, 'People only', 2, true],
      ),
      OSUSR_A_ORDER: [
        ['ID', 'TENANT_ID'],
        [1, 2],
        [2, 2],
        [3, 4],
        [4, null],
        [9, 3],
      ],
    },
  };
  const destination: Contents = {
    tables: {
      OSSYS_ESPACE: espaces(11, 12, 13),
      OSSYS_TENANT: tenantRows([30, 'users', 12, true], [20, 'ACME', 12, true], [40, 'Sales', 12, true]),
    },
  };

  it('map by name and user provider; one that the destination lacks blocks where rows or people belong to it, and only there', async () => {
    const [here, there] = [
      await buildEnvironment('production', source),
      await buildEnvironment('quality', destination),
    ];
    const { maps } = await alignMatched({ source: here, destination: there, entities: [key] });
    expect(Object.fromEntries(maps[0]!.pairs)).toEqual({ 1: '30', 2: '20' });
    const table = { schema, name: 'OSUSR_A_ORDER' };
    // Row 9 lies beyond what the run reads.
    const references = [{ table, column: 'TENANT_ID', target: key, bound: { column: 'ID', upTo: '4' } }];
    const rows = await readTenants(here);
    const used = { entity: 'Tenant', rows, map: maps[0]!, references, ofPeople: ['5'] };
    const missing = await findMissingTenants(here, there, used);
    expect(missing.blocking.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^tenant-missing .*'Nova'.*rows to be migrated belong to it/),
      expect.stringMatching(/^tenant-missing .*'People only'.*people to be migrated belong to it/),
    ]);
    expect(missing.warnings).toEqual([
      expect.objectContaining({ code: 'tenant-missing', message: expect.stringContaining("'Sales'") }),
    ]);
  });

  it('of IT users are those of Service Center, whatever their number', async () => {
    const environment = await buildEnvironment('production', {
      tables: {
        OSSYS_ESPACE: [
          ['ID', 'NAME'],
          [7, 'Service Center'],
          [8, 'Users'],
        ],
        OSSYS_TENANT: [
          ['ID', 'NAME', 'ESPACE_ID'],
          [1, 'Users', 8],
          [2, 'IT', 7],
        ],
      },
    });
    const tenants = [...(await readTenants(environment)).values()];
    expect(tenants.map(({ name, isIt }) => [name, isIt])).toEqual([
      ['Users', false],
      ['IT', true],
    ]);
  });
});
