import type { PlatformRow } from '../schema/entityRows.ts';
import type { EnvironmentDescription } from '../schema/environments.ts';
import type { MetamodelRows } from '../schema/metamodelRows.ts';
import type { Value } from '../schema/tables.ts';
import type { Random } from './random.ts';
import { fitting, type TextPools } from './textPools.ts';

export type Identifier = number | bigint | string;

/**
 * Everything a row of one environment can be made of. Ids of all entities are there before the first row: cycles close.
 */
export interface World {
  environment: EnvironmentDescription;
  seed: number;
  /** Ignore references may hold ids of rows that are gone. */
  orphans: boolean;
  texts: TextPools;
  /** Identifiers of the rows of `Espace.Entity`, ascending. */
  ids(entity: string): readonly Identifier[];
  /** Number of rows of `Espace.Entity`. */
  count(entity: string): number;
  /** Ids of accounts that rows may refer to. */
  users: number[];
  /** Ids of the tenants of applications, without the IT tenant. */
  tenants: number[];
  platform: MetamodelRows['ids'];
  /** Process instances, which rows refer to and which refer to rows. */
  instances: Instances;
}

/** How many rows an entity has when the largest has `size`, and how to make them. */
export interface RowGenerator {
  count(size: number): number;
  /** Gives a function that makes the row at an index: values by attribute name, the identifier left out. */
  rows(world: World, random: Random): (index: number) => Record<string, Value>;
}

/** Process instances of an environment, with what waits in them for events. */
export interface Instances {
  /** Rows of the five tables of instances, by table, ascending by ID. */
  tables: Map<string, PlatformRow[]>;
  /** The approval of an order, by the order's id. */
  approvalOf: Map<Identifier, number>;
  /** Ids of human activities, ascending. */
  tasks: number[];
  /** Ids of all activities. */
  activities: number[];
  waiting: Waiting[];
}

/** An activity that an event of an entity's row would end or begin. */
export interface Waiting {
  activity: number;
  /** `Espace.Entity`. */
  entity: string;
  isUpdate: boolean;
  tenant: number;
  /** Attribute (null for the identifier) and its value; null for any row. */
  filter: { attribute: string | null; value: Value } | null;
}

/** Mostly the value; now and then NULL, now and then what the platform stores for "nothing" (trap 39). */
export function mixed(random: Random, neutral: Value, value: () => Value): Value {
  const roll = random.next();
  if (roll < 0.05) return null;
  return roll < 0.1 ? neutral : value();
}

/** A text from a pool, cut to length, mixed with NULL and ''. */
export const someText = (random: Random, pool: readonly string[], length: number): Value =>
  mixed(random, '', () => fitting(random.pick(pool)!, length));

const referenceDate = Date.UTC(2026, 0, 15);

/**
 * A moment in the five years before the reference date, in the steps a SQL Server datetime has; else "no date" or NULL.
 */
export function someMoment(random: Random): Value {
  return mixed(random, '1900-01-01 00:00:00', () => {
    const steps = [0, 0, 3, 7, 450, 997];
    const moment = referenceDate - random.below(157_000_000) * 1000 + steps[random.below(steps.length)]!;
    const written = new Date(moment).toISOString();
    return `${written.slice(0, 10)} ${written.slice(11, 23)}`;
  });
}

/** A day, stored at midnight. */
export function someDay(random: Random): Value {
  return mixed(random, '1900-01-01 00:00:00', () => {
    const day = new Date(referenceDate - random.below(1800) * 86_400_000);
    return `${day.toISOString().slice(0, 10)} 00:00:00`;
  });
}

/** An amount with up to two decimals, as text. */
export const someAmount = (random: Random, limit: number): Value =>
  mixed(random, 0, () => `${random.below(limit)}.${String(random.below(100)).padStart(2, '0')}`);

/** A Protect or Delete reference: a row that is there, or NULL. */
export function reference(world: World, random: Random, entity: string, emptyShare = 0.1): Value {
  return emptyShare > 0 && random.chance(emptyShare) ? null : random.pick(world.ids(entity));
}

/** A reference to an account. */
export const userReference = (world: World, random: Random): Value =>
  random.chance(0.05) ? null : random.pick(world.users);

/**
 * An Ignore reference: no foreign key watches it, so besides NULL it may hold the null identifier (0, '') and,
 * with orphans, an id that is gone. `dangling` is such an id.
 */
export function looseReference(world: World, random: Random, targets: readonly Value[], dangling: Value): Value {
  const roll = random.next();
  if (roll < 0.2) return null;
  if (roll < 0.3) return typeof dangling === 'string' ? '' : 0;
  if (world.orphans && roll < 0.34) return dangling;
  return random.pick(targets);
}
