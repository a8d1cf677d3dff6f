import { platformTable } from './platformTable.ts';
import { booleanType, dateTimeType, integerType, type TableDescription, textType } from './tables.ts';

const key = textType(100);
const name = textType(50);
const long = textType(2000);
const type = textType(100);
const unlimited = textType(null);

const definition = { SS_KEY: key, NAME: name, DESCRIPTION: long, IS_ACTIVE: booleanType };
const parameter = { ...definition, DATA_TYPE: name, DEFAULT_VALUE: unlimited, SS_TYPE: type };
const held = { SS_KEY: key, NAME: name, DATA_TYPE: name };

/** Definitions of processes, kinds and statuses (docs/metamodel.md §4): publishing writes them. */
export const definitionTables: TableDescription[] = [
  platformTable('OSSYS_BPM_ACTIVITY_KIND', { NAME: name }),
  platformTable('OSSYS_BPM_PROCESS_STATUS', { NAME: name, IS_TERMINAL: booleanType }),
  platformTable('OSSYS_BPM_ACTIVITY_STATUS', { NAME: name, IS_TERMINAL: booleanType, APPEARS_IN_INBOX: booleanType }),
  platformTable(
    'OSSYS_BPM_PROCESS_DEFINITION',
    {
      ...definition,
      LABEL: name,
      ESPACE_ID: integerType,
      IS_LOCKED: booleanType,
      LOCKED_DATE: dateTimeType,
      LOCKED_BY: integerType,
      PROCESS_ENTITY_ID: integerType,
    },
    { ESPACE_ID: 'OSSYS_ESPACE' },
  ),
  platformTable(
    'OSSYS_BPM_PROCESS_INPUT_DEF',
    { ...parameter, PROCESS_DEF_ID: integerType, IS_MANDATORY: booleanType },
    { PROCESS_DEF_ID: 'OSSYS_BPM_PROCESS_DEFINITION' },
  ),
  platformTable(
    'OSSYS_BPM_PROCESS_OUTPUT_DEF',
    { ...parameter, PROCESS_DEF_ID: integerType },
    { PROCESS_DEF_ID: 'OSSYS_BPM_PROCESS_DEFINITION' },
  ),
  platformTable(
    'OSSYS_BPM_ACTIVITY_DEFINITION',
    {
      ...definition,
      LABEL: name,
      INBOX_INSTRUCTIONS: unlimited,
      KIND: integerType,
      PROCESS_DEF_ID: integerType,
      DISPLAY_X: integerType,
      DISPLAY_Y: integerType,
      INVOKED_PROCESS_DEF_ID: integerType,
      REQUIRES_PERMISSION: booleanType,
      SKIPPABLE: booleanType,
    },
    { PROCESS_DEF_ID: 'OSSYS_BPM_PROCESS_DEFINITION', KIND: 'OSSYS_BPM_ACTIVITY_KIND' },
  ),
  platformTable(
    'OSSYS_BPM_ACTIVITY_OUTPUT_DEF',
    { ...parameter, ACTIVITY_DEF_ID: integerType, IS_INPUT: booleanType, IS_MANDATORY: booleanType },
    { ACTIVITY_DEF_ID: 'OSSYS_BPM_ACTIVITY_DEFINITION' },
  ),
  platformTable(
    'OSSYS_BPM_ACTIVITY_DEF_ROLE',
    { ACTIVITY_DEF_ID: integerType, ROLE_ID: integerType },
    { ACTIVITY_DEF_ID: 'OSSYS_BPM_ACTIVITY_DEFINITION' },
  ),
];

const cascade = ['PROCESS_DEF_ID', 'PROCESS_ID', 'ACTIVITY_ID'];

