import { foldText } from '../alignment/collation.ts';
import { loadDecisions } from '../alignment/people/decisionStore.ts';
import { type Decisions, decidedIds } from '../alignment/people/decisions.ts';
import type { Cell, Row } from '../database/port.ts';
import { readAhead } from '../database/readAhead.ts';
import { IdSet } from '../identity/idSet.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { getProgress } from '../journal/progress.ts';
import type { KeyedEntity } from '../plan/plan.ts';
import { type Exclusion, type Exclusions, loadExclusions } from '../processes/exclusions.ts';
import type { VerifyContext, VerifyControl } from './context.ts';
import { rowsByIds } from './destinationRows.ts';
import { type ColumnExpectation, expectationsOf, impossible, sameCell, unfilled } from './expectation.ts';
import { countExtra, type RunRange } from './extraRows.ts';
import { loadOwnMap, loadTargetMaps, type OwnMap } from './maps.ts';
import { type OpenIssues, readOpenIssues } from './openIssues.ts';
import { addExample, emptyReport, type VerificationReport } from './report.ts';

/** Rows of a page at most: three pages are in memory, and small ones die young. */
const pageRows = 4_000;

/**
 * Proves an entity whose rows have identifiers: goes through the source in id order, a page at a time, finds each row's
 * counterpart through the entity's map, and compares.
 * @throws DatabaseError; AbortSignal's reason when cancelled.
 */
export async function verifyKeyed(
  context: VerifyContext,
  entity: KeyedEntity,
  control: VerifyControl,
): Promise<VerificationReport> {
  const own = await loadOwnMap(context, entity);
  const aligned = entity.role === 'aligned' ? await loadDecisions(context.journal, context.runId, entity.key) : null;
  const keys = aligned === null ? await loadRetried(context.journal, context.runId, entity.key) : decidedIds(aligned);
  const targets = context.mode === 'content' ? await loadTargetMaps(context, entity) : null;
  const exclusions = await loadExclusions(context.journal, context.runId, entity);
  const proof = new Proof(
    entity,
    own,
    await readOpenIssues(context, entity),
    targets === null ? [] : expectationsOf(entity, targets, exclusions),
    aligned,
    exclusions,
  );
  const batch = { rows: Math.min(context.batch.rows, pageRows), bytes: context.batch.bytes };
  const pages = context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns: proof.sourceColumns,
    key: entity.source.identifier,
    upTo: entity.bound,
    ...(keys === null ? {} : { keys }),
    batch,
  });
  for await (const page of readAhead(pages)) {
    control.signal.throwIfAborted();
    const wanted = proof.wantedOf(page);
    const ids = wanted.map(({ destinationId }) => destinationId);
    const found = rowsByIds(context.destination, entity, proof.destinationColumns, ids, batch);
    const awaited = new AwaitedRows(wanted);
    for await (const rows of found) {
      control.signal.throwIfAborted();
      for (const row of rows) for (const one of awaited.take(row[0] as string)) proof.compare(one, row);
    }
    for (const one of awaited.left()) proof.missing(one);
    control.onBatch(page.length);
  }
  if (proof.claimed !== null) {
    const { destinationBefore } = await getProgress(context.journal, context.runId, entity.key);
    const claims = { ids: proof.claimed, map: own.all, mapped: proof.mapped };
    await countExtra(context, entity, control, { destinationBefore, run: proof.run }, claims, proof.report);
  }
  return proof.report;
}

/** A source row and the destination row that must be its counterpart. */
interface Wanted {
  source: Row;
  destinationId: string;
  reused: boolean;
}

/** Rows of one page whose counterparts have not been seen yet. */
class AwaitedRows {
  readonly #byId = new Map<string, Wanted>();
  /** Source rows that share a counterpart with another one. */
  readonly #shared: Wanted[] = [];
  #byFoldedId: Map<string, string> | null = null;

