import type { Row, RowRead } from '../database/port.ts';
import { readAhead } from '../database/readAhead.ts';
import type { NewIssue } from '../journal/issues.ts';
import { nameOf } from '../plan/plan.ts';
import { BatchSize } from '../writing/batchSize.ts';
import type { CopyOutcome, EntityWork } from '../writing/context.ts';
import { failpoint } from '../writing/failpoints.ts';
import { inSlices } from '../writing/slices.ts';

/** What became of a page of the second pass. */
export interface PassedPage {
  /** References filled. */
  filled: number;
  /** References that stay NULL as the spec says. */
  nulled: number;
  issues: NewIssue[];
}

/**
 * Reads rows of an entity again and has each page written to, from where the journal says. The same again changes
 * nothing more, so no intent is needed.
 * @param read the rows; the identifier is the first of its columns.
 * @param fill writes what a page says. @throws BatchClosedError, LeaseLostError, and whatever `fill` throws
 */
export async function passAgain(
  { context, entity, journal, control }: EntityWork,
  read: Omit<RowRead, 'after' | 'batch'>,
  fill: (page: Row[]) => Promise<PassedPage>,
): Promise<CopyOutcome> {
  const size = new BatchSize(context.batch);
  let { filledUpTo } = await journal.progress();
  const pages = context.source.readRows({ ...read, after: filledUpTo, batch: size });
  return inSlices(readAhead(pages), control, async (page) => {
    control.signal.throwIfAborted();
    const begun = performance.now();
    const passed = await fill(page);
    const upTo = page.at(-1)?.[0] as string;
    failpoint('fillClose', 'before', nameOf(entity));
    const next = await journal.closeFill({ from: filledUpTo, upTo, ...passed });
    failpoint('fillClose', 'after', nameOf(entity));
    size.written(page.length, performance.now() - begun);
    filledUpTo = upTo;
    control.onBatch(page.length);
    return next;
  });
}