/** Instances, which a migration login may write. PARENT_ACTIVITY_ID and PRECEDENT_ACTIVITY_ID have no foreign key. */
export const instanceTables: TableDescription[] = [
  platformTable(
    'OSSYS_BPM_PROCESS',
    {
      TENANT_ID: integerType,
      LABEL: textType(200),
      CREATED: dateTimeType,
      CREATED_BY: integerType,
      PROCESS_DEF_ID: integerType,
      PARENT_PROCESS_ID: integerType,
      PARENT_ACTIVITY_ID: integerType,
      TOP_PROCESS_ID: integerType,
      STATUS_ID: integerType,
      LAST_MODIFIED: dateTimeType,
      LAST_MODIFIED_BY: integerType,
      SUSPENDED_DATE: dateTimeType,
      SUSPENDED_BY: integerType,
    },
    {
      PROCESS_DEF_ID: 'OSSYS_BPM_PROCESS_DEFINITION',
      PARENT_PROCESS_ID: 'OSSYS_BPM_PROCESS',
      TOP_PROCESS_ID: 'OSSYS_BPM_PROCESS',
    },
    cascade,
  ),
  platformTable(
    'OSSYS_BPM_ACTIVITY',
    {
      TENANT_ID: integerType,
      ACTIVITY_DEF_ID: integerType,
      PROCESS_ID: integerType,
      NAME: name,
      USER_ID: integerType,
      CREATED: dateTimeType,
      OPENED: dateTimeType,
      CLOSED: dateTimeType,
      STATUS_ID: integerType,
      IS_RUNNING_SINCE: dateTimeType,
      IS_RUNNING_AT: name,
      NEXT_RUN: dateTimeType,
      PRECEDENT_ACTIVITY_ID: integerType,
      PRECEDENT_OUTCOME: name,
      DUE_DATE: dateTimeType,
      INBOX_DETAIL: long,
      EXPIRED: booleanType,
      SKIPPED: booleanType,
      ERROR_COUNT: integerType,
      LAST_ERROR_ID: textType(36),
      LAST_MODIFIED: dateTimeType,
      GROUP_ID: integerType,
    },
    { ACTIVITY_DEF_ID: 'OSSYS_BPM_ACTIVITY_DEFINITION', PROCESS_ID: 'OSSYS_BPM_PROCESS' },
    cascade,
  ),
  platformTable(
    'OSSYS_BPM_PROCESS_INPUT',
    {
      ...held,
      TENANT_ID: integerType,
      INPUT_DEF_ID: integerType,
      PROCESS_ID: integerType,
      ACTIVITY_ID: integerType,
      INPUT_VALUE: unlimited,
      SS_TYPE: type,
    },
    { INPUT_DEF_ID: 'OSSYS_BPM_PROCESS_INPUT_DEF', PROCESS_ID: 'OSSYS_BPM_PROCESS' },
    ['PROCESS_ID'],
  ),
  platformTable(
    'OSSYS_BPM_PROCESS_OUTPUT',
    {
      ...held,
      TENANT_ID: integerType,
      OUTPUT_DEF_ID: integerType,
      PROCESS_ID: integerType,
      OUTPUT_VALUE: unlimited,
      SS_TYPE: type,
    },
    { PROCESS_ID: 'OSSYS_BPM_PROCESS' },
    ['PROCESS_ID'],
  ),
  platformTable(
    'OSSYS_BPM_ACTIVITY_OUTPUT',
    {
      ...held,
      TENANT_ID: integerType,
      OUTPUT_DEF_ID: integerType,
      ACTIVITY_ID: integerType,
      OUTPUT_VALUE: unlimited,
      SS_TYPE: type,
    },
    { OUTPUT_DEF_ID: 'OSSYS_BPM_ACTIVITY_OUTPUT_DEF', ACTIVITY_ID: 'OSSYS_BPM_ACTIVITY' },
    ['ACTIVITY_ID'],
  ),
];

const queue = {
  ESPACE_ID: integerType,
  TENANT_ID: integerType,
  ACTIVITY_ID: integerType,
  PROCESS_DEF_ID: integerType,
};
const due = { ENQUEUE_TIME: dateTimeType, ERROR_COUNT: integerType, NEXT_RUN: dateTimeType };

/** Filled by triggers; the name of the row's id differs between the two (trap 22). */
export const queueTables: TableDescription[] = [
  platformTable('OSSYS_BPM_EVENT_QUEUE', { ...queue, DATA_ID: name, ...due }),
  platformTable('OSSYS_BPM_EVENT', { ...queue, ENTITY_RECORD_ID: name, ...due }),
];
