import Table from 'cli-table3';
import { countOf, grouped } from '../wording/counts.ts';
import { duration } from './duration.ts';
import type { Finding } from './finding.ts';
import type { Plan, PlannedEntity, PlannedReference } from './plan.ts';
import { nameOf, publicRole } from './plan.ts';

/** Widths of the columns order, entity, role, rows and after; with borders 80 characters at least. */
const fixedWidth = 5 + 11 + 16 + 6;

/**
 * The plan for people: the order as a table, cycles and how they are broken, what differs, then what stands in the way.
 * @param width of the terminal in characters; between 80 and 120 is used.
 */
export function printPlan(plan: Plan, width = 100): string {
  const usable = Math.min(120, Math.max(80, width));
  const copied = plan.entities.filter(({ role }) => role !== 'matched');
  const matched = plan.entities.filter(({ role }) => role === 'matched');
  const rows = copied.reduce((sum, entity) => sum + entity.rows, 0);
  const parts = [
    `${plan.source} → ${plan.destination}: ${countOf(rows, 'row')} in ${countOf(copied.length, 'entity', 'entities')}, in this order`,
    orderTable(copied, usable),
    ...(matched.length > 0
      ? [wrap(`Matched, not written: ${matched.map((entity) => nameOf(entity)).join(', ')}`, usable)]
      : []),
    ...howLong(plan, usable),
    ...section('Emptied first', emptied(plan), usable),
    ...section('People', people(plan), usable),
    ...section('Processes', processes(plan), usable),
    ...section('Event subscriptions', events(plan), usable),
    ...section('Cycles', cycles(plan), usable),
    ...section('Differences', differences(copied), usable),
    ...section('Warnings', plan.warnings.map(findingText), usable),
    ...section('Blocking', plan.blocking.map(findingText), usable),
    plan.blocking.length === 0
      ? 'This plan can run.'
      : `This plan cannot run: ${plan.blocking.length === 1 ? 'one thing stands' : countOf(plan.blocking.length, 'thing stands', 'things stand')} in the way.`,
  ];
  return parts.join('\n\n');
}

const findingText = ({ code, entity, message }: Finding) => `${entity === '' ? '' : `${entity}: `}${message} [${code}]`;

function orderTable(entities: readonly PlannedEntity[], width: number): string {
  const flexible = width - fixedWidth;
  const table = new Table({
    head: ['#', 'Entity', 'Role', 'Rows', 'Refers to'],
    colWidths: [6, Math.floor(flexible * 0.45), 9, 13, Math.ceil(flexible * 0.55)],
    colAligns: ['right', 'left', 'left', 'right', 'left'],
    style: { head: [], border: [], compact: true },
    wordWrap: true,
  });
  for (const entity of entities) {
    table.push([
      String(entity.order),
      wrapDotted(nameOf(entity), Math.floor(flexible * 0.45) - 2),
      publicRole(entity),
      grouped(entity.rows),
      referencesText(entity.references),
    ]);
  }
  return table.toString();
}

/** A long `Espace.Entity` breaks behind its dot. */
function wrapDotted(name: string, width: number): string {
  if (name.length <= width) return name;
  const dot = name.lastIndexOf('.') + 1;
  return `${name.slice(0, dot)} ${name.slice(dot)}`;
}

