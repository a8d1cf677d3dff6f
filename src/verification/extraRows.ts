import type { Row } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { integer } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { IdSet } from '../identity/idSet.ts';
import type { KeyedEntity } from '../plan/plan.ts';
import type { EntityProof, VerifyContext } from './context.ts';
import { rowsByIds } from './destinationRows.ts';
import { addExample, type VerificationReport } from './report.ts';

/** Lowest and highest destination id that rows of the run were found with; null where it wrote none. */
export interface RunRange {
  lowest: bigint | null;
  highest: bigint | null;
}

export interface Claims {
  /** Ids found to be the counterpart of a source row; grows here. */
  ids: IdSet;
  /** The entity's whole map. */
  map: IdMap & { entries(): Iterable<[string, string]> };
  /** Source rows of this proof that the map knows. */
  mapped: number;
}

/**
 * Adds to the report the rows of the destination that lie where the run wrote and that no row of the map owns. Minted
 * ids only: where ids are kept or translated, a row cannot be there twice. People come to a destination by other ways
 * too: of an aligned entity only a row that means the same as one that the run inserted is extra.
 */
export async function countExtra(
  proof: EntityProof<KeyedEntity>,
  { destinationBefore, run }: { destinationBefore: string | null; run: RunRange },
  claims: Claims,
  report: VerificationReport,
): Promise<void> {
  const { context, entity, control } = proof;
  const range = rangeOf(context, destinationBefore, run);
  if (range === null) return;
  const present = await countRange(context, entity, range);
  if (present === claims.ids.count(range)) return;
  // Rows whose source rows are gone, or newer than the plan, have their owner too.
  if (claims.mapped < claims.map.size) await claimTheRest(proof, claims, range);
  if (present === claims.ids.count(range)) return;
  const identifier = entity.destination.identifier;
  const on = entity.role === 'aligned' ? entity.aligned.on : null;
  const pages = context.destination.readRows({
    table: { schema: entity.destination.schema, name: entity.destination.table },
    columns: [identifier, ...(on ?? [])],
    key: identifier,
    after: range.after === null ? null : String(range.after),
    upTo: range.upTo === null ? null : String(range.upTo),
    batch: context.batch,
  });
  const extra = (id: string) => {
    report.extra += 1;
    addExample(report, { kind: 'extra', sourceId: null, destinationId: id });
  };
  const owned = new Set<string>();
  const others = new Map<string, string>();
  for await (const rows of pages) {
    control.signal.throwIfAborted();
    for (const row of rows) {
      const [id, ...cells] = row as [string, ...Row];
      const isOwned = claims.ids.has(id);
      if (on === null && !isOwned) extra(id);
      else if (on !== null && isOwned) owned.add(JSON.stringify(cells));
      else if (on !== null) others.set(id, JSON.stringify(cells));
    }
    control.onBatch(0);
  }
  for (const [id, meaning] of others) if (owned.has(meaning)) extra(id);
}

interface Range {
  after: bigint | null;
  upTo: bigint | null;
}

/** Where the run wrote; null where it wrote nothing that the journal knows of. */
function rangeOf(context: VerifyContext, destinationBefore: string | null, run: RunRange): Range | null {
  const open = context.openEnd === true;
  if (run.lowest === null && (destinationBefore === null || !open)) return null;
  let after = destinationBefore === null ? null : BigInt(destinationBefore);
  // What is not below the run's own rows was not there before them.
  if (after !== null && run.lowest !== null && run.lowest <= after) after = run.lowest - 1n;
  return { after, upTo: open ? null : run.highest };
}

async function countRange({ destination }: VerifyContext, entity: KeyedEntity, range: Range): Promise<number> {
  const { schema, table, identifier } = entity.destination;
  const id = sql.id(identifier);
  const within = sql.all([
    ...(range.after === null ? [] : [sql`${id} > ${range.after}`]),
    ...(range.upTo === null ? [] : [sql`${id} <= ${range.upTo}`]),
  ]);
  const counted = sql`select ${sql.countOfRows} as total from ${sql.table({ schema, name: table })} where ${within}`;
  const { total } = await queryOne(destination, counted, { total: integer });
  return total;
}

/** Claims what the map owns besides the rows that this proof went through, a page at a time. */
async function claimTheRest(proof: EntityProof<KeyedEntity>, claims: Claims, range: Range): Promise<void> {
  const { context, control } = proof;
  for (const page of unclaimed(claims, range, context.batch.rows)) {
    control.signal.throwIfAborted();
    await claim(proof, claims.ids, page);
    control.onBatch(0);
  }
}

/** Claims those of these ids that the destination holds. */
async function claim({ context, entity }: EntityProof<KeyedEntity>, claimed: IdSet, ids: string[]): Promise<void> {
  const owned = new Set(ids);
  const { batch } = context;
  const found = rowsByIds(context.destination, entity, { columns: [entity.destination.identifier], ids, batch });
  for await (const rows of found) for (const [id] of rows) if (owned.has(id as string)) claimed.add(id as string);
}

/** Ids of the range that the map owns and nobody has claimed yet, so many at a time. */
function* unclaimed({ ids, map }: Claims, { after, upTo }: Range, size: number): Generator<string[]> {
  let page: string[] = [];
  for (const [, destinationId] of map.entries()) {
    const id = BigInt(destinationId);
    if (ids.has(destinationId) || (after !== null && id <= after) || (upTo !== null && id > upTo)) continue;
    page.push(destinationId);
    if (page.length < size) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
