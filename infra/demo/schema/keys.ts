import { createHash } from 'node:crypto';

/**
 * The SS_Key of a thing: GUID text made from its name, so that it is the same in both environments and in every build
 * (the form of a name-based UUID, RFC 9562 version 5).
 */
export function ssKey(...names: string[]): string {
  const digest = createHash('sha1')
    .update(`caravel demo/${names.join('/')}`)
    .digest();
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

/** Key of an espace or extension. */
export const espaceKey = (espace: string): string => ssKey('espace', espace);

/** Inner keys: `keysOf` is the name of the espace in which the thing was first made, which a clone shares. */
export const entityKey = (keysOf: string, entity: string): string => ssKey('entity', keysOf, entity);
export const attributeKey = (keysOf: string, entity: string, attribute: string): string =>
  ssKey('attribute', keysOf, entity, attribute);
export const recordKey = (keysOf: string, entity: string, record: string, generation = 1): string =>
  ssKey('record', keysOf, entity, record, String(generation));
export const roleKey = (keysOf: string, role: string): string => ssKey('role', keysOf, role);
