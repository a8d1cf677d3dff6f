/** What a finding of one code does to a run, as docs/preflight.md says it. */
export type Severity = 'blocks' | 'warns' | 'may block';

/** What is said whenever a finding of one code is made; `Facts` is what its sentence needs to know. */
export interface FindingKind<Facts> {
  severity: Severity;
  /** Whether these facts keep a run from starting. */
  blocks(this: void, facts: Facts): boolean;
  /** What is so. Holds names, counts and types, never values of rows. */
  sentence(this: void, facts: Facts): string;
  /** What an operator can do about it, said behind the sentence; null where nothing is to be done. */
  remedy(this: void, facts: Facts): string | null;
}

/** Facts of a finding about no entity in particular. */
export interface OfNone {
  entity?: never;
}

/** Facts of a finding about one entity. */
export interface OfEntity {
  /** `Espace.Entity`. */
  entity: string;
}

/** Sentence and remedy; a remedy that is always the same is a text. */
interface Said<Facts> {
  sentence(this: void, facts: Facts): string;
  remedy?: string | ((facts: Facts) => string | null);
}

/** Of a code that always keeps a run from starting. */
export const blocks = <Facts extends OfNone | OfEntity>(said: Said<Facts>): FindingKind<Facts> => ({
  severity: 'blocks',
  blocks: () => true,
  ...wordsOf(said),
});

/** Of a code that never does. */
export const warns = <Facts extends OfNone | OfEntity>(said: Said<Facts>): FindingKind<Facts> => ({
  severity: 'warns',
  blocks: () => false,
  ...wordsOf(said),
});

/** Of a code that does where the spec or the data decides so. */
export const mayBlock = <Facts extends OfNone | OfEntity>({
  blocks: decides,
  ...said
}: Said<Facts> & { blocks(this: void, facts: Facts): boolean }): FindingKind<Facts> => ({
  severity: 'may block',
  blocks: decides,
  ...wordsOf(said),
});

function wordsOf<Facts>({ sentence, remedy }: Said<Facts>): Pick<FindingKind<Facts>, 'sentence' | 'remedy'> {
  return { sentence, remedy: typeof remedy === 'function' ? remedy : () => remedy ?? null };
}
