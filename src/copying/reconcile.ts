import type { Transaction } from '../database/port.ts';
import { unpackIds } from '../identity/idList.ts';
import type { Intent } from '../journal/batches.ts';
import type { KeyedEntity, WrittenEntity } from '../plan/plan.ts';
import type { CopyContext } from '../writing/context.ts';
import { fingerprint, unpackFingerprints } from '../writing/fingerprint.ts';
import type { EntityCopy } from './entityCopy.ts';
import { foreignWrites } from './errors.ts';

/**
 * What became of a batch that was written down: its destination ids (null: rows without identifier), or nothing went
 * in.
 */
export type Settlement = { wentIn: true; destinationIds: string[] | null } | { wentIn: false };

/**
 * Decides from the destination alone whether an intent's batch went in. Must run under the entity's lock: then no
 * transaction of an earlier attempt is open any more, and the answer is final.
 * @throws CopyError `foreign-writes` when the destination allows no certain answer.
 */
export async function reconcile(
  { context, entity, translator }: EntityCopy<WrittenEntity>,
  transaction: Transaction,
  intent: Intent,
): Promise<Settlement> {
  if (entity.identifier === 'none') return reconcileCount(entity, transaction, intent);
  const names = translator.fingerprinted.flatMap((place) => translator.destinationColumns[place] ?? []);
  const { destinationIds } = intent;
  if (destinationIds !== null) return reconcileKeys(context, entity, names, { ...intent, destinationIds });
  return reconcileAboveMark(context, entity, names, intent);
}

/** Rows without identifier went in all or none: the count tells. */
async function reconcileCount(entity: WrittenEntity, transaction: Transaction, intent: Intent): Promise<Settlement> {
  const { schema, table } = entity.destination;
  const grown = BigInt(await transaction.count({ schema, name: table })) - (intent.mark ?? 0n);
  if (grown === 0n) return { wentIn: false };
  if (grown === BigInt(intent.rows)) return { wentIn: true, destinationIds: null };
  throw foreignWrites(entity, `${table} changed by ${grown} rows where the batch has ${intent.rows}`);
}

/**
 * Entities that keep or translate their ids: none of the intent's keys stood there before.
 * @param names columns of the destination that the fingerprints cover, in their order.
 */
async function reconcileKeys(
  context: CopyContext,
  entity: KeyedEntity,
  names: string[],
  intent: Intent & { destinationIds: Uint8Array },
): Promise<Settlement> {
  const { schema, table, identifier } = entity.destination;
  const keys = unpackIds(intent.destinationIds);
  const prints = unpackFingerprints(intent.fingerprints);
  const printOf = new Map(keys.map((key, index) => [key, prints[index]]));
  const cells = names.map((_, index) => index + 1);
  let present = 0;
  let equal = 0;
  const pages = context.destination.readRows({
    table: { schema, name: table },
    columns: [identifier, ...names],
    key: identifier,
    keys,
    batch: context.batch,
  });
  for await (const rows of pages) {
    for (const row of rows) {
      present += 1;
      if (printOf.get(row[0] as string) === fingerprint(row, cells)) equal += 1;
    }
  }
  if (present === 0) return { wentIn: false };
  if (equal === keys.length) return { wentIn: true, destinationIds: keys };
  throw foreignWrites(
    entity,
    `${present} of the batch's ${keys.length} identifiers are there, ${equal} with its content`,
  );
}

/**
 * Minted ids: the batch is looked for among the rows above the mark, by content and in order. The application may have
 * written in between, so the batch may be a subsequence; it is accepted only where there is one way to find it.
 */
async function reconcileAboveMark(
  context: CopyContext,
  entity: KeyedEntity,
  names: string[],
  intent: Intent,
): Promise<Settlement> {
  const { schema, table, identifier } = entity.destination;
  const written = unpackFingerprints(intent.fingerprints);
  const cells = names.map((_, index) => index + 1);
  const ids: string[] = [];
  const present: bigint[] = [];
  const pages = context.destination.readRows({
    table: { schema, name: table },
    columns: [identifier, ...names],
    key: identifier,
    after: intent.mark === null ? null : String(intent.mark),
    batch: context.batch,
  });
  for await (const rows of pages) {
    for (const row of rows) {
      ids.push(row[0] as string);
      present.push(fingerprint(row, cells));
    }
  }
  const places = findSubsequence(written, present);
  if (places === 'absent') return { wentIn: false };
  if (places === 'unclear') {
    throw foreignWrites(entity, `${present.length} rows stand above the mark where the batch has ${written.length}`);
  }
  return { wentIn: true, destinationIds: places.map((place) => ids[place]!) };
}

/**
 * Places of `part` in `whole`, in order. `absent`: not one of its members occurs; `unclear`: only some do, or they can
 * be found in more than one way.
 */
export function findSubsequence(part: ArrayLike<bigint>, whole: ArrayLike<bigint>): number[] | 'absent' | 'unclear' {
  const first: number[] = [];
  for (let place = 0; place < whole.length && first.length < part.length; place++) {
    if (whole[place] === part[first.length]) first.push(place);
  }
  if (first.length < part.length) {
    const members = new Set(Array.from(part));
    return Array.from(whole).some((member) => members.has(member)) ? 'unclear' : 'absent';
  }
  let last = part.length - 1;
  for (let place = whole.length - 1; place >= 0 && last >= 0; place--) {
    if (whole[place] !== part[last]) continue;
    if (place !== first[last]) return 'unclear';
    last -= 1;
  }
  return first;
}
