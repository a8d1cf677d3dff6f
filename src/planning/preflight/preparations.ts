import type { Espace } from '../../outsystems/catalog.ts';
import { espacesInScope } from '../../outsystems/scope.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import type { Migration } from '../questions/request.ts';

/** Triggers of the platform, which are silenced (docs/metamodel.md §5, "Trigger"). */
const isEventTrigger = (name: string) => name.toUpperCase().startsWith('OSTRG_EI_');

/**
 * What an operator does in the destination before a run, and whether it was done (guide, "Destination Applications
 * Downtime"): nothing of it stands in the way.
 */
export function checkPreparations(migration: Migration, drafts: readonly Draft[]): Findings {
  const findings = new Findings();
  const destination = migration.destination.catalog;
  const there = destination.environment;
  const espaces = espacesWritten(migration, drafts);
  for (const { name, disabled, espaceIds } of destination.applications) {
    if (disabled !== false || !espaces.some(({ kind, id }) => kind === 'espace' && espaceIds.includes(id))) continue;
    findings.add('application-enabled', { application: name, there });
  }
  for (const { name, locked } of espaces) {
    if (locked) findings.add('espace-locked', { module: name, there });
  }
  for (const draft of drafts) {
    const others = draft.destination.triggers.filter(({ name, enabled }) => enabled && !isEventTrigger(name));
    if (others.length === 0) continue;
    findings.add('trigger-enabled', { entity: draft.name, triggers: others.map(({ name }) => name), there });
  }
  return findings;
}

/** The destination's espaces whose entities are written, or that are in scope. */
function espacesWritten({ spec, source, destination }: Migration, drafts: readonly Draft[]): Espace[] {
  const owners = new Map(source.catalog.entities.map(({ key, espace }) => [key, espace]));
  const ofDrafts = drafts.flatMap(({ pair }) => owners.get(pair.key) ?? []);
  const keys = new Set([...espacesInScope(source.catalog, spec.scope), ...ofDrafts].map(({ key }) => key));
  return destination.catalog.espaces.filter(({ key, system }) => keys.has(key) && !system);
}
