import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runIdFor } from '../../src/cli/launchRun.ts';
import { createWorkplace, refusal } from './command.ts';

const run = `cli-start-${process.pid}`;
const database = `cli_start_${process.pid}`;
const serverUrl = process.env.CARAVEL_TEST_POSTGRES!;
const journalUrl = Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href;
const workplace = createWorkplace();
workplace.variables.TEMPORAL_ADDRESS = process.env.CARAVEL_TEST_TEMPORAL!;
workplace.write('caravel.json', {
  environments: { production: { url: serverUrl }, quality: { url: serverUrl } },
  journal: { url: journalUrl },
});
const spec = { source: 'production', destination: 'quality', scope: { applications: ['Order Management'] } };
workplace.write('spec.json', spec);

let connection: Connection;
let client: Client;

async function onServer(statement: string): Promise<void> {
  const server = new pg.Client({ connectionString: serverUrl });
  await server.connect();
  await server.query(statement).finally(() => server.end());
}

beforeAll(async () => {
  await onServer(`create database ${database}`);
  connection = await Connection.connect({ address: process.env.CARAVEL_TEST_TEMPORAL! });
  client = new Client({ connection });
});
afterAll(async () => {
  for (const id of [run, `${run}-waited`]) {
    await client.workflow
      .getHandle(id)
      .terminate()
      .catch(() => undefined); // it may have ended already
  }
  await connection.close();
  await onServer(`drop database if exists ${database} with (force)`);
  workplace.remove();
});

describe('a run without a worker', () => {
  it('is started with the checked spec and its defaults, and says that it waits', async () => {
    const { code, stdout, stderr } = await workplace.caravel('start', 'spec.json', '--id', run, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ run, ui: null });
    expect(stderr).toBe("no worker polls the task queue 'caravel' yet; the run waits for 'caravel worker'\n");
    const handle = client.workflow.getHandle(run);
    expect(await handle.describe()).toMatchObject({ type: 'migrateApplication', taskQueue: 'caravel' });
    const { events } = await handle.fetchHistory();
    const [input] = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!;
    expect(JSON.parse(Buffer.from(input!.data!).toString())).toMatchObject({ ...spec, batchRows: 10_000 });
  });

  it('is not started twice', async () => {
    const ended = await workplace.caravel('start', 'spec.json', '--id', run);
    expect(ended).toEqual(
      refusal(1, `run '${run}' is there already; choose another --id ('caravel status ${run}' shows it)`),
    );
  });

  it('takes pause, resume and approve as signals, and is cancelled', async () => {
    for (const order of ['pause', 'resume', 'approve', 'cancel']) {
      const { code, stderr } = await workplace.caravel(order, run);
      expect({ order, code, stderr }).toEqual({ order, code: 0, stderr: '' });
    }
    const { events } = await client.workflow.getHandle(run).fetchHistory();
    const signals = events!.flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
    expect(signals).toEqual(['pause', 'resume', 'approve']);
    expect(events!.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
  });

  it('that was terminated fails for whoever waits, with exit code 1', async () => {
    const waiting = workplace.caravel('start', 'spec.json', '--id', `${run}-waited`, '--wait', '--json');
    const handle = client.workflow.getHandle(`${run}-waited`);
    for (;;) {
      const isThere = await handle.terminate('by the test').then(
        () => true,
        () => false,
      );
      if (isThere) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { code, stdout, stderr } = await waiting;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ run: `${run}-waited`, status: 'failed' });
    expect(stderr).toContain(`caravel: run '${run}-waited' failed: the workflow was terminated`);
    expect(await workplace.caravel('pause', `${run}-waited`)).toEqual(
      refusal(1, `run '${run}-waited' has ended (terminated): there is nothing to pause`),
    );
  });

  it('that does not exist cannot be steered', async () => {
    expect(await workplace.caravel('resume', 'never-started')).toEqual(
      refusal(64, "Temporal knows no run 'never-started'; 'caravel status' lists the runs of the journal"),
    );
  });
});

describe('an id left out', () => {
  it('is made from the destination and the time', () => {
    const time = new Date('2026-11-23T01:20:05.678Z');
    expect(runIdFor('quality', time)).toBe('quality-2026-11-23T01-20-05');
    expect(runIdFor('quality / eu', time)).toBe('quality-eu-2026-11-23T01-20-05');
  });
});
