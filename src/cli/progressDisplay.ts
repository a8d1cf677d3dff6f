import { MultiBar, type SingleBar } from 'cli-progress';
import color from 'picocolors';
import type { RunPhase } from '../journal/runs.ts';
import { duration } from '../plan/duration.ts';
import { countOf, grouped } from '../wording/counts.ts';
import { RateMeter } from './rateMeter.ts';
import { type EntityView, nameOf, type RunView, totals } from './runView.ts';

/** Shows a run while it goes on, on stderr. */
export interface ProgressDisplay {
  show(view: RunView): void;
  /** A line that stays. */
  say(line: string): void;
  end(): void;
}

/** Bars on a terminal; elsewhere a line every few seconds, and none while nothing changes. */
export function progressDisplay(): ProgressDisplay {
  return process.stderr.isTTY ? new Bars() : new Lines();
}

const phases: Record<RunPhase, string> = {
  planning: 'planning',
  approval: 'waits for approval',
  silencing: 'silencing events',
  emptying: 'emptying the destination',
  people: 'aligning people',
  copying: 'copying',
  references: 'filling references',
  subscribing: 'giving event subscriptions back',
  verifying: 'verifying',
  finished: 'finished',
};

/** `copying`, `paused: copying`. */
export const stage = ({ status, phase }: RunView) => (status === 'paused' ? `paused: ${phases[phase]}` : phases[phase]);

/** What is left, where something moves. */
function left({ rows, read }: { rows: number; read: number }, rowsPerSecond: number): string {
  if (rowsPerSecond < 1 || read >= rows) return '';
  return `${duration((rows - read) / rowsPerSecond)} left`;
}

class Lines implements ProgressDisplay {
  readonly #meter = new RateMeter();
  #said = '';
  #saidAt = 0;
  #stage = '';

  show(view: RunView): void {
    const sums = totals(view);
    const rowsPerSecond = this.#meter.sample(sums.read);
    const now = stage(view);
    const progress =
      view.phase === 'verifying'
        ? `${sums.verified} of ${countOf(view.entities.length, 'entity', 'entities')} verified`
        : `${sums.done} of ${countOf(view.entities.length, 'entity', 'entities')}, ${grouped(sums.read)} of ${countOf(sums.rows, 'row')}`;
    const line = view.entities.length === 0 ? now : `${now}: ${progress}`;
    const isDue = now !== this.#stage || performance.now() - this.#saidAt > 5_000;
    if (!isDue || line === this.#said) return;
    const speed = view.phase === 'copying' && rowsPerSecond >= 1 ? [`${grouped(rowsPerSecond)} rows/s`] : [];
    this.say(
      [line, ...speed, ...[view.phase === 'copying' ? left(sums, rowsPerSecond) : '']].filter(Boolean).join(', '),
    );
    this.#said = line;
    this.#saidAt = performance.now();
    this.#stage = now;
  }

  say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  end(): void {}
}

const nameWidth = 34;
const fitted = (name: string) => (name.length > nameWidth ? `…${name.slice(1 - nameWidth)}` : name.padEnd(nameWidth));
/** A line takes the place of a bar, which may have been longer. */
const clearToEndOfLine = '\u001b[K';
/** More would not fit on a screen; the others show in the total, and when they are done. */
const barsAtMost = 16;

class Bars implements ProgressDisplay {
  readonly #bars = new MultiBar({
    format: '{name} {bar} {percentage}% {text}',
    stream: process.stderr,
    hideCursor: true,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    autopadding: true,
    emptyOnZero: true,
    linewrap: null,
    gracefulExit: false,
  });
  readonly #meter = new RateMeter();
  readonly #meters = new Map<string, RateMeter>();
  readonly #entities = new Map<string, SingleBar>();
  readonly #finished = new Set<string>();
  #total: SingleBar | null = null;

  show(view: RunView): void {
    for (const entity of view.entities) this.#showEntity(entity);
    this.#showTotal(view);
  }

  #showEntity(entity: EntityView): void {
    const { key, state, rows, read, deferred, filled } = entity;
    const isWorked = state === 'copying' || state === 'filling';
    const bar = this.#entities.get(key);
    if (!isWorked) {
      if (bar) this.#bars.remove(bar);
      this.#entities.delete(key);
      if (state !== 'waiting' && !this.#finished.has(key)) {
        this.#finished.add(key);
        if (read > 0) this.say(`${color.green('✓')} ${fitted(nameOf(entity))} ${outcome(entity)}`);
      }
      return;
    }
    const meter = this.#meters.get(key) ?? new RateMeter();
    this.#meters.set(key, meter);
    const rowsPerSecond = meter.sample(read);
    const [value, all] = state === 'filling' ? [filled, Math.max(deferred, filled)] : [read, Math.max(rows, read)];
    const what = state === 'filling' ? 'references' : 'rows';
    const speed = state === 'copying' && rowsPerSecond >= 1 ? `, ${grouped(rowsPerSecond)} rows/s` : '';
    const payload = { name: fitted(nameOf(entity)), text: `${grouped(value)} of ${grouped(all)} ${what}${speed}` };
    if (bar) {
      bar.setTotal(all);
      bar.update(value, payload);
    } else if (this.#entities.size < barsAtMost) {
      this.#entities.set(key, this.#bars.create(all, value, payload));
    }
  }

  #showTotal(view: RunView): void {
    const sums = totals(view);
    const rowsPerSecond = this.#meter.sample(sums.read);
    const isVerifying = view.phase === 'verifying';
    const [value, all] = isVerifying ? [sums.verified, view.entities.length] : [sums.read, sums.rows];
    const text = isVerifying
      ? `${value} of ${countOf(all, 'entity', 'entities')}`
      : [
          `${grouped(value)} of ${countOf(all, 'row')}`,
          ...(rowsPerSecond >= 1 ? [`${grouped(rowsPerSecond)} rows/s`, left(sums, rowsPerSecond)] : []),
        ]
          .filter(Boolean)
          .join(', ');
    // Colour codes count as characters of the name's width, so the padding comes first.
    const payload = { name: color.bold(fitted(stage(view))), text: view.entities.length === 0 ? '' : text };
    this.#total ??= this.#bars.create(all, value, payload);
    this.#total.setTotal(all);
    this.#total.update(value, payload);
  }

  say(line: string): void {
    if (this.#total === null) process.stderr.write(`${line}\n`);
    else this.#bars.log(`${line}${clearToEndOfLine}\n`);
  }

  end(): void {
    // What was logged since the last redraw is written by one more.
    this.#bars.update();
    for (const bar of this.#entities.values()) this.#bars.remove(bar);
    this.#bars.stop();
  }
}

/** `20,000 rows inserted, 3 set aside`. */
export function outcome({ inserted, known, reused, leftOut, setAside, deferred }: EntityView): string {
  const parts: [number, string][] = [
    [known, 'known'],
    [reused, 'reused'],
    [leftOut, 'left out'],
    [setAside, 'set aside'],
    [deferred, 'references for later'],
  ];
  const more = parts.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`);
  return [`${countOf(inserted, 'row')} inserted`, ...more].join(', ');
}
