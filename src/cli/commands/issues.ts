import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { listIssues } from '../../journal/issues.ts';
import { getRun, loadPlanIfAny } from '../../journal/runs.ts';
import { withJournal } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { counted, printJson, printLine, printTable } from '../output.ts';

const columns = ['espace', 'entity', 'source_id', 'code', 'reason', 'detail', 'state'];

/** `caravel issues ID`: rows set aside. Their details may be personal data; they go nowhere but to stdout. */
export async function issues(run: string, options: DataOptions & { csv?: boolean }): Promise<number> {
  const found = await withJournal(options, async (journal) => {
    await getRun(journal, run);
    const plan = await loadPlanIfAny(journal, run);
    const names = new Map(plan?.entities.map(({ key, espace, entity }) => [key, { espace, entity }]));
    return (await listIssues(journal, run)).map(({ entity: key, sourceId, code, reason, detail, state }) => ({
      ...(names.get(key) ?? { espace: '', entity: key }),
      source_id: sourceId,
      code,
      reason,
      detail: detail ?? null,
      state,
    }));
  });
  const open = found.filter(({ state }) => state === 'open').length;
  if (options.json) {
    printJson({ run, open, issues: found });
  } else if (options.csv) {
    await pipeline(Readable.from(found), stringify({ header: true, columns }), process.stdout, { end: false });
  } else if (found.length === 0) {
    printLine(`run '${run}' has set no rows aside`);
  } else {
    printTable(
      ['entity', 'source id', 'reason', 'detail', 'state'],
      found.map((issue) => [
        [issue.espace, issue.entity].filter(Boolean).join('.'),
        issue.source_id ?? '',
        `${issue.code}: ${issue.reason}`,
        issue.detail ?? '',
        issue.state,
      ]),
    );
    printLine(`${counted(open, 'row is', 'rows are')} set aside`);
  }
  return open > 0 ? exitCode.setAside : exitCode.ok;
}
