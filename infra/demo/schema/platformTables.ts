import { platformTable } from './platformTable.ts';
import { definitionTables, instanceTables, queueTables } from './processTables.ts';
import {
  booleanType,
  dateTimeType,
  integerType,
  type TableDescription,
  textType,
  type ViewDescription,
} from './tables.ts';

const key = textType(36);
const name = textType(50);
const long = textType(2000);
const unlimited = textType(null);

/**
 * The platform's metamodel tables with the columns of docs/metamodel.md §1 to §3, and those of processes (§4).
 */
export const platformTables: TableDescription[] = [
  platformTable('OSSYS_DBCATALOG', { LOGICAL_NAME: name, NAME: name, DESCRIPTION: long, USERNAME: name }),
  platformTable(
    'OSSYS_ESPACE',
    {
      NAME: name,
      IS_MULTITENANT: booleanType,
      SS_KEY: key,
      IS_ACTIVE: booleanType,
      IS_SYSTEM: booleanType,
      VERSION_ID: integerType,
      IS_CONSISTENT: booleanType,
      IS_USER_PROVIDER: booleanType,
      USER_PROVIDER_KEY: key,
      USER_PROVIDER_NAME: name,
      IS_LOCKED: booleanType,
      LOCKED_DATE: dateTimeType,
      DBCATALOG_ID: integerType,
      PENDING_VERSION_ID: integerType,
      HMAC: textType(256),
      HMACVERSION: integerType,
      ESPACEKIND: name,
    },
    { DBCATALOG_ID: 'OSSYS_DBCATALOG' },
  ),
  platformTable('OSSYS_EXTENSION', {
    NAME: name,
    SS_KEY: key,
    IS_SYSTEM: booleanType,
    IS_ACTIVE: booleanType,
    VERSION_ID: integerType,
    PUBLISHED_DATE: dateTimeType,
    PUBLISHED_BY: integerType,
  }),
  platformTable(
    'OSSYS_MODULE',
    { MODULE_KIND_ID: integerType, ESPACE_ID: integerType, EXTENSION_ID: integerType },
    { ESPACE_ID: 'OSSYS_ESPACE', EXTENSION_ID: 'OSSYS_EXTENSION' },
  ),
  platformTable('OSSYS_APPLICATION', {
    NAME: name,
    DESCRIPTION: long,
    ENTRY_ESPACE_ID: integerType,
    BACKOFFICE_ESPACE_ID: integerType,
    DEFAULTTHEMEISMOBILE: booleanType,
    KEY: key,
    IS_ACTIVE: booleanType,
    DISABLED: booleanType,
    CREATEDBY: integerType,
    APPLICATIONKIND: name,
    TEMPLATEKEY: key,
    PRIMARYCOLOR: name,
    NATIVEHASH: name,
  }),
  platformTable(
    'OSSYS_APP_DEFINITION_MODULE',
    { APPLICATION_ID: integerType, MODULE_ID: integerType },
    { APPLICATION_ID: 'OSSYS_APPLICATION', MODULE_ID: 'OSSYS_MODULE' },
  ),
  platformTable('OSSYS_SOLUTION', { NAME: name }),
  platformTable(
    'OSSYS_SOLUTION_REFERENCE',
    { SOLUTION_ID: integerType, ESPACE_ID: integerType, EXTENSION_ID: integerType },
    { SOLUTION_ID: 'OSSYS_SOLUTION' },
  ),
  platformTable(
    'OSSYS_ENTITY',
    {
      NAME: name,
      DESCRIPTION: long,
      PHYSICAL_TABLE_NAME: textType(130),
      ESPACE_ID: integerType,
      EXTENSION_ID: integerType,
      SS_KEY: key,
      PRIMARYKEY_SS_KEY: key,
      DATA_KIND: name,
      IS_ACTIVE: booleanType,
      IS_SYSTEM: booleanType,
      IS_EXTERNAL: booleanType,
      MULTITENANT: booleanType,
      MULTILINGUAL: booleanType,
      EXPOSE_PROCESS_EVENTS: booleanType,
      MULTITENANT_VIEW: textType(130),
      BASE_VIEW_NAME: textType(130),
      MULTILINGUAL_TABLE_NAME: textType(130),
      EVENT_TABLE_NAME: textType(130),
      LOGICALDATABASE: name,
      IS_ACTIVE_ATTRIBUTE: key,
      LABEL_ATTRIBUTE: key,
      ORDER_BY_ATTRIBUTE: key,
      GENERATION: integerType,
    },
    { ESPACE_ID: 'OSSYS_ESPACE', EXTENSION_ID: 'OSSYS_EXTENSION' },
  ),
  platformTable(
    'OSSYS_ENTITY_ATTR',
    {
      ENTITY_ID: integerType,
      NAME: name,
      DESCRIPTION: long,
      SS_KEY: key,
      TYPE: textType(100),
      LENGTH: integerType,
      DECIMALS: integerType,
      IS_MANDATORY: booleanType,
      IS_AUTONUMBER: booleanType,
      IS_ACTIVE: booleanType,
      DELETE_RULE: name,
      DEFAULT_LABEL: unlimited,
      DEFAULT_VALUE: unlimited,
      ORDER_NUM: integerType,
      ORIGINAL_TYPE: name,
      DATABASE_NAME: textType(130),
    },
    { ENTITY_ID: 'OSSYS_ENTITY' },
  ),
  platformTable(
    'OSSYS_ENTITY_RECORD',
    { DATA_ID: name, NAME: name, SS_KEY: key, ENTITY_SS_KEY: key, ESPACE_ID: integerType, IS_ACTIVE: booleanType },
    { ESPACE_ID: 'OSSYS_ESPACE' },
  ),
  platformTable(
    'OSSYS_ESPACE_ENTITY',
    {
      ESPACE_ID: integerType,
      ENTITY_ID: integerType,
      READ_ONLY: booleanType,
      MULTITENANT_VIEW: textType(130),
      NAME: name,
    },
    { ESPACE_ID: 'OSSYS_ESPACE', ENTITY_ID: 'OSSYS_ENTITY' },
  ),
  platformTable(
    'OSSYS_TENANT',
    { NAME: textType(35), ESPACE_ID: integerType, IS_ACTIVE: booleanType },
    { ESPACE_ID: 'OSSYS_ESPACE' },
  ),
  platformTable(
    'OSSYS_USER',
    {
      TENANT_ID: integerType,
      NAME: textType(256),
      USERNAME: textType(250),
      PASSWORD: textType(256),
      EMAIL: textType(250),
      MOBILEPHONE: textType(20),
      EXTERNAL_ID: key,
      CREATION_DATE: dateTimeType,
      LAST_LOGIN: dateTimeType,
      IS_ACTIVE: booleanType,
    },
    { TENANT_ID: 'OSSYS_TENANT' },
  ),
  platformTable('OSSYS_GROUP', {
    NAME: textType(250),
    DESCRIPTION: long,
    CREATED_BY: integerType,
    CREATED: dateTimeType,
    HAS_CUSTOM_MANAGEMENT: booleanType,
    TENANT_ID: integerType,
  }),
  platformTable('OSSYS_ROLE', {
    NAME: name,
    PERSISTENT: booleanType,
    SS_KEY: key,
    ESPACE_ID: integerType,
    IS_ACTIVE: booleanType,
    DESCRIPTION: long,
  }),
  platformTable(
    'OSSYS_USER_ROLE',
    { USER_ID: integerType, ROLE_ID: integerType, TENANT_ID: integerType },
    { USER_ID: 'OSSYS_USER', ROLE_ID: 'OSSYS_ROLE' },
  ),
  platformTable(
    'OSSYS_GROUP_USER',
    { USER_ID: integerType, GROUP_ID: integerType, TENANT_ID: integerType },
    { USER_ID: 'OSSYS_USER', GROUP_ID: 'OSSYS_GROUP' },
  ),
  platformTable(
    'OSSYS_GROUP_ROLE',
    { GROUP_ID: integerType, ROLE_ID: integerType, TENANT_ID: integerType },
    { GROUP_ID: 'OSSYS_GROUP', ROLE_ID: 'OSSYS_ROLE' },
  ),
  ...definitionTables,
  ...instanceTables,
  ...queueTables,
];

/** Read-only (trap 37). */
export const platformViews: ViewDescription[] = [
  {
    name: 'OSSYS_USER_EFFECTIVE_ROLE',
    query: `SELECT "USER_ID", "ROLE_ID", "TENANT_ID" FROM "OSSYS_USER_ROLE"
      UNION
      SELECT "GROUP_USER"."USER_ID", "GROUP_ROLE"."ROLE_ID", "GROUP_USER"."TENANT_ID"
      FROM "OSSYS_GROUP_USER" "GROUP_USER"
      JOIN "OSSYS_GROUP_ROLE" "GROUP_ROLE" ON "GROUP_ROLE"."GROUP_ID" = "GROUP_USER"."GROUP_ID"`,
  },
];

export const peopleTables = ['OSSYS_USER', 'OSSYS_GROUP', 'OSSYS_USER_ROLE', 'OSSYS_GROUP_USER', 'OSSYS_GROUP_ROLE'];

/** Tables of people and of process instances: the only platform tables a migration login may write. */
export const writablePlatformTables = [...peopleTables, ...instanceTables.map((table) => table.name)];
