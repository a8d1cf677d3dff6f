import type { Finding } from './finding.ts';

/** Findings gathered while a plan is made. */
export interface Findings {
  blocking: Finding[];
  warnings: Finding[];
}

export const noFindings = (): Findings => ({ blocking: [], warnings: [] });

export function addFindings(to: Findings, from: Findings): void {
  to.blocking.push(...from.blocking);
  to.warnings.push(...from.warnings);
}
