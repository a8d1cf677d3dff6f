import fc from 'fast-check';
import type { WrittenEntity } from '../../src/plan/plan.ts';
import { entity } from '../support/plannedEntities.ts';
import { Fate, type Fault, ofRuns } from './actors.ts';
import type { StoredRow } from './server.ts';
import { type Ending, ModelWorld } from './world.ts';

/** Rows of each source table. */
const rows = 3;
/** Attempts at a run before the story ends: more than faults. */
const mostAttempts = 12;

const tables = {
  PARENT: { columns: ['ID', 'NAME', 'NOTE'], key: 'ID', isMinted: true },
  CHILD: { columns: ['ID', 'NAME', 'NOTE', 'PARENTID', 'ABOVE'], key: 'ID', isMinted: true },
  CODE: { columns: ['ID', 'NAME', 'NOTE'], key: 'ID', isMinted: false },
  TAG: { columns: ['NAME', 'NOTE', 'CHILDID'], key: null, isMinted: false },
} as const;
export const tableNames = Object.keys(tables) as (keyof typeof tables)[];

/** The plan of a first run, and that of a later one, which defers otherwise and knows one column more. */
function planOf(isLater: boolean): WrittenEntity[] {
  const note = isLater ? { NOTE: 'text' as const } : {};
  const deferred = { deferred: isLater };
  return [
    entity('PARENT', 'minted', { NAME: 'text', ...note }),
    entity('CHILD', 'minted', {
      NAME: 'text',
      ...note,
      PARENTID: { target: 'PARENT', ...deferred },
      ABOVE: { target: 'CHILD', deferred: true },
    }),
    entity('CODE', 'kept', { NAME: 'text', ...note }, { identifierType: 'text' }),
    entity('TAG', 'none', { NAME: 'text', CHILDID: { target: 'CHILD' } }),
  ];
}

function fill(world: ModelWorld): void {
  for (const [name, about] of Object.entries(tables)) {
    world.destination.create(name, [...about.columns], about);
    const table = world.source.create(name, [...about.columns], about);
    for (let n = 1; n <= rows; n++) {
      const id = String(n * 10);
      const all: Record<string, string> = {
        ID: name === 'CODE' ? `code ${n}` : id,
        NAME: `${name} ${n}`,
        NOTE: `note ${n}`,
        PARENTID: id,
        ABOVE: String(((n % rows) + 1) * 10),
        CHILDID: id,
      };
      const cells = Object.fromEntries(about.columns.map((column) => [column, all[column] ?? null]));
      table.rows.push({ cells, born: { ...cells }, by: 'source', insertedIn: null, change: null });
    }
  }
}

/** How a story ended: what is wrong with the destination, and how its runs ended. */
export interface Outcome {
  wrong: string[];
  endings: Ending[];
  stops: string[];
}

/** Tells one story: a run, what befalls it, those that come after it, and at last a quiet one. */
export async function tell(scheduler: fc.Scheduler, faults: readonly Fault[]): Promise<Outcome> {
  const world = await ModelWorld.create(scheduler);
  fill(world);
  return scheduler.waitFor(live(world, faults));
}

async function live(world: ModelWorld, faults: readonly Fault[]): Promise<Outcome> {
  const zombies: Promise<Ending>[] = [];
  let [run, plan, begun] = ['run 0', planOf(false), 0];
  let terminated = () => {};
  let isTerminated: Promise<'terminated'> = Promise.race([]);
  const follow = () => {
    isTerminated = new Promise((resolve) => {
      terminated = () => resolve('terminated');
    });
  };
  const next = async () => {
    begun += 1;
    [run, plan] = [`run ${begun}`, planOf(true)];
    await world.begin(run, plan);
  };
  await world.begin(run, plan);
  follow();
  new Fate(world, () => terminated()).bring(faults);
  const endings: Ending[] = [];
  for (let attempts = 0; attempts < mostAttempts; attempts++) {
    const working = world.attempt(run, plan);
    const worker = world.workers.at(-1);
    const silent = worker?.frozen.then(() => 'silent' as const);
    const ending = await Promise.race([working, isTerminated, ...(silent ? [silent] : [])]);
    if (ending === 'silent' || ending === 'terminated') zombies.push(working);
    else endings.push(ending);
    if (ending === 'terminated') {
      await next();
      follow();
    }
    if (ending === 'done' || ending === 'stopped') break;
  }
  world.clock.catchUp();
  for (const worker of world.workers) worker.thaw();
  await Promise.all(zombies);
  await next();
  for (let attempts = 0; attempts < 3 && endings.at(-1) !== 'done'; attempts++)
    endings.push(await world.attempt(run, plan));
  endings.push(await world.attempt(run, plan));
  const wrong = wrongRows(world);
  // A run that stopped and said so has not brought everything yet; what it has written must be right all the same.
  const isComplete = endings.at(-1) === 'done';
  const counted = wrong.filter((one) => isComplete || !/^(lost|mistranslated)/.test(one));
  return { wrong: counted, endings, stops: world.stops };
}

