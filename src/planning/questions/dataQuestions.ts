import type { Database, TableName } from '../../database/port.ts';
import { queryRow } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import { Findings } from '../../plan/findings.ts';
import { mainTable } from './conditions.ts';
import { inParallel } from './parallel.ts';

/** Something only the data tells: how many rows of a source table meet a condition, and what follows from that. */
export interface DataQuestion {
  table: TableName;
  /** Over columns of `mainTable`. */
  condition: Sql;
  answer(this: void, rows: number, findings: Findings): void;
}

/** Conditions that one statement counts. */
const conditionsAtOnce = 50;

/**
 * Counts, one statement (and one scan) for a table's conditions.
 * @returns what was asked, in its order, with the rows that meet each condition.
 * @throws DatabaseError
 */
export async function countRows<Asked extends Pick<DataQuestion, 'table' | 'condition'>>(
  database: Database,
  questions: readonly Asked[],
): Promise<{ question: Asked; rows: number }[]> {
  const groups = groupByTable(questions).flatMap(({ table, asked }) =>
    Array.from({ length: Math.ceil(asked.length / conditionsAtOnce) }, (_, chunk) => ({
      table,
      asked: asked.slice(chunk * conditionsAtOnce, (chunk + 1) * conditionsAtOnce),
    })),
  );
  const counts = new Map<Asked, number>();
  await inParallel(groups, async ({ table, asked }) => {
    const counted = asked.map(({ condition }) => sql`count(case when ${condition} then 1 end)`);
    const row = await queryRow(database, counted, sql`from ${mainTable(table)}`);
    for (const [place, question] of asked.entries()) counts.set(question, integer(row[place] ?? null));
  });
  return questions.map((question) => ({ question, rows: counts.get(question)! }));
}

/** What is asked of each table, in the order given. */
export function groupByTable<Asked extends { table: TableName }>(
  asked: readonly Asked[],
): { table: TableName; asked: Asked[] }[] {
  const groups = new Map<string, { table: TableName; asked: Asked[] }>();
  for (const one of asked) {
    const { schema, name } = one.table;
    const key = JSON.stringify([schema, name]);
    const group = groups.get(key) ?? { table: { schema, name }, asked: [] };
    group.asked.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Asks the questions and gathers what follows. @throws DatabaseError */
export async function answerQuestions(database: Database, questions: readonly DataQuestion[]): Promise<Findings> {
  const findings = new Findings();
  for (const { question, rows } of await countRows(database, questions)) question.answer(rows, findings);
  return findings;
}
