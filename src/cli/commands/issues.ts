import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { listIssues } from '../../journal/issues.ts';
import { issuesRun, loadPlanIfAny } from '../../journal/runs.ts';
import { countOf } from '../../wording/counts.ts';
import { withJournal } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine, printTable } from '../output.ts';

const columns = ['espace', 'entity', 'source_id', 'code', 'constraint', 'reason', 'detail', 'state'];
/** Source ids that a line of the table names. */
const namedIds = 5;

interface ListedIssue {
  espace: string;
  entity: string;
  source_id: string | null;
  code: string;
  constraint: string | null;
  reason: string;
  detail: string | null;
  state: 'open' | 'resolved';
}

/** Rows that were set aside for the same reason. */
interface IssueGroup extends Pick<ListedIssue, 'espace' | 'entity' | 'code' | 'constraint' | 'reason' | 'state'> {
  rows: number;
}

/**
 * `caravel issues ID`: rows set aside, grouped by why; each one with its details as CSV and JSON. The details may be
 * personal data; they go nowhere but to stdout.
 */
export async function issues(run: string, options: DataOptions & { csv?: boolean }): Promise<number> {
  const listed = await withJournal(options, async (journal) => {
    const of = await issuesRun(journal, run);
    const plan = await loadPlanIfAny(journal, of.id);
    const names = new Map(plan?.entities.map(({ key, espace, entity }) => [key, { espace, entity }]));
    return (await listIssues(journal, of.id)).map(
      ({ entity: key, sourceId, code, constraint, reason, detail, state }): ListedIssue => ({
        ...(names.get(key) ?? { espace: '', entity: key }),
        source_id: sourceId,
        code,
        constraint: constraint ?? null,
        reason,
        detail: detail ?? null,
        state,
      }),
    );
  });
  const open = listed.filter(({ state }) => state === 'open').length;
  if (options.json) {
    printJson({ run, open, groups: groupsOf(listed).map(({ group }) => group), issues: listed });
  } else if (options.csv) {
    await pipeline(Readable.from(listed), stringify({ header: true, columns }), process.stdout, { end: false });
  } else if (listed.length === 0) {
    printLine(`run '${run}' has set no rows aside`);
  } else {
    printTable(
      ['entity', 'why', 'rows', 'source ids', 'state'],
      groupsOf(listed).map(({ group: { espace, entity, code, reason, rows, state }, ids }) => [
        [espace, entity].filter(Boolean).join('.'),
        `${code}: ${reason}`,
        rows,
        ids.slice(0, namedIds).join(', ') + (ids.length > namedIds ? ', …' : ''),
        state,
      ]),
    );
    printLine(
      open === 0
        ? 'all of it has been migrated since'
        : `${countOf(open, 'row is', 'rows are')} set aside; 'caravel retry-issues ${run}' migrates them once the cause is mended, '--csv' has every row`,
    );
  }
  return open > 0 ? exitCode.setAside : exitCode.ok;
}

/** Open ones first, then the largest, then by name. */
function groupsOf(issues: readonly ListedIssue[]): { group: IssueGroup; ids: string[] }[] {
  const groups = new Map<string, { group: IssueGroup; ids: string[] }>();
  for (const { espace, entity, code, constraint, reason, state, source_id } of issues) {
    const key = JSON.stringify([espace, entity, code, constraint, reason, state]);
    const { group, ids } = groups.get(key) ?? {
      group: { espace, entity, code, constraint, reason, state, rows: 0 },
      ids: [],
    };
    groups.set(key, { group, ids });
    group.rows += 1;
    if (source_id !== null) ids.push(source_id);
  }
  const nameOf = ({ group: { espace, entity, reason } }: { group: IssueGroup }) => `${espace}.${entity} ${reason}`;
  return [...groups.values()].sort(
    (left, right) =>
      left.group.state.localeCompare(right.group.state) ||
      right.group.rows - left.group.rows ||
      nameOf(left).localeCompare(nameOf(right)),
  );
}
