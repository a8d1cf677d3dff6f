import type { PhysicalColumn } from '../../database/port.ts';
import type { Attribute } from '../../outsystems/catalog.ts';
import type { EntityPair } from '../../outsystems/matching.ts';
import { entityName } from '../../outsystems/naming.ts';
import { isStale, isUnresolved, spelledTarget } from '../../outsystems/references.ts';
import type { PlannedColumn } from '../../plan/plan.ts';
import { holdsData } from '../questions/conditions.ts';
import { type Draft, type DraftContext, type DraftReference, EntityNotes, tableOf } from './draft.ts';
import { draftIdentifier, unresolved } from './draftIdentifier.ts';
import { neutralValue } from './neutralValues.ts';
import type { SourceReference } from './sourceReferences.ts';
import { isWidening, typeWords } from './typeDifferences.ts';
import { doesNotFit } from './valueFit.ts';

interface DraftedEntity {
  /** Null where the entity cannot be copied; the notes then hold a blocking finding. */
  draft: Draft | null;
  notes: EntityNotes;
}

/**
 * Decides for one entity which columns are written with what, and notes everything that does not match: it is said, by
 * name, and never dropped. Reads nothing: what depends on the data becomes a question.
 */
export function draftEntity(pair: EntityPair, context: DraftContext): DraftedEntity {
  const { source, destination } = pair;
  const tables = { source: tableOf(source), destination: tableOf(destination) };
  const notes = new EntityNotes(source, tables.source);
  const identifier = draftIdentifier(source, destination, context, notes);
  if (identifier === null) return { draft: null, notes };
  const draft: Draft = {
    pair,
    people: null,
    instances: null,
    name: entityName(source),
    ...tables,
    ...identifier.identity,
    columns: [],
    references: [],
    differences: [],
  };
  const drafting = new Drafting(draft, context, notes);
  if (draft.identifierColumns !== null) drafting.addIdentifier(draft.identifierColumns, identifier.reference);
  for (const { source: from, destination: to } of pair.attributes) {
    if (from !== source.identifier && to !== destination.identifier) drafting.addAttribute(from, to);
  }
  for (const attribute of pair.sourceOnly) if (attribute !== source.identifier) drafting.leaveBehind(attribute);
  drafting.addTenant();
  for (const attribute of pair.destinationOnly) {
    if (attribute !== destination.identifier) drafting.fill(attribute);
  }
  drafting.fillDeadColumns();
  draft.differences.push(...nameDifferences(pair));
  return { draft, notes };
}

/** The same of a platform table whose columns were declared as attributes: those that one side lacks are skipped. */
export function draftDeclared(pair: EntityPair, context: DraftContext): DraftedEntity {
  const { draft, notes } = draftEntity({ ...pair, sourceOnly: [], destinationOnly: [] }, context);
  if (draft === null) return { draft, notes };
  const { source, destination } = context.environments;
  const skipped = (attributes: readonly Attribute[], environment: string) =>
    attributes.map(({ name }) => `${name} is only in '${environment}'; it is skipped`);
  const differences = [...skipped(pair.sourceOnly, source), ...skipped(pair.destinationOnly, destination)];
  return { draft: { ...draft, differences: [...draft.differences, ...differences] }, notes };
}

/** An attribute that both sides have, with its columns. */
interface PairedAttribute {
  from: Attribute;
  to: Attribute;
  source: PhysicalColumn;
  destination: PhysicalColumn;
}

class Drafting {
  readonly #draft: Draft;
  readonly #context: DraftContext;
  readonly #notes: EntityNotes;
  /** Columns of the destination of which it is decided what becomes of them. */
  readonly #decided = new Set<string>();

  constructor(draft: Draft, context: DraftContext, notes: EntityNotes) {
    this.#draft = draft;
    this.#context = context;
    this.#notes = notes;
  }

