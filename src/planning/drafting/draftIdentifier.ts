import type { PhysicalColumn } from '../../database/port.ts';
import type { Attribute, Entity } from '../../outsystems/catalog.ts';
import { spelledTarget } from '../../outsystems/references.ts';
import type { IdentifierKind } from '../../plan/plan.ts';
import { type DraftContext, type DraftIdentity, type DraftReference, type EntityNotes, tableOf } from './draft.ts';
import { doesNotFit } from './valueFit.ts';

export interface DraftIdentifier {
  identity: DraftIdentity;
  /** The 1:1 reference that the identifier is. */
  reference: DraftReference | null;
}

const none: DraftIdentifier = {
  identity: { identifier: 'none', identifierType: null, identifierColumns: null },
  reference: null,
};

/** How identifiers of the column are translated. */
export function identifierType(column: PhysicalColumn): 'integer' | 'text' {
  return column.kind === 'integer' || (column.kind === 'decimal' && column.scale === 0) ? 'integer' : 'text';
}

/**
 * How the rows of an entity get their identifiers in the destination (metamodel §5, "Identifiers"; traps 11 to 14).
 * What the database does with the column decides, not what the metamodel says of it.
 * @returns null where the two sides cannot be brought together; the notes then say why.
 */
export function draftIdentifier(
  source: Entity,
  destination: Entity,
  context: DraftContext,
  notes: EntityNotes,
): DraftIdentifier | null {
  const { environments } = context;
  const { entity, findings } = notes;
  if (source.identifier === null && destination.identifier === null) return none;
  if (source.identifier === null || destination.identifier === null) {
    const [has, lacks] = source.identifier
      ? [environments.source, environments.destination]
      : [environments.destination, environments.source];
    findings.add('identifier-differs', { entity, has, lacks });
    return null;
  }
  const from = columnOf(source.identifier, source, environments.source, notes);
  const to = columnOf(destination.identifier, destination, environments.destination, notes);
  if (from === null || to === null) return null;
  const columns = { source: from, destination: to };
  const kinds = { source: kindOf(source.identifier, from), destination: kindOf(destination.identifier, to) };
  const types = { source: identifierType(columns.source), destination: identifierType(columns.destination) };
  if (kinds.source !== kinds.destination || types.source !== types.destination) {
    const inWords = (side: 'source' | 'destination') =>
      `${words[kinds[side]]} (${columns[side].type}) in '${environments[side]}'`;
    findings.add('identifier-differs', { entity, here: inWords('source'), there: inWords('destination') });
    return null;
  }
  const kind = kinds.destination;
  const identity = { identifier: kind, identifierType: types.destination, identifierColumns: columns };
  if (kind === 'kept') askWhetherItFits(columns, context, notes);
  if (kind !== 'reference') return { identity, reference: null };
  const reference = context.references.of(source.identifier);
  if (reference === null) {
    findings.add('unresolved-reference', unresolved(notes, source.identifier, context));
    return null;
  }
  const { target, targetName, rule, name } = reference;
  return {
    identity,
    reference: {
      attribute: name,
      target,
      targetName,
      rule,
      identifier: true,
      deferrable: false,
      missing: missingIdentifier(context, target),
      column: from,
    },
  };
}

/** The column of an identifier; null where the table lacks it, which is noted. */
function columnOf(
  { name, column }: Attribute,
  entity: Entity,
  environment: string,
  notes: EntityNotes,
): PhysicalColumn | null {
  if (column === null) {
    const table = tableOf(entity).name;
    const facts = { entity: notes.entity, table, where: environment, attribute: name, isIdentifier: true };
    notes.findings.add('column-missing', facts);
  }
  return column;
}

/** A row whose identifier has no counterpart cannot be written with NULL: under "null" it is set aside. */
function missingIdentifier(context: DraftContext, target: string): DraftReference['missing'] {
  if (context.isOutside(target)) return 'keep';
  return context.missingReferences === 'null' ? 'skip' : context.missingReferences;
}

const words: Record<IdentifierKind, string> = {
  minted: 'an auto number',
  kept: 'set by the application',
  reference: "another entity's (1:1)",
  none: 'none',
};

function kindOf({ type }: Attribute, column: PhysicalColumn): Exclude<IdentifierKind, 'none'> {
  if (column.identity) return 'minted';
  return spelledTarget(type) === null ? 'kept' : 'reference';
}

function askWhetherItFits(
  columns: { source: PhysicalColumn; destination: PhysicalColumn },
  context: DraftContext,
  notes: EntityNotes,
): void {
  const condition = doesNotFit(columns.source, columns.destination);
  if (condition === null) return;
  notes.ask(condition, 'value-does-not-fit', (rows) =>
    rows === 0
      ? null
      : {
          entity: notes.entity,
          rows,
          column: columns.destination.name,
          type: columns.destination.type,
          destination: context.environments.destination,
        },
  );
}

/** What an unresolved `bt` type names (trap 7). */
export const unresolved = (
  { entity }: EntityNotes,
  { name, type }: { name: string; type: string },
  { wordsFor, environments }: DraftContext,
) => ({ entity, attribute: name, target: wordsFor(type), source: environments.source });
