import type { DeclaredEntity, DeclaredReference } from '../outsystems/declaredEntities.ts';

/** A table of process instances, with what the metamodel does not say of it (docs/metamodel.md §4). */
export interface InstanceTable extends DeclaredEntity {
  /** The instance that a row is part of: it is copied or left out with it. The table itself, of processes. */
  partOf: { table: string; column: string };
  /** References without which a row is half a thing: where such a target is missing, NULL is no answer. */
  essential: readonly string[];
  /** The definition by which the row is to be understood. */
  definition: string;
  /** A value whose type may say that it is an identifier, written as text (trap 23). */
  value: { column: string; type: string } | null;
  /** Columns that mean something on the source's servers only; they arrive empty (trap 29). */
  cleared: readonly string[];
}

export const processTable = 'OSSYS_BPM_PROCESS';
export const activityTable = 'OSSYS_BPM_ACTIVITY';
export const processDefinitionTable = 'OSSYS_BPM_PROCESS_DEFINITION';
export const processStatusTable = 'OSSYS_BPM_PROCESS_STATUS';
const activityDefinitionTable = 'OSSYS_BPM_ACTIVITY_DEFINITION';
const userTable = 'OSSYS_USER';

const reference = (column: string, to: string, rule: DeclaredReference['rule']): DeclaredReference => ({
  column,
  to,
  rule,
});

/**
 * The five tables of instances; definitions, kinds and statuses are matched, never written (guide, "Migrate Hybrid BPT
 * Instances Data").
 */
export const instanceTables: readonly InstanceTable[] = [
  {
    table: processTable,
    name: 'Process',
    references: [
      reference('PROCESS_DEF_ID', processDefinitionTable, 'Delete'),
      reference('PARENT_PROCESS_ID', processTable, 'Protect'),
      reference('PARENT_ACTIVITY_ID', activityTable, 'Ignore'),
      reference('TOP_PROCESS_ID', processTable, 'Protect'),
      reference('STATUS_ID', processStatusTable, 'Ignore'),
      reference('CREATED_BY', userTable, 'Ignore'),
      reference('LAST_MODIFIED_BY', userTable, 'Ignore'),
      reference('SUSPENDED_BY', userTable, 'Ignore'),
    ],
    partOf: { table: processTable, column: 'ID' },
    essential: ['PROCESS_DEF_ID', 'PARENT_PROCESS_ID', 'TOP_PROCESS_ID', 'STATUS_ID'],
    definition: 'PROCESS_DEF_ID',
    value: null,
    cleared: [],
  },
  {
    table: 'OSSYS_BPM_PROCESS_INPUT',
    name: 'Process_Input',
    references: [
      reference('INPUT_DEF_ID', 'OSSYS_BPM_PROCESS_INPUT_DEF', 'Protect'),
      reference('PROCESS_ID', processTable, 'Delete'),
      // Inputs of a conditional start belong to its activity; the vendor's own sample forgets the column (trap 24).
      reference('ACTIVITY_ID', activityTable, 'Ignore'),
    ],
    partOf: { table: processTable, column: 'PROCESS_ID' },
    essential: ['INPUT_DEF_ID', 'PROCESS_ID'],
    definition: 'INPUT_DEF_ID',
    value: { column: 'INPUT_VALUE', type: 'SS_TYPE' },
    cleared: [],
  },
  {
    table: 'OSSYS_BPM_PROCESS_OUTPUT',
    name: 'Process_Output',
    references: [
      reference('OUTPUT_DEF_ID', 'OSSYS_BPM_PROCESS_OUTPUT_DEF', 'Protect'),
      reference('PROCESS_ID', processTable, 'Delete'),
    ],
    partOf: { table: processTable, column: 'PROCESS_ID' },
    essential: ['OUTPUT_DEF_ID', 'PROCESS_ID'],
    definition: 'OUTPUT_DEF_ID',
    value: { column: 'OUTPUT_VALUE', type: 'SS_TYPE' },
    cleared: [],
  },
  {
    table: activityTable,
    name: 'Activity',
    references: [
      reference('ACTIVITY_DEF_ID', activityDefinitionTable, 'Protect'),
      reference('PROCESS_ID', processTable, 'Delete'),
      reference('USER_ID', userTable, 'Ignore'),
      reference('GROUP_ID', 'OSSYS_GROUP', 'Ignore'),
      reference('STATUS_ID', 'OSSYS_BPM_ACTIVITY_STATUS', 'Ignore'),
      reference('PRECEDENT_ACTIVITY_ID', activityTable, 'Ignore'),
    ],
    partOf: { table: processTable, column: 'PROCESS_ID' },
    essential: ['ACTIVITY_DEF_ID', 'PROCESS_ID', 'STATUS_ID'],
    definition: 'ACTIVITY_DEF_ID',
    value: null,
    cleared: ['IS_RUNNING_SINCE', 'IS_RUNNING_AT', 'LAST_ERROR_ID'],
  },
  {
    table: 'OSSYS_BPM_ACTIVITY_OUTPUT',
    name: 'Activity_Output',
    references: [
      reference('OUTPUT_DEF_ID', 'OSSYS_BPM_ACTIVITY_OUTPUT_DEF', 'Protect'),
      reference('ACTIVITY_ID', activityTable, 'Delete'),
    ],
    partOf: { table: activityTable, column: 'ACTIVITY_ID' },
    essential: ['OUTPUT_DEF_ID', 'ACTIVITY_ID'],
    definition: 'OUTPUT_DEF_ID',
    value: { column: 'OUTPUT_VALUE', type: 'SS_TYPE' },
    cleared: [],
  },
];

/** One of the tables of instances, by its upper-case name. */
export function instanceTable(name: string): InstanceTable {
  const instances = instanceTables.find(({ table }) => table === name);
  if (instances === undefined) throw new Error(`${name} is no table of process instances`);
  return instances;
}

/** Upper-case name of the table that holds the definitions of a table's rows. */
export function definitionTableOf({ table, definition, references }: InstanceTable): string {
  const toDefinition = references.find(({ column }) => column === definition);
  if (toDefinition === undefined) throw new Error(`${table}.${definition} is not declared to refer to definitions`);
  return toDefinition.to;
}

/** Queues that triggers fill: events for normal processes and for light ones (trap 22). */
export const queueTables = ['OSSYS_BPM_EVENT_QUEUE', 'OSSYS_BPM_EVENT'] as const;