  addIdentifier(columns: { source: PhysicalColumn; destination: PhysicalColumn }, reference: DraftReference | null) {
    this.#decided.add(columns.destination.name);
    // A minted identifier is not written: the destination makes it.
    if (this.#draft.identifier === 'minted') return;
    if (reference !== null) this.#addReference(columns.destination, reference);
    else this.#add(columns.destination, { as: 'identifier', source: columns.source.name });
  }

  addAttribute(from: Attribute, to: Attribute): void {
    const { environments, ignored, references } = this.#context;
    const reference = references.of(from);
    const { entity, findings } = this.#notes;
    if (reference === null && isUnresolved(from)) {
      if (ignored.has(from)) this.#ignore(from, to);
      else findings.add('unresolved-reference', unresolved(this.#notes, from, this.#context));
      return;
    }
    if (from.column === null) {
      findings.add('column-missing', {
        entity,
        table: this.#draft.source.name,
        where: environments.source,
        attribute: from.name,
        isIdentifier: false,
      });
      this.fill(to);
      return;
    }
    if (to.column === null) {
      this.leaveBehind(from);
      return;
    }
    if (to.column.computed || to.column.identity) {
      this.#decided.add(to.column.name);
      this.#draft.differences.push(`${to.name} is filled by the database in '${environments.destination}'`);
      return;
    }
    if (this.#decided.has(to.column.name)) {
      findings.add('column-shared', { entity, column: to.column.name, there: environments.destination });
      return;
    }
    const paired = { from, to, source: from.column, destination: to.column };
    if (reference === null) {
      this.#addScalar(paired);
      return;
    }
    if (isStale(from)) {
      const [named, target] = [this.#context.wordsFor(from.type), reference.targetName];
      findings.add('stale-reference', { entity, attribute: from.name, named, target });
    }
    this.#addAttributeReference(paired, reference);
  }

  #addAttributeReference({ from, to, source, destination }: PairedAttribute, reference: SourceReference): void {
    const { environments, ignored } = this.#context;
    if (to.references !== null && from.references !== null && to.references !== from.references) {
      if (ignored.has(from)) {
        this.#ignore(from, to);
        return;
      }
      const { entity } = this.#notes;
      this.#notes.ask(holdsData(source), 'reference-differs', (values) => {
        return { entity, ...environments, attribute: from.name, target: reference.targetName, values };
      });
    }
    if (to.references === null && from.references !== null) {
      this.#draft.differences.push(`${from.name} is a reference in '${environments.source}' only`);
    }
    this.#addReference(destination, this.#draftReference(reference, source, destination));
  }

  #addScalar(paired: PairedAttribute): void {
    const { from, to, source, destination } = paired;
    const { environments, ignored } = this.#context;
    const { entity } = this.#notes;
    const becameReference = to.references !== null || isUnresolved(to);
    if (becameReference || (source.kind !== destination.kind && !isWidening(source.kind, destination.kind))) {
      if (ignored.has(from)) {
        this.#ignore(from, to);
        return;
      }
      const types = typeWords(source, destination, environments);
      this.#notes.ask(holdsData(source), 'type-differs', (values) => {
        return { entity, ...environments, attribute: from.name, types, becameReference, values };
      });
    } else this.#askWhetherItFits(paired);
    this.#add(destination, { as: 'value', source: source.name });
  }

  #askWhetherItFits({ from, source, destination }: PairedAttribute): void {
    const condition = doesNotFit(source, destination);
    if (condition === null) return;
    const { environments, rowErrors } = this.#context;
    const { entity } = this.#notes;
    const types = typeWords(source, destination, environments);
    this.#draft.differences.push(`${from.name} is ${types}`);
    const setAside = source.kind === 'text' && rowErrors === 'setAside';
    this.#notes.ask(condition, 'value-does-not-fit', (values) => {
      return { entity, attribute: from.name, types, values, setAside, destination: environments.destination };
    });
  }

  /** An attribute of the source without a place in the destination: with data it blocks, unless the spec ignores it. */
  leaveBehind(attribute: Attribute): void {
    const { environments, ignored } = this.#context;
    const { name, column } = attribute;
    this.#draft.differences.push(`${name} is only in '${environments.source}'`);
    if (column === null) return;
    const { entity } = this.#notes;
    const isIgnored = ignored.has(attribute);
    this.#notes.ask(holdsData(column), 'attribute-only-in-source', (values) => {
      return { entity, ...environments, attribute: name, values, isIgnored };
    });
  }

  #ignore(from: Attribute, to: Attribute): void {
    const { entity, findings } = this.#notes;
    findings.add('attribute-ignored', { entity, attribute: from.name });
    this.fill(to);
  }

  /** The hidden TENANT_ID (trap 34). */
  addTenant(): void {
    const { source, destination } = this.#draft.pair;
    const { environments } = this.#context;
    const { entity, findings } = this.#notes;
    const reference = this.#context.references.tenantOf(source);
    const column = destination.tenantColumn;
    if (column !== null) this.#decided.add(column.name);
    if (reference?.column && column !== null) {
      this.#addReference(column, this.#draftReference(reference, reference.column, column));
    } else if (reference?.column) {
      this.#notes.ask(holdsData(reference.column), 'tenant-only-in-source', (rows) =>
        rows === 0 ? null : { entity, ...environments },
      );
    } else if (column !== null && (destination.multiTenant || (!column.nullable && column.default === null))) {
      findings.add('tenant-only-in-destination', { entity, there: environments.destination });
    }
  }

  /** A destination-only attribute: its default, and where there is none the type's neutral value. */
  fill(attribute: Attribute): void {
    const { column } = attribute;
    const { environments } = this.#context;
    if (column === null || this.#decided.has(column.name)) return;
    this.#decided.add(column.name);
    if (column.identity || column.computed) return;
    this.#draft.differences.push(`${attribute.name} is only in '${environments.destination}'`);
    if (column.default !== null && !/^\(*null\b/i.test(column.default)) return;
    const isReference = spelledTarget(attribute.type) !== null;
    this.#fillNeutral(column, isReference ? null : neutralValue(column.kind), attribute.name);
  }

  /** Columns of no active attribute are left out (trap 6), unless they insist on a value. */
  fillDeadColumns(): void {
    for (const column of this.#draft.destination.columns) {
      if (this.#decided.has(column.name) || column.nullable || column.default !== null) continue;
      if (column.identity || column.computed) continue;
      this.#fillNeutral(column, neutralValue(column.kind), `its column ${column.name}`);
    }
  }

  #fillNeutral(column: PhysicalColumn, value: string | null, what: string): void {
    if (value === null && !column.nullable) {
      const { entity, findings } = this.#notes;
      findings.add('value-required', { entity, what, there: this.#context.environments.destination });
    }
    this.#add(column, { as: 'neutral', value });
  }

  #draftReference(reference: SourceReference, source: PhysicalColumn, destination: PhysicalColumn): DraftReference {
    const { missingReferences, isOutside } = this.#context;
    const { name, target, targetName, rule } = reference;
    const outside = isOutside(target);
    if (outside) {
      const { entity, findings } = this.#notes;
      findings.add('external-reference', { entity, attribute: name, target: targetName });
    }
    const unfit = missingReferences === 'null' && !destination.nullable ? 'skip' : missingReferences;
    return {
      attribute: name,
      target,
      targetName,
      rule,
      identifier: false,
      deferrable: destination.nullable && this.#draft.identifierColumns !== null && !outside,
      missing: outside ? 'keep' : unfit,
      column: source,
    };
  }

  #addReference(destination: PhysicalColumn, reference: DraftReference): void {
    const number = this.#draft.references.push(reference) - 1;
    this.#add(destination, { as: 'reference', source: reference.column.name, reference: number });
  }

  #add(column: PhysicalColumn, handling: PlannedColumn['handling']): void {
    this.#decided.add(column.name);
    this.#draft.columns.push({ destination: column.name, kind: column.kind, handling });
  }
}

function nameDifferences({ source, destination, attributes }: EntityPair): string[] {
  const renamed = (what: string, from: string, to: string) => (from === to ? [] : [`${what} is called ${to} there`]);
  return [
    ...renamed(`${source.espace.name}.${source.name}`, entityName(source), entityName(destination)),
    ...attributes.flatMap((pair) => renamed(pair.source.name, pair.source.name, pair.destination.name)),
    ...attributes
      .filter(({ source: from, destination: to }) => from.references !== null && from.deleteRule !== to.deleteRule)
      .map(
        ({ source: from, destination: to }) =>
          `${from.name} has the delete rule ${from.deleteRule} here and ${to.deleteRule} there`,
      ),
  ];
}
