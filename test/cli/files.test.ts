import { afterAll, describe, expect, it } from 'vitest';
import { createWorkplace, refusal } from './command.ts';

const workplace = createWorkplace();
afterAll(() => workplace.remove());

const environments = {
  production: { url: 'postgres://reader@127.0.0.1:1/production' },
  quality: { url: 'postgres://writer@127.0.0.1:1/quality' },
};
const spec = { source: 'production', destination: 'quality', scope: { applications: ['Order Management'] } };

const good = workplace.write('good.json', { environments });
const goodSpec = workplace.write('spec.json', spec);
const unset = workplace.write('unset.json', {
  environments: { production: { url: 'postgres://reader:$' + '{PROD_PASSWORD}@host/production' } },
});
const broken = workplace.write('broken.json', '{\n  "source": "production",\n  "destination" "quality"\n}');

describe('an invalid caravel.json', () => {
  it.for([
    [
      [],
      "caravel.json: there is no such file; write it ('caravel schema config' says what goes in), or name another with --config",
    ],
    [['--config', 'gone.json'], 'gone.json: there is no such file; check --config'],
    [['--config', broken], 'broken.json, line 3: not JSON: colon expected'],
    [
      ['--config', workplace.write('extra.json', { environments, jurnal: {} })],
      'extra.json: Unrecognized key: "jurnal"',
    ],
    [
      ['--config', workplace.write('scheme.json', { environments: { production: { url: 'mysql://host/db' } } })],
      'scheme.json, environments.production.url: must start with mssql:// or postgres://',
    ],
    [
      [
        '--config',
        workplace.write('option.json', {
          environments: { ...environments, production: { url: 'mssql://u:p@host/db', options: { encrypt: 'maybe' } } },
        }),
      ],
      "production: the URL's option 'encrypt' is true or false",
    ],
    [['--config', unset], 'unset.json, environments.production.url: the environment variable PROD_PASSWORD is not set'],
  ] as const)('is refused before anything else: %j', async ([words, line]) => {
    expect(await workplace.caravel('plan', goodSpec, ...words)).toEqual(refusal(64, line));
  });

  it('is refused by every command that needs it', async () => {
    const line = 'unset.json, environments.production.url: the environment variable PROD_PASSWORD is not set';
    for (const command of [['start', goodSpec], ['worker'], ['dev'], ['status'], ['verify', 'any']]) {
      expect(await workplace.caravel(...command, '--config', unset)).toEqual(refusal(64, line));
    }
  });

  it('that $CARAVEL_CONFIG names is refused like one that --config names', async () => {
    workplace.variables.CARAVEL_CONFIG = 'gone.json';
    try {
      expect(await workplace.caravel('status')).toEqual(
        refusal(64, 'gone.json: there is no such file; check CARAVEL_CONFIG'),
      );
      expect((await workplace.caravel('plan', 'gone-spec.json', '--config', good)).stderr).toContain('gone-spec.json');
    } finally {
      delete workplace.variables.CARAVEL_CONFIG;
    }
  });

  it('with a password that makes its URL unreadable is refused without showing it', async () => {
    const file = workplace.write('password.json', {
      environments: { ...environments, production: { url: 'postgres://reader:se/cret#@host:x/db' } },
    });
    const ended = await workplace.caravel('plan', goodSpec, '--config', file);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(/^caravel: environments\.production\.url: .*percent-encoded\n$/);
    expect(ended.stderr).not.toContain('cret');
  });
});

describe('an invalid migration spec', () => {
  it.for([
    ['gone.json', 'gone.json: there is no such file'],
    [broken, 'broken.json, line 3: not JSON: colon expected'],
    [workplace.write('key.json', { ...spec, batchrows: 5 }), 'key.json: Unrecognized key: "batchrows"'],
    [
      workplace.write('nested.json', { ...spec, scope: { aplications: ['x'] } }),
      'nested.json, scope: Unrecognized key: "aplications"',
    ],
    [
      workplace.write('value.json', { ...spec, users: 'invent' }),
      'value.json, users: Invalid option: expected one of "match"|"create"|"update"|"recreate"',
    ],
    [
      workplace.write('same.json', { ...spec, destination: 'production' }),
      'same.json, destination: must be another environment than the source',
    ],
    [
      workplace.write('unknown.json', { ...spec, source: 'prodution' }),
      "environment 'prodution' is not in the configuration; it has production, quality",
    ],
  ] as const)('%s is refused', async ([file, line]) => {
    for (const command of file === broken ? ['plan', 'start'] : ['start']) {
      const ended = await workplace.caravel(command, file, '--config', good, '--json');
      expect(ended).toMatchObject({ code: 64, stdout: '' });
      expect(ended.stderr.startsWith(`caravel: ${line}`)).toBe(true);
      expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});

describe('--verbose', () => {
  it('shows where an error came from, below its line', async () => {
    const { code, stderr } = await workplace.caravel('plan', 'gone.json', '--config', good, '--verbose');
    expect(code).toBe(64);
    expect(stderr).toMatch(/^caravel: gone\.json: .*\n.*\n\s+at /);
  });
});