/** Whatever breaks "the actors' own rows, and each source row exactly once, with every reference right". */
function wrongRows(world: ModelWorld): string[] {
  const { source, destination, touched } = world;
  const wrong = destination.lateWriters.map((writer) => `written by a run that had ended: ${writer}`);
  const isDeleted = (table: string, name: string) =>
    touched.some(({ what, table: of, row }) => what === 'delete' && of === table && row.born.NAME === name);
  const counterpart = (table: string, id: string): StoredRow[] => {
    const name = source.table(table).rows.find(({ cells }) => cells.ID === id)?.cells.NAME;
    return ofRuns(destination.table(table).rows).filter(({ born }) => born.NAME === name);
  };
  for (const table of tableNames) {
    for (const { cells } of source.table(table).rows) {
      const name = String(cells.NAME);
      const found = ofRuns(destination.table(table).rows).filter(({ born }) => born.NAME === name);
      if (found.length > 1) wrong.push(`doubled: ${name}`);
      if (found.length === 0 && !isDeleted(table, name)) wrong.push(`lost: ${name}`);
      for (const [column, target] of [
        ['PARENTID', 'PARENT'],
        ['ABOVE', 'CHILD'],
        ['CHILDID', 'CHILD'],
      ] as const) {
        if (cells[column] === undefined || found[0] === undefined) continue;
        const targets = counterpart(target, String(cells[column]));
        if (targets.length === 0) continue;
        const is = found[0].cells[column];
        if (!targets.some((row) => row.cells.ID === is)) wrong.push(`mistranslated: ${column} of ${name} is ${is}`);
      }
    }
  }
  return wrong;
}

/** Kinds of what may befall a run. */
export const everyFault: readonly Fault['what'][] = [
  'kill',
  'freeze',
  'thaw',
  'endSession',
  'endJournalSession',
  'insert',
  'update',
  'delete',
  'trigger',
  'restart',
  'newRun',
];

const table = fc.constantFrom(...tableNames);
const row = fc.nat({ max: 5 });

/** The first one anywhere, those after it soon after: what goes wrong while the one before is being mended. */
function faultsOf(kinds: readonly Fault['what'][]): fc.Arbitrary<Fault[]> {
  const one = kinds.map((what) => {
    if (what === 'insert' || what === 'update' || what === 'delete') {
      return fc.record({ what: fc.constant(what), table, row });
    }
    if (what === 'trigger') return fc.record({ what: fc.constant(what), table });
    return fc.record({ what: fc.constant(what) });
  });
  const gap = fc.oneof(fc.nat({ max: 15 }), fc.nat({ max: 150 }));
  const faults = fc.array(fc.tuple(gap, fc.oneof(...one)), { minLength: 1, maxLength: 6 });
  return fc.tuple(fc.nat({ max: 450 }), faults).map(([start, later]) => {
    let at = start;
    return later.map(([after, fault]): Fault => {
      at += after;
      return { ...fault, at };
    });
  });
}

/**
 * Tells stories of these kinds of faults, until one has an end that breaks the promise.
 * @param only ways to break it that count.
 */
export function explore(
  kinds: readonly Fault['what'][],
  parameters: fc.Parameters<[fc.Scheduler, Fault[]]>,
  only = /./,
): Promise<fc.RunDetails<[fc.Scheduler, Fault[]]>> {
  const property = fc.asyncProperty(fc.scheduler(), faultsOf(kinds), async (scheduler, faults) => {
    const { wrong } = await tell(scheduler, faults);
    if (wrong.some((one) => only.test(one))) throw new Error(wrong.join('; '));
  });
  return fc.check(property, parameters) as Promise<fc.RunDetails<[fc.Scheduler, Fault[]]>>;
}
