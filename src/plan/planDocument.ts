import type { Finding } from './finding.ts';
import { type Estimate, type Plan, type PlannedReference, publicRole, type Role } from './plan.ts';
import type { PeopleSummary, ProcessSummary } from './summaries.ts';

/** The plan as `caravel plan --json` prints it (docs/interface.md, "Documents"). */
export interface PlanDocument {
  executable: boolean;
  entities: {
    espace: string;
    entity: string;
    key: string;
    role: Role;
    rows: number;
    order: number;
    /** Physical tables; '' where there is none. */
    source: string;
    destination: string;
    references: Pick<PlannedReference, 'attribute' | 'identifier' | 'deferred' | 'rule'>[] & { target: string }[];
    differences: string[];
  }[];
  blocking: Finding[];
  warnings: Finding[];
  /** How long it would take, in seconds, from a measured sample; left out where there is nothing to measure. */
  estimate?: Estimate;
  /** What becomes of people and grants; left out where the data refers to no one. */
  people?: PeopleSummary;
  /** What becomes of process instances, in trees; left out where none is migrated. */
  processes?: ProcessSummary;
  /**
   * Rows of the destination that are deleted before anything is written, in that order; left out where
   * `destinationData` is keep.
   */
  emptied?: { entity: string; table: string; rows: number; cleared: string[] }[];
  /** Event tables of the destination that are emptied while the run writes, or to which subscriptions are added. */
  events?: { entity: string; table: string; silenced: boolean; added: boolean }[];
}

/** The plan's public form: names and decisions, without columns and bounds. */
export function planDocument(plan: Plan): PlanDocument {
  return {
    executable: plan.blocking.length === 0,
    entities: plan.entities.map((entity) => ({
      espace: entity.espace,
      entity: entity.entity,
      key: entity.key,
      role: publicRole(entity),
      rows: entity.rows,
      order: entity.order,
      source: entity.source?.table ?? '',
      destination: entity.destination?.table ?? '',
      references: entity.references.map(({ attribute, targetName, identifier, deferred, rule }) => ({
        attribute,
        target: targetName,
        identifier,
        deferred,
        rule,
      })),
      differences: entity.differences,
    })),
    blocking: plan.blocking,
    warnings: plan.warnings,
    ...(plan.estimate === undefined ? {} : { estimate: plan.estimate }),
    ...(plan.people === undefined ? {} : { people: plan.people }),
    ...(plan.processes === undefined ? {} : { processes: plan.processes }),
    ...(plan.emptied === undefined
      ? {}
      : {
          emptied: plan.emptied.map(({ name, table, rows, nulled }) => ({
            entity: name,
            table: table.name,
            rows,
            cleared: nulled,
          })),
        }),
    ...(plan.events === undefined
      ? {}
      : {
          events: plan.events.map(({ name, destination, silenced, source }) => ({
            entity: name,
            table: destination.name,
            silenced,
            added: source !== null,
          })),
        }),
  };
}
