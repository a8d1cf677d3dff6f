import { foldText } from '../alignment/collation.ts';
import { loadDecisions } from '../alignment/people/decisionStore.ts';
import { type Decisions, decidedIds } from '../alignment/people/decisions.ts';
import type { Cell, Row, RowRead } from '../database/port.ts';
import { readAhead } from '../database/readAhead.ts';
import { IdSet } from '../identity/idSet.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { getProgress } from '../journal/progress.ts';
import type { KeyedEntity } from '../plan/plan.ts';
import { type Exclusion, type Exclusions, loadExclusions } from '../processes/exclusions.ts';
import type { EntityProof } from './context.ts';
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
export async function verifyKeyed(proof: EntityProof<KeyedEntity>): Promise<VerificationReport> {
  const { context, entity, control } = proof;
  const known = await loadKnown(proof);
  const comparison = new Comparison(entity, known);
  const batch = { rows: Math.min(context.batch.rows, pageRows), bytes: context.batch.bytes };
  const pages = context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns: comparison.sourceColumns,
    key: entity.source.identifier,
    upTo: entity.bound,
    ...(known.keys === null ? {} : { keys: known.keys }),
    batch,
  });
  for await (const page of readAhead(pages)) {
    control.signal.throwIfAborted();
    await comparePage(proof, comparison, page, batch);
    control.onBatch(page.length);
  }
  const { claimed, mapped, run, report } = comparison;
  if (claimed !== null) {
    const { destinationBefore } = await getProgress(context.journal, context.runId, entity.key);
    await countExtra(proof, { destinationBefore, run }, { ids: claimed, map: known.own.all, mapped }, report);
  }
  return report;
}

/** Compares the rows of a page of the source with their counterparts, which are read. */
async function comparePage(
  { context, entity, control }: EntityProof<KeyedEntity>,
  comparison: Comparison,
  page: Row[],
  batch: RowRead['batch'],
): Promise<void> {
  const wanted = comparison.wantedOf(page);
  const ids = wanted.map(({ destinationId }) => destinationId);
  const columns = comparison.destinationColumns;
  const awaited = new AwaitedRows(wanted);
  for await (const rows of rowsByIds(context.destination, entity, { columns, ids, batch })) {
    control.signal.throwIfAborted();
    for (const row of rows) for (const one of awaited.take(row[0] as string)) comparison.compare(one, row);
  }
  for (const one of awaited.left()) comparison.missing(one);
}

/** What is known of an entity's rows before any is read. */
interface Known {
  own: OwnMap;
  /** What the run does with the rows of an aligned entity; null of a copied one. */
  decisions: Decisions | null;
  /** Source ids of the only rows that the run is about; null where it is about all of them. */
  keys: string[] | null;
  /** None where the content of the rows is not proven. */
  expectations: ColumnExpectation[];
  exclusions: Exclusions;
  issues: OpenIssues;
}

async function loadKnown({ context, entity }: EntityProof<KeyedEntity>): Promise<Known> {
  const { journal, runId } = context;
  const own = await loadOwnMap(context, entity);
  const decisions = entity.role === 'aligned' ? await loadDecisions(journal, runId, entity.key) : null;
  const keys = decisions === null ? await loadRetried(journal, runId, entity.key) : decidedIds(decisions);
  const targets = context.mode === 'content' ? await loadTargetMaps(context, entity) : null;
  const exclusions = await loadExclusions(journal, runId, entity);
  const issues = await readOpenIssues(context, entity);
  const expectations = targets === null ? [] : expectationsOf(entity, targets, exclusions);
  return { own, decisions, keys, expectations, exclusions, issues };
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
  #shared: Wanted[] = [];
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
    const isSharing = ({ destinationId }: Wanted) => destinationId === one.destinationId;
    const sharing = this.#shared.filter(isSharing);
    this.#shared = this.#shared.filter((other) => !isSharing(other));
    return [one, ...sharing.reverse()];
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

/** Which matched rows of an aligned entity the run overwrote, by source id, and in which columns. */
interface Overwritten {
  ids: ReadonlySet<string>;
  columns: ReadonlySet<string>;
}

/** Compares the rows of one entity, and counts what it finds. */
class Comparison {
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
  run: RunRange = { lowest: null, highest: null };
  readonly #own: OwnMap;
  readonly #issues: OpenIssues;
  readonly #checks: CellCheck[];
  /** Null of a copied entity. */
  readonly #overwritten: Overwritten | null;
  /** Columns that are not compared. */
  readonly #volatile: ReadonlySet<string>;
  readonly #entity: KeyedEntity;
  readonly #exclusions: Exclusions;
  /** Index into a source row of the process instance that the row is part of; -1 where there is none. */
  readonly #instance: number;

  constructor(entity: KeyedEntity, { own, decisions, expectations, exclusions, issues }: Known) {
    this.report = emptyReport(entity);
    this.sourceColumns = [entity.source.identifier];
    this.destinationColumns = [entity.destination.identifier];
    this.claimed = entity.identifier === 'minted' ? new IdSet() : null;
    this.#own = own;
    this.#issues = issues;
    const rules = entity.role === 'aligned' ? entity.aligned : null;
    this.#overwritten =
      decisions === null
        ? null
        : { ids: new Set(decisions.updated.map(([id]) => id)), columns: new Set(rules?.overwritten) };
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
        addExample(this.report, { kind: 'missing', sourceId: id, destinationId: null });
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
    if (partOf === undefined) return null;
    const owner = source[this.#instance];
    return typeof owner === 'string' ? this.#exclusions.of(partOf.instances, owner) : null;
  }

  missing({ source, destinationId }: Wanted): void {
    const id = source[0] as string;
    this.report.missing += 1;
    if (!this.#own.isOfRun(id)) this.report.ofEarlierRuns += 1;
    addExample(this.report, { kind: 'missing', sourceId: id, destinationId });
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
    if (isOfRun && this.claimed !== null) this.run = extended(this.run, BigInt(wanted.destinationId));
    const columns = this.#differences(wanted.source, row, isOfRun, (column) => !this.#volatile.has(column));
    if (columns === 'setAside') this.report.setAside += 1;
    else if (columns.length === 0) this.report.same += 1;
    else {
      this.report.different += 1;
      if (!isOfRun) this.report.ofEarlierRuns += 1;
      const { destinationId } = wanted;
      addExample(this.report, { kind: 'different', sourceId: id, destinationId }, () => columns);
    }
  }

  /**
   * A row of an aligned entity that stood there before: of what the run did not write, only its being there is proved.
   * @returns false for a row that the run inserted.
   */
  #compareMatched({ source, destinationId, reused }: Wanted, row: Row, { ids, columns }: Overwritten): boolean {
    const id = source[0] as string;
    if (!reused && this.#own.isOfRun(id)) return false;
    const differing = ids.has(id) ? this.#differences(source, row, true, (column) => columns.has(column)) : none;
    if (differing.length === 0 || differing === 'setAside') this.report.same += 1;
    else {
      this.report.different += 1;
      addExample(this.report, { kind: 'different', sourceId: id, destinationId }, () => differing);
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
    for (const check of this.#checks) {
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

function extended(range: RunRange, id: bigint): RunRange {
  const { lowest, highest } = range;
  if (lowest !== null && highest !== null && id >= lowest && id <= highest) return range;
  return {
    lowest: lowest === null || id < lowest ? id : lowest,
    highest: highest === null || id > highest ? id : highest,
  };
}
