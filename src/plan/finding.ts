import type { FindingCode } from './catalogue/findings.ts';

/** Something an operator should know, or must mend before the run (then it is in `blocking`). */
export interface Finding {
  /** Stable, kebab-case: `attribute-only-in-source`. */
  code: FindingCode;
  /** `Espace.Entity`, or '' where no entity is concerned. */
  entity: string;
  message: string;
}