  constructor(wanted: Wanted[]) {
    for (const one of wanted) {
      if (this.#byId.has(one.destinationId)) this.#shared.push(one);
      else this.#byId.set(one.destinationId, one);
    }
  }

  /** Source rows that the destination row with this id is the counterpart of; each is given once. */
  take(id: string): Wanted[] {
    const exact = this.#byId.get(id);
    const one = exact ?? this.#byId.get(this.#spelling(id) ?? '');
    if (one === undefined) return [];
    this.#byId.delete(one.destinationId);
    if (this.#shared.length === 0) return [one];
    const all = [one];
    for (let index = this.#shared.length - 1; index >= 0; index--) {
      if (this.#shared[index]!.destinationId === one.destinationId) all.push(...this.#shared.splice(index, 1));
    }
    return all;
  }

  left(): Wanted[] {
    return [...this.#byId.values(), ...this.#shared];
  }

  /**
   * A reused row may spell its id another way than the source does: the destination's collation held them equal
   * (trap 12). Undefined where no such row is awaited.
   */
  #spelling(id: string): string | undefined {
    if (this.#byFoldedId === null) {
      const reused = [...this.#byId.values()].filter(({ reused }) => reused);
      this.#byFoldedId = new Map(reused.map(({ destinationId }) => [foldText(destinationId), destinationId]));
    }
    return this.#byFoldedId.size === 0 ? undefined : this.#byFoldedId.get(foldText(id));
  }
}

interface CellCheck extends ColumnExpectation {
  /** Index into a source row; null for neutral columns. */
  from: number | null;
  /** Index into a source row of the cell's type; null where it has none. */
  typeAt: number | null;
  /** Index into a destination row. */
  to: number;
}

/** The totals of one entity as they grow. */
class Proof {
  readonly report: VerificationReport;
  /** The identifier first. */
  readonly sourceColumns: string[];
  /** The identifier first. */
  readonly destinationColumns: string[];
  /** Ids that were found to be some row's counterpart; null where the destination does not mint them. */
  readonly claimed: IdSet | null;
  /** Source rows that the map knows. */
  mapped = 0;
  /** Between which ids this run's rows were found. */
  readonly run: RunRange = { lowest: null, highest: null };
  readonly #own: OwnMap;
  readonly #issues: OpenIssues;
  readonly #checks: CellCheck[];
  /** Source ids of matched rows that the run overwrote, and the columns of it; null of a copied entity. */
  readonly #overwritten: { ids: ReadonlySet<string>; columns: ReadonlySet<string> } | null;
  /** Columns that are not compared. */
  readonly #volatile: ReadonlySet<string>;
  readonly #entity: KeyedEntity;
  readonly #exclusions: Exclusions;
  /** Index into a source row of the process instance that the row is part of; -1 where there is none. */
  readonly #instance: number;

  constructor(
    entity: KeyedEntity,
    own: OwnMap,
    issues: OpenIssues,
    expectations: ColumnExpectation[],
    aligned: Decisions | null,
    exclusions: Exclusions,
  ) {
    this.report = emptyReport(entity);
    this.sourceColumns = [entity.source.identifier];
    this.destinationColumns = [entity.destination.identifier];
    this.claimed = entity.identifier === 'minted' ? new IdSet() : null;
    this.#own = own;
    this.#issues = issues;
    const rules = entity.role === 'aligned' ? entity.aligned : null;
    this.#overwritten =
      aligned === null
        ? null
        : { ids: new Set(aligned.updated.map(([id]) => id)), columns: new Set(rules?.overwritten) };
    this.#volatile = new Set(rules?.volatile);
    const indexIn = (columns: string[], column: string) => {
      const found = columns.indexOf(column);
      return found >= 0 ? found : columns.push(column) - 1;
    };
    this.#checks = expectations.map((expectation) => ({
      ...expectation,
      from: expectation.source === null ? null : indexIn(this.sourceColumns, expectation.source),
      typeAt: expectation.type === null ? null : indexIn(this.sourceColumns, expectation.type),
      to: indexIn(this.destinationColumns, expectation.column),
    }));
    this.#entity = entity;
    this.#exclusions = exclusions;
    this.#instance = entity.partOf === undefined ? -1 : indexIn(this.sourceColumns, entity.partOf.column);
  }

  /** Rows of a page that the map knows; counts the others. */
  wantedOf(page: Row[]): Wanted[] {
    const wanted: Wanted[] = [];
    for (const source of page) {
      const id = source[0] as string;
      const destinationId = this.#own.all.get(id);
      if (destinationId !== undefined) wanted.push({ source, destinationId, reused: this.#own.isReused(id) });
      else if (this.#issues.ofRun.has(id) || this.#exclusionOf(source) === 'setAside') this.report.setAside += 1;
      else if (this.#exclusionOf(source) === null) {
        this.report.missing += 1;
        addExample(this.report, 'missing', id, null);
      }
    }
    this.mapped += wanted.length;
    return wanted;
  }

  /** Why the row stays behind by the plan: with its process instance, or because it extends one. */
  #exclusionOf(source: Row): Exclusion | null {
    const { partOf, references } = this.#entity;
    const extended = references.find(({ identifier }) => identifier);
    if (extended !== undefined && this.#exclusions.leavesOut(extended, source[0] as string)) return 'leftOut';
    const owner = partOf === undefined ? null : source[this.#instance];
    return typeof owner === 'string' ? this.#exclusions.of(partOf!.instances, owner) : null;
  }

  missing({ source, destinationId }: Wanted): void {
    const id = source[0] as string;
    this.report.missing += 1;
    if (!this.#own.isOfRun(id)) this.report.ofEarlierRuns += 1;
    addExample(this.report, 'missing', id, destinationId);
  }

  compare(wanted: Wanted, row: Row): void {
    if (this.#overwritten !== null && this.#compareMatched(wanted, row, this.#overwritten)) return;
    const isFirst = this.claimed === null || this.claimed.add(wanted.destinationId);
    if (wanted.reused) {
      this.report.same += 1;
      return;
    }
    // Two source rows, one row of the destination: one of them was never written.
    if (!isFirst) {
      this.missing(wanted);
      return;
    }
    const id = wanted.source[0] as string;
    const isOfRun = this.#own.isOfRun(id);
    if (isOfRun && this.claimed !== null) extend(this.run, BigInt(wanted.destinationId));
    const columns = this.#differences(wanted.source, row, isOfRun, (column) => !this.#volatile.has(column));
    if (columns === 'setAside') this.report.setAside += 1;
    else if (columns.length === 0) this.report.same += 1;
    else {
      this.report.different += 1;
      if (!isOfRun) this.report.ofEarlierRuns += 1;
      addExample(this.report, 'different', id, wanted.destinationId, () => columns);
    }
  }

  /**
   * A row of an aligned entity that stood there before: of what the run did not write, only its being there is proved.
   * @returns false for a row that the run inserted.
   */
  #compareMatched(
    { source, destinationId, reused }: Wanted,
    row: Row,
    { ids, columns }: { ids: ReadonlySet<string>; columns: ReadonlySet<string> },
  ): boolean {
    const id = source[0] as string;
    if (!reused && this.#own.isOfRun(id)) return false;
    const differing = ids.has(id) ? this.#differences(source, row, true, (column) => columns.has(column)) : none;
    if (differing.length === 0 || differing === 'setAside') this.report.same += 1;
    else {
      this.report.different += 1;
      addExample(this.report, 'different', id, destinationId, () => differing);
    }
    return true;
  }

  /** Columns that differ; setAside: only references that an open issue accounts for are not filled. */
  #differences(
    source: Row,
    row: Row,
    isOfRun: boolean,
    isCompared: (column: string) => boolean,
  ): string[] | 'setAside' {
    let columns: string[] = none;
    let excused = false;
    for (let index = 0; index < this.#checks.length; index++) {
      const check = this.#checks[index]!;
      if (!isCompared(check.column)) continue;
      // Earlier runs may have written the row before the destination had the column.
      if (check.from === null && !isOfRun) continue;
      const type = check.typeAt === null ? null : source[check.typeAt]!;
      const expected = check.expected(check.from === null ? null : source[check.from]!, type);
      const actual: Cell = row[check.to]!;
      if (expected === unfilled) {
        if (actual === null && this.#issues.ofPair.has(source[0] as string)) {
          excused = true;
          continue;
        }
      } else if (expected !== impossible && sameCell(expected, actual)) continue;
      columns = columns === none ? [check.column] : [...columns, check.column];
    }
    return excused && columns.length === 0 ? 'setAside' : columns;
  }
}

const none: string[] = [];

function extend(range: RunRange, id: bigint): void {
  if (range.lowest === null || id < range.lowest) range.lowest = id;
  if (range.highest === null || id > range.highest) range.highest = id;
}
