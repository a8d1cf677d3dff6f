import type { Counts, EntityState } from '../journal/progress.ts';

/**
 * What workflows and activities say to each other: run ids, entity keys and counts, never rows, names of people or
 * values.
 */

/** Every worker and every start agree on this name. */
export const taskQueue = 'caravel';

export type EntityStage = EntityState;

/** A run of its own, or one that migrates what an earlier one set aside. */
export type RunRequest = { spec: unknown } | { retryOf: string };

/** When a run's activities are taken for dead, and tried again. */
export interface Pace {
  /** A worker silent for this long is taken for dead. */
  heartbeatSeconds: number;
  /** Before an activity that failed is tried again; a fifth longer each time. */
  firstRetrySeconds: number;
  longestRetrySeconds: number;
}

/** How a run is to be conducted; decided once, by the activity that opens it. */
export interface RunSettings {
  concurrency: number;
  approval: boolean;
  verify: 'content' | 'counts' | 'none';
  pace: Pace;
}

export interface PlanSummary {
  executable: boolean;
  /** Entities that the run writes, in order. */
  entities: PlannedWork[];
  /** Number of findings that stand in the way, and the first of them in a line. */
  blocking: number;
  firstBlocking: string | null;
  /** Event tables to be emptied, or added to. */
  eventTables: number;
  /** Tables of the destination to be emptied first. */
  emptiedTables: number;
}

export interface PlannedWork {
  /** Entity key. */
  key: string;
  espace: string;
  entity: string;
  /** Aligned: users, groups, and what they are allowed. */
  isPeople: boolean;
  rows: number;
  read: number;
  stage: EntityStage;
  /** Places in `entities` of those that must be complete before this one starts. */
  after: number[];
}

export interface EntityInput {
  run: string;
  key: string;
  /** `Espace.Entity`, for summaries. */
  name: string;
  isPeople: boolean;
  pace: Pace;
}

export interface EntityReport {
  outcome: 'done' | 'paused' | 'timeUp';
  stage: EntityStage;
  /** Source rows looked at so far. */
  read: number;
}

export interface VerifyReport {
  outcome: 'done' | 'timeUp';
  different: number;
}

/** What became of users or groups, each counted once. */
export interface AlignedCounts {
  matched: number;
  created: number;
  updated: number;
  recreated: number;
}

/** Result of a run (docs/interface.md). */
export interface RunResult {
  run: string;
  status: 'completed' | 'completedWithIssues';
  entities: (Counts & { espace: string; entity: string; key: string; verified: boolean })[];
  users: AlignedCounts;
  groups: AlignedCounts;
  issues: number;
  seconds: number;
}

export type RunEnd = { status: 'completed' } | { status: 'blocked' | 'failed' | 'cancelled'; message: string };

/** What a worker does for the workflows. */
export interface Activities {
  /**
   * Checks the spec, or finds the run whose rows set aside are to be migrated; notes the run in the journal and takes
   * the destination for it.
   */
  openRun(input: { run: string; execution: string } & RunRequest): Promise<RunSettings>;
  /** Makes the plan and the id maps of what is only matched; called again, gives the plan as the run now stands. */
  planRun(input: { run: string }): Promise<PlanSummary>;
  /** The plan in words, for whoever approves it. */
  describePlan(input: { run: string }): Promise<string>;
  /** Notes who approved the plan; refuses a run whose entities changed since. */
  approveRun(input: { run: string; by: string }): Promise<void>;
  setPaused(input: { run: string; paused: boolean }): Promise<void>;
  /** Deletes what the plan says of the destination; called again, goes on where it stood. */
  emptyDestination(input: { run: string }): Promise<{ outcome: EntityReport['outcome'] }>;
  copyEntity(input: EntityInput): Promise<EntityReport>;
  fillReferences(input: EntityInput): Promise<EntityReport>;
  /** Takes the event subscriptions of what is written out of the destination, so that no trigger starts anything. */
  silenceEvents(input: { run: string }): Promise<void>;
  /** Puts them back, with those of the migrated activities. */
  subscribeEvents(input: { run: string }): Promise<void>;
  /** Puts them back, and nothing else: after a run that did not finish. */
  restoreEvents(input: { run: string }): Promise<void>;
  verifyEntities(input: { run: string; keys: string[] }): Promise<VerifyReport>;
  /** Closes the run in the journal and gives the destination back. */
  endRun(input: { run: string; end: RunEnd }): Promise<RunResult | null>;
}
