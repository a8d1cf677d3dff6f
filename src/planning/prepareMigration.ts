import { alignMatched } from '../alignment/alignMatched.ts';
import type { MissingUser } from '../alignment/people.ts';
import type { ReferenceColumn } from '../alignment/referredIds.ts';
import type { Database } from '../database/port.ts';
import type { MatchedMap } from '../identity/mapStore.ts';
import { countOf, type Findings, noFindings } from './findings.ts';
import { missingReference } from './missingReferences.ts';
import { findNotYet } from './notYet.ts';
import { inParallel } from './parallel.ts';
import type { Plan, PlannedEntity, PlannedReference } from './plan.ts';
import { type PlanRequest, planWithCatalogs, readCatalogs } from './planMigration.ts';
import { quoteFor, tableText } from './statements.ts';

export interface PreparedMigration {
  plan: Plan;
  /** Id maps of the matched entities. */
  maps: MatchedMap[];
  /** People whom the data refers to and the destination lacks; for the operator's terminal only. */
  missingUsers: MissingUser[];
}

/**
 * Plans a run and matches the rows of its matched entities; the plan then holds the findings of both. Reads both
 * environments and writes to neither.
 * @throws PlanningError for a spec that names what is not there; DatabaseError
 */
export async function prepareMigration(request: PlanRequest): Promise<PreparedMigration> {
  const catalogs = await readCatalogs(request);
  const plan = await planWithCatalogs(request, catalogs);
  const columns = referenceColumns(plan);
  const alignment = await alignMatched({
    source: { database: request.source, catalog: catalogs.source },
    destination: { database: request.destination, catalog: catalogs.destination },
    entities: plan.entities.filter(({ role }) => role === 'matched').map(({ key }) => key),
    references: columns,
  });
  const blockedEntities = new Set(alignment.blocking.map(({ entity }) => entity));
  const open = columns.filter(({ reference }) => !blockedEntities.has(reference.targetName));
  const unmapped = await findUnmapped(request.source, open, alignment.maps);
  const notYet = await findNotYet(request.spec, plan, catalogs, request.destination);
  return {
    plan: [alignment, unmapped, notYet].reduce(withFindings, plan),
    maps: alignment.maps,
    missingUsers: alignment.missingUsers,
  };
}

/** The plan with more findings, those of the alignment say. */
export function withFindings(plan: Plan, { blocking, warnings }: Findings): Plan {
  return { ...plan, blocking: [...plan.blocking, ...blocking], warnings: [...plan.warnings, ...warnings] };
}

interface PlannedReferenceColumn extends ReferenceColumn {
  entity: PlannedEntity;
  reference: PlannedReference;
}

/** Columns of the source that the plan translates by maps of matched entities. */
function referenceColumns(plan: Plan): PlannedReferenceColumn[] {
  const matched = new Set(plan.entities.filter(({ role }) => role === 'matched').map(({ key }) => key));
  return plan.entities.flatMap((entity) =>
    entity.columns.flatMap(({ handling }) => {
      if (handling.as !== 'reference') return [];
      const reference = entity.references[handling.reference]!;
      if (!matched.has(reference.target) || reference.missing === 'keep') return [];
      const table = { schema: entity.source!.schema, name: entity.source!.table };
      return [{ table, column: handling.source, target: reference.target, entity, reference }];
    }),
  );
}

/**
 * References to rows of matched entities that have no counterpart in the destination (trap 32: a static record that is
 * gone). Entities without a map (left-out producers) are not looked at.
 */
async function findUnmapped(
  source: Database,
  columns: readonly PlannedReferenceColumn[],
  maps: readonly MatchedMap[],
): Promise<Findings> {
  const quote = quoteFor(source);
  const mapped = new Map(maps.map(({ entity, pairs }) => [entity, new Set(pairs.map(([id]) => id))]));
  const findings = noFindings();
  const counted = await inParallel(
    columns.filter(({ target }) => mapped.has(target)),
    async ({ table, column, target, entity, reference }) => {
      const value = quote(column);
      const known = mapped.get(target)!;
      if (known.size === 0) {
        // Perhaps as many ids as rows, and none of them is mapped.
        const [row] = await source.query(
          `select count(*) from ${tableText(quote, table)} where ${value} is not null and cast(${value} as varchar(50)) not in ('', '0')`,
        );
        return { entity, reference, rows: Number(row![0]) };
      }
      const rows = await source.query(
        `select ${value}, count(*) from ${tableText(quote, table)} where ${value} is not null group by ${value}`,
      );
      const unknown = rows.filter(([id]) => id !== '0' && id !== '' && !known.has(String(id)));
      return { entity, reference, rows: unknown.reduce((sum, [, count]) => sum + Number(count), 0) };
    },
  );
  for (const { entity, reference, rows } of counted) {
    if (rows === 0) continue;
    const found = missingReference(
      `${entity.espace}.${entity.entity}`,
      reference,
      `in ${countOf(rows, 'row')} ${reference.attribute} refers to a row of ${reference.targetName} that has no counterpart in the destination`,
    );
    findings.blocking.push(...(found.blocking ?? []));
    findings.warnings.push(...(found.warnings ?? []));
  }
  return findings;
}
