import { dataFindings } from './dataFindings.ts';
import { definitionFindings } from './definitionFindings.ts';
import { environmentFindings } from './environmentFindings.ts';
import type { FindingKind, OfEntity, OfNone } from './findingKind.ts';
import { peopleFindings } from './peopleFindings.ts';

/** Every finding that a plan may hold, by its code (docs/preflight.md lists them under the same headings). */
const catalogue = { ...environmentFindings, ...definitionFindings, ...dataFindings, ...peopleFindings };

export type FindingCode = keyof typeof catalogue;

/** What the sentence of each code needs to know. */
export type FindingFacts = {
  [Code in FindingCode]: (typeof catalogue)[Code] extends FindingKind<infer Facts extends OfNone | OfEntity>
    ? Facts
    : never;
};

export const findingKinds: { [Code in FindingCode]: FindingKind<FindingFacts[Code]> } = catalogue;
