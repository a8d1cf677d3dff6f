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

/** `1 row`, `2,000 rows`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
