import type { Database, TableName } from '../../database/port.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import { Findings } from '../../plan/findings.ts';
import { mainTable, quoteFor, tableText } from './conditions.ts';
import { inParallel } from './parallel.ts';

/** Something only the data tells: how many rows of a source table meet a condition, and what follows from that. */
export interface DataQuestion {
  table: TableName;
  /** Over columns of `mainTable`. */
  condition: string;
  answer(this: void, rows: number, findings: Findings): void;
}

/** Conditions that one statement counts. */
const conditionsAtOnce = 50;

/**
 * Counts, one statement (and one scan) for a table's conditions.
 * @returns rows that meet each condition, in the order given.
 * @throws DatabaseError
 */
export async function countRows(
  database: Database,
  conditions: readonly Pick<DataQuestion, 'table' | 'condition'>[],
): Promise<number[]> {
  const quote = quoteFor(database);
  const numbered = conditions.map((one, index) => ({ ...one, index }));
  const groups = [...groupBy(numbered, ({ table }) => tableText(quote, table)).entries()].flatMap(([table, asked]) =>
    Array.from({ length: Math.ceil(asked.length / conditionsAtOnce) }, (_, chunk) => ({
      table,
      asked: asked.slice(chunk * conditionsAtOnce, (chunk + 1) * conditionsAtOnce),
    })),
  );
  const counts = new Array<number>(conditions.length).fill(0);
  await inParallel(groups, async ({ table, asked }) => {
    const counted = asked.map(({ condition }) => `count(case when ${condition} then 1 end)`);
    const [row] = await database.query(`select ${counted.join(', ')} from ${table} ${mainTable}`);
    asked.forEach(({ index }, place) => {
      counts[index] = Number(row![place]);
    });
  });
  return counts;
}

/** Asks the questions and gathers what follows. @throws DatabaseError */
export async function answerQuestions(database: Database, questions: readonly DataQuestion[]): Promise<Findings> {
  const counts = await countRows(database, questions);
  const findings = new Findings();
  questions.forEach((question, index) => {
    question.answer(counts[index]!, findings);
  });
  return findings;
}
