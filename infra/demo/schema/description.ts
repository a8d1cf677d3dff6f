/**
 * The words in which the demo solution is described, once, for both environments and both engines: espaces, entities
 * and attributes as a developer sees them in Service Studio. What differs between environments is in environments.ts.
 */

export type ScalarType =
  | 'rtText'
  | 'rtInteger'
  | 'rtLongInteger'
  | 'rtDecimal'
  | 'rtCurrency'
  | 'rtBoolean'
  | 'rtDateTime'
  | 'rtDate'
  | 'rtTime'
  | 'rtEmail'
  | 'rtPhoneNumber'
  | 'rtBinaryData';

export type DeleteRule = 'Protect' | 'Delete' | 'Ignore';

export interface AttributeDescription {
  name: string;
  /** A basic type, or `Espace.Entity` that the attribute refers to. */
  type: ScalarType | { references: string };
  length: number;
  decimals: number;
  mandatory: boolean;
  deleteRule: DeleteRule;
  /** The column has a default constraint of its type's neutral value. */
  hasDefault: boolean;
  /** The `bt` type still names this espace, which the entity has since left (trap 2). */
  staleEspace: string | null;
}

/**
 * How rows get their identifier: minted by the database, kept as the application chose it (manual numbers, codes,
 * GUIDs), taken from the entity that a 1:1 extension extends, or not at all.
 */
export type IdentifierDescription =
  | { kind: 'longAutoNumber' | 'autoNumber' | 'manualInteger' | 'guid' }
  | { kind: 'code'; length: number }
  | { kind: 'extends'; entity: string; deleteRule: DeleteRule };

export interface RecordDescription {
  /** Unique among the entity's active records. */
  name: string;
  /** Text codes and manual numbers; auto numbers come from the environment. */
  id?: string | number;
  /** By attribute name; `record: 'Name'` cites a record of the static entity that the attribute refers to. */
  values: Record<string, string | number | boolean | null | { record: string }>;
  /** Deleted in a later version: the metadata row stays, inactive, the physical row is gone (trap 32). */
  deleted?: boolean;
  /** Tells two records of one name apart: a record that was deleted and made again has another key. */
  generation?: number;
}

export interface IndexDescription {
  attributes: string[];
  unique: boolean;
}

export interface EntityDescription {
  espace: string;
  name: string;
  kind: 'entity' | 'staticEntity' | 'clientEntity' | 'external' | 'platform';
  multiTenant: boolean;
  /** null for none; its attribute is called Id (Code for text codes). */
  identifier: IdentifierDescription | null;
  attributes: AttributeDescription[];
  indexes: IndexDescription[];
  records: RecordDescription[];
  /** Platform and external entities: the table they stand for. */
  physicalName: string | null;
}

export interface EspaceDescription {
  name: string;
  kind: 'espace' | 'extension';
  system: boolean;
  multiTenant: boolean;
  userProvider: boolean;
  entities: EntityDescription[];
  /** The name its inner keys were made under: that of the espace it was cloned from (trap 1). */
  keysOf: string;
  roles: string[];
}

export interface ApplicationDescription {
  name: string;
  description: string;
  espaces: string[];
}

type AttributeOptions = Partial<Omit<AttributeDescription, 'name' | 'type'>>;

function attribute(
  name: string,
  type: AttributeDescription['type'],
  options: AttributeOptions = {},
): AttributeDescription {
  return {
    name,
    type,
    length: 0,
    decimals: 0,
    mandatory: false,
    deleteRule: 'Protect',
    hasDefault: false,
    staleEspace: null,
    ...options,
  };
}

export const text = (name: string, length: number, options?: AttributeOptions) =>
  attribute(name, 'rtText', { length, ...options });
export const integer = (name: string, options?: AttributeOptions) => attribute(name, 'rtInteger', options);
export const longInteger = (name: string, options?: AttributeOptions) => attribute(name, 'rtLongInteger', options);
export const decimal = (name: string, length: number, decimals: number, options?: AttributeOptions) =>
  attribute(name, 'rtDecimal', { length, decimals, ...options });
