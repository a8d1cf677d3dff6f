import type { Control } from '../journal/runs.ts';
import type { CopyControl, CopyOutcome } from './context.ts';

/**
 * Works through pages until there are no more, the operator pauses the run, or the time is up.
 * @param work stops when the signal says so, and says what the operator wants next; `done`: somebody else has finished
 * all of it.
 */
export async function inSlices<Page>(
  pages: AsyncIterable<Page>,
  control: Pick<CopyControl, 'deadline'>,
  work: (page: Page) => Promise<Control | 'done'>,
): Promise<CopyOutcome> {
  for await (const page of pages) {
    const next = await work(page);
    if (next === 'done') return 'done';
    if (next === 'pause') return 'paused';
    if (Date.now() > control.deadline) return 'timeUp';
  }
  return 'done';
}
