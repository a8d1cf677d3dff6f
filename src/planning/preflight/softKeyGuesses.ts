import { userTable } from '../../alignment/people/peopleTables.ts';
import type { Database, PhysicalColumn } from '../../database/port.ts';
import { queryOne, queryRows } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import type { Attribute } from '../../outsystems/catalog.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { isNullIdentifier } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import { mainColumn, mainTable } from '../questions/conditions.ts';
import { inParallel } from '../questions/parallel.ts';

/** Newest rows of an entity that are looked at. */
const sampledRows = 200;
/** Characters of a text that are looked at. */
const sampledLength = 400;
/** User names that are looked up. */
const sampledNames = 20;

/**
 * Attributes that look as if they held identifiers which the metamodel does not know of (trap 49): such values are
 * copied as they are, and mean something else, or nothing, in the destination. A guess from the newest rows; only a
 * person can tell.
 * @throws DatabaseError
 */
export async function guessSoftKeys(source: Environment, drafts: readonly Draft[]): Promise<Findings> {
  const entities = new Set(source.catalog.entities.map(({ name }) => name.toLowerCase()));
  const guesses = await inParallel(
    drafts.filter(({ people, instances }) => people === null && instances === null),
    (draft) => guessOfDraft(source, draft, candidatesOf(draft, entities)),
  );
  return new Findings().merge(...guesses);
}

async function guessOfDraft(source: Environment, draft: Draft, candidates: readonly Candidate[]): Promise<Findings> {
  const findings = new Findings();
  if (candidates.length === 0) return findings;
  for (const { candidate, values } of await sample(source.database, draft, candidates)) {
    const guess = await looksLike(source, candidate, values);
    if (guess === null) continue;
    const { what, within } = guess;
    const attribute = candidate.attribute.name;
    findings.add('soft-key-suspected', { entity: draft.name, attribute, what, isWithin: within });
  }
  return findings;
}

interface Candidate {
  attribute: Attribute;
  column: PhysicalColumn;
}

/** Plain texts, and plain numbers that are called after an entity. */
function candidatesOf({ pair, columns }: Draft, entities: ReadonlySet<string>): Candidate[] {
  const plain = new Set(columns.flatMap(({ handling }) => (handling.as === 'value' ? [handling.source] : [])));
  return pair.attributes.flatMap(({ source: attribute }) => {
    const { column, name } = attribute;
    if (column === null || !plain.has(column.name)) return [];
    if (column.kind === 'text') return [{ attribute, column }];
    const named = /^(.+?)_?Id$/i.exec(name)?.[1];
    return column.kind === 'integer' && named !== undefined && entities.has(named.toLowerCase())
      ? [{ attribute, column }]
      : [];
  });
}

/** Distinct values of each candidate in the newest rows, those that say something. */
async function sample(
  database: Database,
  draft: Draft,
  candidates: readonly Candidate[],
): Promise<{ candidate: Candidate; values: string[] }[]> {
  const parts = candidates.map(({ column }) => {
    const held = mainColumn(column.name);
    return column.kind === 'text' ? sql`substring(${held}, 1, ${sql.literal(sampledLength)})` : held;
  });
  const key = draft.identifierColumns?.source;
  const order = key === undefined ? sql`(select null)` : sql`${mainColumn(key.name)} desc`;
  const rows = await queryRows(
    database,
    parts,
    sql`from ${mainTable(draft.source)} order by ${order}
      offset 0 rows fetch next ${sql.literal(sampledRows)} rows only`,
  );
  return candidates.map((candidate, index) => {
    const values = rows.flatMap((row) => (typeof row[index] === 'string' ? [row[index].trim()] : []));
    return { candidate, values: [...new Set(values.filter((value) => !isNullIdentifier(value)))] };
  });
}

const guid = /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/i;
const number = /^\d{1,19}$/;
const numbers = /^\d+(\s*[,;|]\s*\d+)+$/;
const keyedJson = /^\s*[[{].*"\w*(id|key|guid)"\s*:/is;
const name = /^\S{2,250}$/;
/** What attributes are called that hold identifiers: `ExternalId`, `order_ref`, `PARENTKEY`. */
const calledKey = /(id|ids|key|keys|guid|uuid|ref|reference)$/i;
const calledUser = /(user|login|owner|author|approver|assignee|by)(name)?$/i;

interface Guess {
  what: string;
  /** They are parts of the text. */
  within: boolean;
}

async function looksLike(
  source: Environment,
  { attribute, column }: Candidate,
  values: readonly string[],
): Promise<Guess | null> {
  const whole = (what: string): Guess => ({ what, within: false });
  if (values.length === 0) return null;
  if (column.kind === 'integer') return whole('identifiers');
  const mostly = (pattern: RegExp) => values.filter((value) => pattern.test(value)).length >= values.length * 0.9;
  if (mostly(guid)) return whole('GUIDs');
  if (values.some((value) => keyedJson.test(value))) {
    return { what: 'JSON with identifiers in it', within: true };
  }
  if (calledKey.test(attribute.name) && mostly(number)) return whole('identifiers');
  if (mostly(numbers)) return { what: 'lists of identifiers', within: true };
  const isCalledUser = calledUser.test(attribute.name);
  if (!mostly(name) || (values.length < 2 && !isCalledUser)) return null;
  const asked = values.slice(0, sampledNames);
  const users = await countUsers(source, asked);
  return users > 0 && users >= asked.length * 0.8 ? whole('user names') : null;
}

/** How many of these are names of users. */
async function countUsers({ database, catalog }: Environment, names: readonly string[]): Promise<number> {
  const users = catalog.platformTables.get(userTable);
  const column = users && columnOf(users, 'USERNAME');
  if (users === undefined || column === undefined) return 0;
  const { known } = await queryOne(
    database,
    sql`select count(distinct ${sql.id(column)}) as known from ${sql.table(users)}
      where ${sql.id(column)} in (${sql.list(names)})`,
    { known: integer },
  );
  return known;
}
