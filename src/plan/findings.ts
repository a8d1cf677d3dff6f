import { type FindingCode, type FindingFacts, findingKinds } from './catalogue/findings.ts';
import type { Finding } from './finding.ts';

/** Findings by what they do to a run. */
export interface FindingLists {
  readonly blocking: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Findings gathered while a plan is made; what each of them says is in the catalogue. */
export class Findings implements FindingLists {
  readonly blocking: Finding[] = [];
  readonly warnings: Finding[] = [];

  /** @param facts what the sentence of this code needs to know; with `entity` where it concerns one. */
  add<Code extends FindingCode>(code: Code, facts: FindingFacts[Code]): void {
    const { blocks, sentence, remedy } = findingKinds[code];
    const toDo = remedy(facts);
    const message = toDo === null ? sentence(facts) : `${sentence(facts)}; ${toDo}`;
    const list = blocks(facts) ? this.blocking : this.warnings;
    list.push({ code, entity: facts.entity ?? '', message });
  }

  /** Adds what others found, in their order. */
  merge(...others: FindingLists[]): this {
    for (const { blocking, warnings } of others) {
      this.blocking.push(...blocking);
      this.warnings.push(...warnings);
    }
    return this;
  }
}