export const currency = (name: string, options?: AttributeOptions) => attribute(name, 'rtCurrency', options);
export const boolean = (name: string, options?: AttributeOptions) => attribute(name, 'rtBoolean', options);
export const dateTime = (name: string, options?: AttributeOptions) => attribute(name, 'rtDateTime', options);
export const date = (name: string, options?: AttributeOptions) => attribute(name, 'rtDate', options);
export const time = (name: string, options?: AttributeOptions) => attribute(name, 'rtTime', options);
export const email = (name: string, options?: AttributeOptions) => attribute(name, 'rtEmail', options);
export const phoneNumber = (name: string, options?: AttributeOptions) => attribute(name, 'rtPhoneNumber', options);
export const binaryData = (name: string, options?: AttributeOptions) => attribute(name, 'rtBinaryData', options);

/** An attribute that holds the identifier of `target` (`Espace.Entity`). */
export const reference = (name: string, target: string, deleteRule: DeleteRule, options?: AttributeOptions) =>
  attribute(name, { references: target }, { deleteRule, ...options });

export const unique = (...attributes: string[]): IndexDescription => ({ attributes, unique: true });
export const index = (...attributes: string[]): IndexDescription => ({ attributes, unique: false });

type EntityOptions = Partial<
  Pick<EntityDescription, 'kind' | 'multiTenant' | 'indexes' | 'records' | 'physicalName'>
> & {
  identifier: IdentifierDescription | null;
  attributes: AttributeDescription[];
};

/** Describes an entity without its espace, which `espace` adds. */
export function entity(name: string, options: EntityOptions): Omit<EntityDescription, 'espace'> {
  return { name, kind: 'entity', multiTenant: false, indexes: [], records: [], physicalName: null, ...options };
}

/** Describes a static entity with the default columns Label, Order and Is_Active before its own. */
export function staticEntity(
  name: string,
  identifier: IdentifierDescription,
  attributes: AttributeDescription[],
  records: RecordDescription[],
): Omit<EntityDescription, 'espace'> {
  const defaults = [text('Label', 50), integer('Order', { mandatory: true }), boolean('Is_Active')];
  return entity(name, { kind: 'staticEntity', identifier, attributes: [...defaults, ...attributes], records });
}

/** A record of a static entity. */
export function record(
  name: string,
  values: RecordDescription['values'] = {},
  options: Pick<RecordDescription, 'id' | 'deleted' | 'generation'> = {},
): RecordDescription {
  return { name, values, ...options };
}

/** Describes an espace or extension with its entities. */
export function espace(
  name: string,
  entities: Omit<EntityDescription, 'espace'>[],
  options: Partial<Omit<EspaceDescription, 'name' | 'entities'>> = {},
): EspaceDescription {
  return {
    name,
    kind: 'espace',
    system: false,
    multiTenant: false,
    userProvider: false,
    keysOf: name,
    roles: [],
    ...options,
    entities: entities.map((described) => ({ ...described, espace: name })),
  };
}

/**
 * Copies an espace as Service Studio's clone does: new espace key, the same keys within, references to its own
 * entities now pointing at the copy.
 */
export function cloneEspace(original: EspaceDescription, name: string): EspaceDescription {
  const prefix = `${original.name}.`;
  return {
    ...original,
    name,
    keysOf: original.name,
    entities: original.entities.map((described) => ({
      ...described,
      espace: name,
      attributes: described.attributes.map((one) =>
        typeof one.type === 'object' && one.type.references.startsWith(prefix)
          ? { ...one, type: { references: `${name}.${one.type.references.slice(prefix.length)}` } }
          : one,
      ),
    })),
  };
}

/** `Espace.Entity`. */
export const entityName = (described: Pick<EntityDescription, 'espace' | 'name'>): string =>
  `${described.espace}.${described.name}`;
