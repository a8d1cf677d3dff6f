import type { Verification } from '../journal/progress.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { WrittenEntity } from '../plan/plan.ts';

/** Outcome of the proof for one entity, in rows. */
export interface VerificationReport extends Verification {
  entity: EntityKey;
  /** `Espace.Entity` */
  name: string;
  /** Rows that are not there, or lack a reference, as an open issue of the run says; in no other total. */
  setAside: number;
  /**
   * Of `different` and `missing`, rows that an earlier run wrote. A later run moves only what is new, so the source, or
   * who works in the destination, may have changed them since.
   */
  ofEarlierRuns: number;
  /** The first few of each kind, for the operator's terminal only: ids may be personal data. */
  examples: VerificationExample[];
}

/** One row that is not as it should be. Never holds values. */
export interface VerificationExample {
  kind: 'different' | 'missing' | 'extra';
  sourceId: string | null;
  destinationId: string | null;
  /** Columns of the destination that differ; empty unless the row is `different`. */
  columns: string[];
}

/** same: exit code 0 of `caravel verify`; sameButSetAside: 3; differs: 1. */
export type Verdict = 'same' | 'sameButSetAside' | 'differs';

export function verdictOf(reports: readonly VerificationReport[]): Verdict {
  const total = (count: (report: VerificationReport) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0);
  if (total(({ different, missing, extra }) => different + missing + extra) > 0) return 'differs';
  return total(({ setAside }) => setAside) > 0 ? 'sameButSetAside' : 'same';
}

/** Examples kept of each kind. */
export const examplesOfEachKind = 5;

export function emptyReport(entity: WrittenEntity): VerificationReport {
  const name = `${entity.espace}.${entity.entity}`;
  const counts = { same: 0, different: 0, missing: 0, extra: 0, setAside: 0, ofEarlierRuns: 0 };
  return { entity: entity.key, name, ...counts, examples: [] };
}

/** Adds an example while there is room for its kind. @param columns asked only then. */
export function addExample(
  report: VerificationReport,
  example: Omit<VerificationExample, 'columns'>,
  columns: () => string[] = () => [],
): void {
  const sameKind = report.examples.filter(({ kind }) => kind === example.kind).length;
  if (sameKind < examplesOfEachKind) report.examples.push({ ...example, columns: columns() });
}
