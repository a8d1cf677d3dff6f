import { createServer, type Server } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkplace, type Ended, refusal } from './command.ts';

const workplace = createWorkplace();
const closed = `127.0.0.1:${await closedPort()}`;
const spec = workplace.write('spec.json', {
  source: 'production',
  destination: 'quality',
  scope: { applications: ['Order Management'] },
});
const serverUrl = new URL(process.env.CARAVEL_TEST_POSTGRES!);

/** The server is there and takes the login; the database does not exist. */
function existing(database: string, changes: Partial<URL> = {}): string {
  return Object.assign(new URL(serverUrl), { pathname: `/${database}`, ...changes }).href;
}

function configuration(content: object): void {
  workplace.write('caravel.json', content);
}

afterAll(() => workplace.remove());

async function closedPort(): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a service out of reach', () => {
  it('an environment: plan names it, its address and its setting', async () => {
    configuration({
      environments: {
        production: { url: `postgres://reader:secret@${closed}/production` },
        quality: { url: existing('postgres') },
      },
    });
    expect(await workplace.caravel('plan', spec)).toEqual(
      refusal(
        69,
        `environment 'production' is out of reach at ${closed} [ECONNREFUSED]; check that the server is up and the address right (environments.production.url)`,
      ),
    );
  });

  it('an environment that refuses the login, or has no such database', async () => {
    configuration({
      environments: {
        production: { url: existing('postgres', { password: 'wrong' }) },
        quality: { url: existing('postgres') },
      },
    });
    const login = await workplace.caravel('plan', spec);
    expect(login).toMatchObject({ code: 69, stdout: '' });
    expect(login.stderr).toMatch(
      /^caravel: environment 'production' at \S+ refuses the login \[28P01\]; check the user/,
    );
    expect(login.stderr).not.toContain('wrong');

    configuration({
      environments: { production: { url: existing('nowhere') }, quality: { url: existing('postgres') } },
    });
    const database = await workplace.caravel('plan', spec);
    expect(database).toMatchObject({ code: 69, stdout: '' });
    expect(database.stderr).toContain("has no database 'nowhere' [3D000]");
  });

  it('Temporal: the line has its address, and comes within seconds', async () => {
    configuration({
      environments: { production: { url: existing('postgres') }, quality: { url: existing('postgres') } },
    });
    workplace.variables.TEMPORAL_ADDRESS = closed;
    try {
      const started = performance.now();
      const ended: Ended[] = await Promise.all([
        workplace.caravel('start', spec),
        workplace.caravel('pause', 'any'),
        workplace.caravel('cancel', 'any'),
      ]);
      const line = `Temporal is out of reach at ${closed}; start 'caravel dev', or set TEMPORAL_ADDRESS`;
      for (const one of ended) expect(one).toEqual(refusal(69, line));
      expect(performance.now() - started).toBeLessThan(20_000);
    } finally {
      delete workplace.variables.TEMPORAL_ADDRESS;
    }
  });

  it('Temporal, for a worker', async () => {
    configuration({ environments: {}, journal: { url: existing('postgres') } });
    workplace.variables.TEMPORAL_ADDRESS = closed;
    try {
      const { code, stderr } = await workplace.caravel('worker');
      expect(code).toBe(69);
      expect(stderr.trimEnd().split('\n').at(-1)).toContain(`Temporal is out of reach at ${closed}`);
    } finally {
      delete workplace.variables.TEMPORAL_ADDRESS;
    }
  });

  it('the journal: its address, or what to do where none is named', async () => {
    configuration({ environments: {}, journal: { url: `postgres://caravel:secret@${closed}/journal` } });
    const line = `the journal is out of reach at ${closed} [ECONNREFUSED]; check that the server is up and the address right (journal.url)`;
    for (const words of [['status'], ['status', 'any', '--json'], ['map', 'any'], ['issues', 'any'], ['worker']]) {
      expect(await workplace.caravel(...words)).toEqual(refusal(69, line));
    }
    configuration({ environments: {} });
    expect(await workplace.caravel('status')).toEqual(
      refusal(
        69,
        "no journal: the configuration names none and no 'caravel dev' is running; start one, or set journal.url",
      ),
    );
  });
});
