import type { ColumnName, Database } from '../../database/port.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import { largestIds } from '../questions/counts.ts';

/** A column of the destination that mints identifiers. */
export interface MintedIdentity extends ColumnName {
  /** `Espace.Entity`. */
  entity: string;
}

export function mintedIdentity(draft: Draft): MintedIdentity[] {
  if (draft.identifier !== 'minted') return [];
  const { schema, name } = draft.destination;
  return [{ entity: draft.name, table: { schema, name }, column: draft.identifierColumns.destination.name }];
}

/**
 * Looks for identity columns whose counter stands below the largest identifier: the next rows would collide, or get ids
 * that the batch protocol does not accept (docs/architecture.md, "The batch protocol").
 * @throws DatabaseError
 */
export async function checkIdentityPositions(
  database: Database,
  identities: readonly MintedIdentity[],
): Promise<Findings> {
  // The counter is read last: identifiers that are minted meanwhile raise it.
  const largest = await largestIds(database, identities);
  const positions = await database.identityPositions(identities);
  const findings = new Findings();
  for (const [index, { entity, table, column }] of identities.entries()) {
    const [position, id] = [positions[index] ?? null, largest[index] ?? null];
    if (position === null || id === null || position >= BigInt(id)) continue;
    findings.add('identity-behind', {
      entity,
      database: database.name,
      table: table.name,
      position,
      largest: id,
      statement: database.reseedText({ table, column }, BigInt(id)),
    });
  }
  return findings;
}