function referencesText(references: readonly PlannedReference[]): string {
  const deferred = references.filter((reference) => reference.deferred).map(({ attribute }) => attribute);
  const extended = references.find(({ identifier }) => identifier);
  const parts = [
    references.length === 0 ? '' : String(references.length),
    extended ? `1:1 with ${extended.targetName}` : '',
    deferred.length > 0 ? `later: ${deferred.join(', ')}` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** What becomes of people and of what they are allowed, in numbers; names are in the ledger (`--users`). */
function people({ people: summary }: Plan): string[] {
  if (summary === undefined) return [];
  const { users, groups, userRoles, groupRoles, groupUsers } = summary;
  const said = (what: string, counts: Record<string, number>) => {
    const parts = Object.entries(counts).filter(([, count]) => count > 0);
    const text = parts.map(([decision, count]) => `${grouped(count)} ${words[decision]}`).join(', ');
    return text === '' ? [] : [`${what}: ${text}`];
  };
  return [
    ...said('users', { ...users }),
    ...said('groups', { ...groups }),
    ...said('roles of users', { ...userRoles }),
    ...said('roles of groups', { ...groupRoles }),
    ...said('members of groups', { ...groupUsers }),
  ];
}

/** What becomes of process instances, counted as trees. */
function processes({ processes: summary }: Plan): string[] {
  if (summary === undefined) return [];
  const { copied, leftOut, outside, setAside } = summary;
  const trees = (count: number) => countOf(count, 'instance');
  return [
    ...(copied > 0 ? [`${trees(copied)} with subprocesses, activities and values to be copied`] : []),
    ...(leftOut > 0 ? [`${trees(leftOut)} left out: over, and the spec asks for the active ones`] : []),
    ...(outside > 0 ? [`${trees(outside)} of modules outside the scope`] : []),
    ...setAside.map(({ reason, trees: count }) => `${trees(count)} to be set aside: ${reason}`),
  ];
}

function howLong({ estimate }: Plan, width: number): string[] {
  if (estimate === undefined) return [];
  const { seconds, rowsPerSecond, sample } = estimate;
  const rate = `${grouped(rowsPerSecond)} rows/s`;
  const measured = `measured with ${countOf(sample.rows, 'row')} of ${sample.entity}`;
  return [wrap(`It may take about ${duration(seconds)}: ${rate}, ${measured}.`, width)];
}

/** What is deleted in the destination before anything is written, in that order. */
function emptied({ emptied: tables = [] }: Plan): string[] {
  return tables
    .filter(({ rows }) => rows > 0)
    .map(({ name, rows, instances, nulled }) => {
      const which = instances === undefined ? 'all' : 'of the process instances of the scope';
      const first = nulled.length === 0 ? '' : `; ${nulled.join(', ')} becomes NULL before`;
      return `${name}: ${countOf(rows, 'row')}, ${which}${first}`;
    });
}

function events({ events: tables = [] }: Plan): string[] {
  return tables.map(({ name, destination, silenced, source }) => {
    const emptied = silenced ? [`${destination.name} is emptied while the run writes, and filled again`] : [];
    const added = source === null ? [] : ['those of migrated activities are added'];
    return `${name}: ${[...emptied, ...added].join('; ')}`;
  });
}

const words: Record<string, string> = {
  matched: 'matched',
  created: 'to be created',
  updated: 'to be overwritten',
  recreated: 'to be deleted and created anew',
  missing: 'missing',
  setAside: 'to be set aside',
};

/** Which references are filled in a second pass, and why. */
function cycles(plan: Plan): string[] {
  const members = new Map<number, PlannedEntity[]>();
  for (const entity of plan.entities) members.set(entity.component, [...(members.get(entity.component) ?? []), entity]);
  const lines: string[] = [];
  for (const entities of members.values()) {
    const later = entities.flatMap((entity) =>
      entity.references
        .filter(({ deferred, target }) => deferred && target !== entity.key)
        .map(({ attribute }) => `${nameOf(entity)}.${attribute}`),
    );
    if (later.length > 0) {
      lines.push(
        `${entities.map(nameOf).join(', ')} refer to each other; filled in a second pass: ${later.join(', ')}`,
      );
    }
    for (const entity of entities) {
      const own = entity.references.filter(({ deferred, target }) => deferred && target === entity.key);
      for (const { attribute } of own) lines.push(`${nameOf(entity)}.${attribute} refers to its own entity`);
    }
  }
  return lines;
}

function differences(entities: readonly PlannedEntity[]): string[] {
  return entities.flatMap((entity) => entity.differences.map((difference) => `${nameOf(entity)}: ${difference}`));
}

function section(title: string, lines: readonly string[], width: number): string[] {
  if (lines.length === 0) return [];
  return [[title, ...lines.map((line) => wrap(`- ${line}`, width, '  '))].join('\n')];
}

function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
