import type { EntityKey, EnvironmentCatalog, Espace } from '../../outsystems/catalog.ts';
import { espacesInScope } from '../../outsystems/scope.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';

/** Triggers of the platform, which are silenced (docs/metamodel.md §5, "Trigger"). */
const isEventTrigger = (name: string) => name.toUpperCase().startsWith('OSTRG_EI_');

/**
 * What an operator does in the destination before a run, and whether it was done (guide, "Destination Applications Downtime"): nothing
 * of it stands in the way.
 */
export function checkPreparations(
  { spec }: PlanRequest,
  { source, destination }: Catalogs,
  drafts: readonly Draft[],
): Findings {
  const findings = new Findings();
  const there = destination.environment;
  const espaces = espacesWritten(source, destination, drafts, espacesInScope(source, spec.scope));
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
function espacesWritten(
  source: EnvironmentCatalog,
  destination: EnvironmentCatalog,
  drafts: readonly Draft[],
  inScope: ReadonlySet<Espace>,
): Espace[] {
  const owners = new Map(source.entities.map(({ key, espace }): [EntityKey, Espace] => [key, espace]));
  const keys = new Set([...inScope, ...drafts.flatMap(({ pair }) => owners.get(pair.key) ?? [])].map(({ key }) => key));
  return destination.espaces.filter(({ key, system }) => keys.has(key) && !system);
}
