import { type AttributeDescription, type EntityDescription, entityName } from './description.ts';
import {
  activeAttributes,
  type EnvironmentDescription,
  identifierName,
  physicalColumnName,
  physicalTableName,
} from './environments.ts';
import { eventTableName, listenedTo } from './eventTables.ts';
import { entityNamed, espaceNamed } from './factory.ts';
import { attributeKey, entityKey, espaceKey } from './keys.ts';
import type { Value } from './tables.ts';

/** A row of a platform table, by column; columns left out are NULL. */
export type PlatformRow = Record<string, Value>;

/** SS_Key of an entity, unique only together with its espace's (trap 1). */
export const keyOf = (described: EntityDescription): string =>
  entityKey(espaceNamed(described.espace).keysOf, described.name);

/** Row of OSSYS_ENTITY, without ID and owner. */
export function entityRow(environment: EnvironmentDescription, described: EntityDescription): PlatformRow {
  const { keysOf } = espaceNamed(described.espace);
  const kinds = { staticEntity: 'staticEntity', clientEntity: 'clientEntity' } as const;
  const label = described.attributes[0]?.name;
  return {
    NAME: described.name,
    DESCRIPTION: '',
    PHYSICAL_TABLE_NAME: described.kind === 'clientEntity' ? '' : physicalTableName(environment, described),
    SS_KEY: keyOf(described),
    // Environments disagree on how to say "no identifier".
    PRIMARYKEY_SS_KEY: described.identifier
      ? attributeKey(keysOf, described.name, identifierName(described))
      : environment.name === 'production'
        ? ''
        : null,
    DATA_KIND: described.kind in kinds ? kinds[described.kind as keyof typeof kinds] : 'entity',
    IS_ACTIVE: true,
    IS_SYSTEM: described.kind === 'platform',
    IS_EXTERNAL: described.kind === 'external',
    MULTITENANT: described.multiTenant,
    MULTILINGUAL: false,
    EXPOSE_PROCESS_EVENTS: listenedTo.includes(entityName(described)),
    EVENT_TABLE_NAME: listenedTo.includes(entityName(described)) ? eventTableName(environment, described) : null,
    LOGICALDATABASE: described.kind === 'external' ? 'ERP' : '',
    LABEL_ATTRIBUTE: label ? attributeKey(keysOf, described.name, label) : '',
    GENERATION: 1,
  };
}

/** `bt<espace key>*<entity key>`, 75 characters. */
export function referenceType(target: string, staleEspace: string | null): string {
  const described = entityNamed(target);
  return `bt${espaceKey(staleEspace ?? described.espace)}*${keyOf(described)}`;
}

/** Rows of OSSYS_ENTITY_ATTR, without ID and ENTITY_ID: active attributes, and those deleted in this environment. */
export function attributeRows(environment: EnvironmentDescription, described: EntityDescription): PlatformRow[] {
  const { keysOf } = espaceNamed(described.espace);
  const rows: PlatformRow[] = [];
  const add = (
    attribute: Pick<AttributeDescription, 'name' | 'length' | 'decimals' | 'mandatory' | 'deleteRule'>,
    type: string,
    more: PlatformRow = {},
  ) => {
    const physical = physicalColumnName(environment, described, attribute.name);
    rows.push({
      NAME: attribute.name,
      DESCRIPTION: '',
      SS_KEY: attributeKey(keysOf, described.name, attribute.name),
      TYPE: type,
      LENGTH: attribute.length,
      DECIMALS: attribute.decimals,
      IS_MANDATORY: attribute.mandatory,
      IS_AUTONUMBER: false,
      IS_ACTIVE: true,
      // Scalars have the rule too (trap 8).
      DELETE_RULE: attribute.deleteRule,
      DEFAULT_LABEL: '',
      DEFAULT_VALUE: '',
      ORDER_NUM: rows.length + 1,
      ORIGINAL_TYPE: '',
      DATABASE_NAME: environment.name === 'production' || physical !== attribute.name.toUpperCase() ? physical : null,
      ...more,
    });
  };
  const typeOf = (attribute: AttributeDescription): string =>
    typeof attribute.type === 'object'
      ? referenceType(attribute.type.references, attribute.staleEspace)
      : attribute.type;

  const deleted = (environment.history[entityName(described)]?.deleted ?? []).map(
    (one) => () =>
      add(one, typeOf(one), {
        SS_KEY: attributeKey(keysOf, described.name, `${one.name} before`),
        IS_ACTIVE: false,
        DATABASE_NAME: one.name.toUpperCase(),
      }),
  );
  if (environment.name === 'production') for (const addDeleted of deleted) addDeleted();
  if (described.identifier) {
    const { identifier } = described;
    const types = { longAutoNumber: 'rtLongInteger', autoNumber: 'rtInteger', manualInteger: 'rtInteger' };
    const lengths = { guid: 36, code: identifier.kind === 'code' ? identifier.length : 0 };
    const extended = identifier.kind === 'extends';
    const type = extended
      ? referenceType(identifier.entity, null)
      : (types[identifier.kind as keyof typeof types] ?? 'rtText');
    const length = lengths[identifier.kind as keyof typeof lengths] ?? 0;
    const deleteRule = extended ? identifier.deleteRule : 'Protect';
    const isMinted = identifier.kind === 'longAutoNumber' || identifier.kind === 'autoNumber';
    add({ name: identifierName(described), length, decimals: 0, mandatory: true, deleteRule }, type, {
      IS_AUTONUMBER: isMinted,
    });
  }
  for (const attribute of activeAttributes(environment, described)) add(attribute, typeOf(attribute));
  if (environment.name === 'quality') for (const addDeleted of deleted) addDeleted();
  return rows;
}
