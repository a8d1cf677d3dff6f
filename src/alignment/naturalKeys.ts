/**
 * What a row of a platform table is called in every environment. Ids differ between environments; these do not
 * (docs/metamodel.md §0 to §4). A key part is a column, or the row of another platform table that a column refers to,
 * which stands for that row's own natural key.
 */
export interface NaturalKey {
  /** Upper-case name of the table. */
  table: string;
  parts: KeyPart[];
  /**
   * Rows with IS_ACTIVE = 0: `skipped` are what a deletion left; `lastChoice` are rows that data may well refer to,
   * preferred less than an active row of the same key; `apart` stand for rows that are inactive too, and for no others.
   */
  inactive: 'skipped' | 'lastChoice' | 'apart';
}

export type KeyPart =
  /** Compared as SS_Keys are. */
  | { column: string; as: 'key' }
  /** Compared as the platform's collation does. */
  | { column: string; as: 'name' }
  /** A required reference to a row of `of`. */
  | { column: string; as: 'row'; of: string }
  /** One of several owners of which a row has exactly one; the others are NULL. */
  | { column: string; as: 'owner'; of: string };

const key = (column = 'SS_KEY'): KeyPart => ({ column, as: 'key' });
const name = (column = 'NAME'): KeyPart => ({ column, as: 'name' });
const row = (column: string, of: string): KeyPart => ({ column, as: 'row', of });
const owner = (column: string, of: string): KeyPart => ({ column, as: 'owner', of });

const active = (table: string, ...parts: KeyPart[]): NaturalKey => ({ table, parts, inactive: 'skipped' });
/**
 * Definitions of processes: instances may be older than the version that is published, and keep what that version no
 * longer has (trap 30).
 */
const definition = (table: string, ...parts: KeyPart[]): NaturalKey => ({ table, parts, inactive: 'apart' });
const any = (table: string, ...parts: KeyPart[]): NaturalKey => ({ table, parts, inactive: 'lastChoice' });

/** Every platform table whose rows Caravel can match. A table is mapped by adding its line. */
export const naturalKeys: readonly NaturalKey[] = [
  active('OSSYS_ESPACE', key()),
  active('OSSYS_EXTENSION', key()),
  active('OSSYS_APPLICATION', key('KEY')),
  active('OSSYS_MODULE', owner('ESPACE_ID', 'OSSYS_ESPACE'), owner('EXTENSION_ID', 'OSSYS_EXTENSION')),
  active('OSSYS_ENTITY', owner('ESPACE_ID', 'OSSYS_ESPACE'), owner('EXTENSION_ID', 'OSSYS_EXTENSION'), key()),
  active('OSSYS_ENTITY_ATTR', row('ENTITY_ID', 'OSSYS_ENTITY'), key()),
  active('OSSYS_ENTITY_RECORD', row('ESPACE_ID', 'OSSYS_ESPACE'), key('ENTITY_SS_KEY'), key()),

  // Trap 34: by name and user provider. An inactive tenant keeps its rows.
  any('OSSYS_TENANT', name(), row('ESPACE_ID', 'OSSYS_ESPACE')),
  // Users are matched by people/names.ts, and so are groups that are not only matched (trap 35).
  any('OSSYS_GROUP', row('TENANT_ID', 'OSSYS_TENANT'), name()),
  // Trap 36: a role's name crosses modules, its key with its espace does not.
  active('OSSYS_ROLE', row('ESPACE_ID', 'OSSYS_ESPACE'), key()),

  definition('OSSYS_BPM_PROCESS_DEFINITION', row('ESPACE_ID', 'OSSYS_ESPACE'), key()),
  definition('OSSYS_BPM_PROCESS_INPUT_DEF', row('PROCESS_DEF_ID', 'OSSYS_BPM_PROCESS_DEFINITION'), key()),
  definition('OSSYS_BPM_PROCESS_OUTPUT_DEF', row('PROCESS_DEF_ID', 'OSSYS_BPM_PROCESS_DEFINITION'), key()),
  definition('OSSYS_BPM_ACTIVITY_DEFINITION', row('PROCESS_DEF_ID', 'OSSYS_BPM_PROCESS_DEFINITION'), key()),
  definition('OSSYS_BPM_ACTIVITY_OUTPUT_DEF', row('ACTIVITY_DEF_ID', 'OSSYS_BPM_ACTIVITY_DEFINITION'), key()),
  active('OSSYS_BPM_PROCESS_STATUS', name()),
  active('OSSYS_BPM_ACTIVITY_STATUS', name()),
  active('OSSYS_BPM_ACTIVITY_KIND', name()),
];

/** The natural key of a table, by its name in any case; undefined where its rows have none. */
export function naturalKeyOf(table: string): NaturalKey | undefined {
  const upperCaseName = table.toUpperCase();
  return naturalKeys.find((candidate) => candidate.table === upperCaseName);
}
