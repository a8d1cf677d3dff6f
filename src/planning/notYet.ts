import type { MigrationSpec } from '../config/migrationSpec.ts';
import { type Findings, noFindings } from './findings.ts';

/** What a spec asks for and this version does not do. Each entry goes when its feature comes. */
export function findNotYet(spec: MigrationSpec): Findings {
  const findings = noFindings();
  const refuse = (message: string) => findings.blocking.push({ code: 'not-supported', entity: '', message });
  if (spec.destinationData === 'delete') {
    refuse('this version does not empty the destination; set "destinationData" to "keep"');
  }
  return findings;
}
