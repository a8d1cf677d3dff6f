import type { PhysicalColumn } from '../../database/port.ts';
import type { Entity } from '../../outsystems/catalog.ts';
import { spelledTarget } from '../../outsystems/references.ts';
import type { IdentifierKind } from '../../plan/plan.ts';
import type { DraftContext, DraftIdentity, DraftReference, EntityNotes } from './draft.ts';
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
 * How the rows of an entity get their identifiers in the destination (metamodel §5, "Identifiers"; traps 11 to 14). What
 * the database does with the column decides, not what the metamodel says of it.
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
  const columns = { source: source.identifier.column, destination: destination.identifier.column };
  for (const side of ['source', 'destination'] as const) {
    if (columns[side] !== null) continue;
    const { table, identifier } = side === 'source' ? source : destination;
    findings.add('column-missing', {
      entity,
      table: table!.name,
      where: environments[side],
      attribute: identifier!.name,
      isIdentifier: true,
    });
  }
  if (columns.source === null || columns.destination === null) return null;
  const found = { source: columns.source, destination: columns.destination };
  const kinds = { source: kindOf(source, found.source), destination: kindOf(destination, found.destination) };
  const types = { source: identifierType(found.source), destination: identifierType(found.destination) };
  if (kinds.source !== kinds.destination || types.source !== types.destination) {
    const inWords = (side: 'source' | 'destination') =>
      `${words[kinds[side]]} (${found[side].type}) in '${environments[side]}'`;
    findings.add('identifier-differs', { entity, here: inWords('source'), there: inWords('destination') });
    return null;
  }
  const kind = kinds.destination;
  const identity = { identifier: kind, identifierType: types.destination, identifierColumns: found };
  if (kind === 'kept') askWhetherItFits(found, context, notes);
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
      deferred: false,
      deferrable: false,
      missing: missingIdentifier(context, target),
      column: found.source,
    },
  };
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

function kindOf(entity: Entity, column: PhysicalColumn): Exclude<IdentifierKind, 'none'> {
  if (column.identity) return 'minted';
  return spelledTarget(entity.identifier!.type) === null ? 'kept' : 'reference';
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
