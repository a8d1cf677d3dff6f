import type fc from 'fast-check';
import { databaseError } from '../../src/database/errors.ts';

/** Thrown at whatever a process that was killed still tries: nothing of it reaches a server. */
export class Killed extends Error {}

/**
 * What time is in the model: the steps that processes take, one after another. Which of several goes next, fast-check's
 * scheduler says.
 */
export class Clock {
  readonly scheduler: fc.Scheduler;
  readonly #awake = new Set<Process>();
  readonly #events: { at: number; happen: () => void }[] = [];
  #steps = 0;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
  }

  /** Has something happen just before the step of that number is taken. */
  plan(at: number, happen: () => void): void {
    this.#events.push({ at, happen });
    this.#events.sort((one, other) => one.at - other.at);
  }

  /** What was planned and is not over happens now. */
  catchUp(): void {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) event.happen();
  }

  wakes(process: Process): void {
    this.#awake.add(process);
  }

  sleeps(process: Process): void {
    this.#awake.delete(process);
  }

  async step(label: string): Promise<void> {
    // Where nobody else is awake there is nothing to choose.
    if (this.#awake.size > 1) await this.scheduler.schedule(Promise.resolve(), label);
    this.#steps += 1;
    while (this.#events[0] !== undefined && this.#events[0].at <= this.#steps) this.#events.shift()?.happen();
  }
}

/** A process of the model: each of its calls to a server is a step. */
export class Process {
  readonly name: string;
  /** The run that it works for; null for anybody else. */
  readonly run: string | null;
  readonly #clock: Clock;
  #isKilled = false;
  #thawed: Promise<void> | null = null;
  #thaw = () => {};
  #noteFrozen = () => {};
  /** Resolves when it was frozen for the first time: who waits for its heartbeat hears nothing any more. */
  readonly frozen: Promise<void>;

  constructor(name: string, clock: Clock, run: string | null = null) {
    this.name = name;
    this.run = run;
    this.#clock = clock;
    this.frozen = new Promise((resolve) => {
      this.#noteFrozen = resolve;
    });
    clock.wakes(this);
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  get isFrozen(): boolean {
    return this.#thawed !== null;
  }

  /** What runs no more: servers see its sessions end. */
  kill(): void {
    this.#isKilled = true;
    this.#thaw();
    this.#clock.sleeps(this);
  }

  /** Sleeps in the middle of whatever it does; its sessions stay open until a server ends them. */
  freeze(): void {
    if (this.#thawed !== null || this.#isKilled) return;
    this.#noteFrozen();
    this.#clock.sleeps(this);
    this.#thawed = new Promise((resolve) => {
      this.#thaw = () => {
        this.#thawed = null;
        this.#clock.wakes(this);
        resolve();
      };
    });
  }

  thaw(): void {
    if (this.#thawed !== null) this.#thaw();
  }

  /** The next moment at which this process does something. @throws Killed */
  async step(label: string): Promise<void> {
    do {
      if (this.#thawed !== null) await this.#thawed;
      if (this.#isKilled) throw new Killed(this.name);
      await this.#clock.step(`${this.name}: ${label}`);
    } while (this.#thawed !== null);
    if (this.#isKilled) throw new Killed(this.name);
  }
}

export const connectionLost = (database: string) => databaseError({ code: 'unreachable', database, number: '57P01' });
