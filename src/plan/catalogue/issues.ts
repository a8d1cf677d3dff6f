import type { RowLevelCode } from '../../database/errors.ts';

/**
 * Why a row, or a part of it, was set aside: the journal's line for it, and what an operator does (docs/what-if.md).
 */
export interface IssueKind<Facts> {
  /** One line without values. */
  sentence(this: void, facts: Facts): string;
  remedy: string;
}

interface Reference {
  attribute: string;
  /** `Espace.Entity`. */
  targetName: string;
}

/** What the destination's database said, with table, constraint and number. */
interface Refusal {
  message: string;
}

/** Why a subscription cannot be given to the destination; `filter` is a column of it. */
export type SubscriptionFault =
  | { fault: 'row not migrated'; filter: string }
  | { fault: 'column missing'; filter: string; table: string };

const kind = <Facts>(given: IssueKind<Facts>): IssueKind<Facts> => given;
const refusal = (remedy: string) => kind<Refusal>({ sentence: ({ message }) => message, remedy });

export const issueKinds = {
  'missing-reference': kind<Reference>({
    sentence: ({ attribute, targetName }) => `${attribute} refers to a row of ${targetName} that was not migrated`,
    remedy: 'migrate that row, or mend what set it aside',
  }),
  'reference-left-null': kind<Reference>({
    sentence: ({ attribute, targetName }) =>
      `${attribute} refers to a row of ${targetName} that was set aside later; it is NULL`,
    remedy: 'mend what set that row aside',
  }),
  'process-definition-missing': kind<{ reason: string | undefined }>({
    sentence: ({ reason }) => reason ?? 'a definition of it is missing',
    remedy: 'publish the same version of the process there',
  }),
  'subscription-set-aside': kind<SubscriptionFault>({
    sentence: (why) =>
      'an event subscription of this activity is not migrated: ' +
      (why.fault === 'row not migrated'
        ? `its filter ${why.filter} names a row that was not migrated`
        : `its filter ${why.filter} has no column in the destination's ${why.table}`),
    remedy: 'migrate the row that it listens to, or publish the same version of the module there',
  }),
  duplicate: refusal('remove the row that is there, or mend the unique value in the source'),
  reference: refusal('bring the row that it refers to into the destination'),
  'null-value': refusal('give the row a value in the source'),
  truncation: refusal('shorten the value in the source, or publish the same version there'),
  overflow: refusal('mend the number or the date in the source, or publish the same version there'),
  'invalid-value': refusal('mend the value in the source; the constraint tells which check it breaks'),
};

export type IssueCode = keyof typeof issueKinds;

/** What the sentence of each code needs to know. */
export type IssueFacts = {
  [Code in IssueCode]: (typeof issueKinds)[Code] extends IssueKind<infer Facts> ? Facts : never;
};

/** The sentence of a code. */
export function issueReason<Code extends IssueCode>(code: Code, facts: IssueFacts[Code]): string {
  const kinds: { [Known in IssueCode]: IssueKind<IssueFacts[Known]> } = issueKinds;
  return kinds[code].sentence(facts);
}

/** Under which code a row is set aside that the destination's database does not take. */
export const refusalCodes = {
  duplicate: 'duplicate',
  reference: 'reference',
  nullValue: 'null-value',
  truncation: 'truncation',
  overflow: 'overflow',
  invalidValue: 'invalid-value',
} as const satisfies Record<RowLevelCode, IssueCode>;

/** What is said of process instances of which the destination lacks a definition. */
export const definitionMissing = (there: string, definition: string, of: string): string =>
  `'${there}' lacks the definition ${definition} of ${of}`;
