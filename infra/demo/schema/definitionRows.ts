import { identifierColumnType } from './applicationTables.ts';
import { type PlatformRow, referenceType } from './entityRows.ts';
import type { EnvironmentDescription } from './environments.ts';
import { entityNamed } from './factory.ts';
import {
  activityKey,
  activityKinds,
  activityStatuses,
  activityStatusIds,
  processes,
  processKey,
  processStatuses,
  processStatusIds,
  type ValueDescription,
  valueKey,
} from './processes.ts';

/** Numbers rows in the environment's way and gives their ids by name. */
export type Put = (table: string, named: { name: string; row: PlatformRow }[]) => Map<string, number>;

/** Ids of definitions: `Process`, `Process/Activity`, and values behind those. */
export type DefinitionIds = Record<
  'processes' | 'processInputs' | 'processOutputs' | 'activities' | 'activityOutputs',
  Map<string, number>
>;

/** What publishing has written of the factory's processes (docs/metamodel.md §4). */
export function putDefinitions(
  environment: EnvironmentDescription,
  put: Put,
  ids: { espaces: Map<string, number>; entities: Map<string, number>; roles: Map<string, number> },
): DefinitionIds {
  const kinds = put(
    'OSSYS_BPM_ACTIVITY_KIND',
    activityKinds.map((name) => ({ name, row: { NAME: name } })),
  );
  put(
    'OSSYS_BPM_PROCESS_STATUS',
    processStatuses.map(({ name, isTerminal }) => ({
      name,
      row: { ID: processStatusIds[environment.name][name], NAME: name, IS_TERMINAL: isTerminal },
    })),
  );
  put(
    'OSSYS_BPM_ACTIVITY_STATUS',
    activityStatuses.map(({ name, isTerminal }) => ({
      name,
      row: {
        ID: activityStatusIds[environment.name][name],
        NAME: name,
        IS_TERMINAL: isTerminal,
        APPEARS_IN_INBOX: name === 'Ready',
      },
    })),
  );
  const processIds = put(
    'OSSYS_BPM_PROCESS_DEFINITION',
    processes.map((process) => ({
      name: process.name,
      row: {
        ...named(process.name, processKey(process)),
        LABEL: process.label,
        ESPACE_ID: ids.espaces.get(process.espace)!,
        IS_LOCKED: false,
        LOCKED_DATE: '1900-01-01 00:00:00',
        PROCESS_ENTITY_ID: process.launchedBy === null ? null : ids.entities.get(process.launchedBy)!,
      },
    })),
  );
  const processInputs = put(
    'OSSYS_BPM_PROCESS_INPUT_DEF',
    processes.flatMap((process) =>
      process.inputs.map((value) => ({
        name: `${process.name}/${value.name}`,
        row: {
          ...valueRow(value, valueKey(process.name, 'input', value)),
          PROCESS_DEF_ID: processIds.get(process.name)!,
          IS_MANDATORY: true,
        },
      })),
    ),
  );
  const processOutputs = put(
    'OSSYS_BPM_PROCESS_OUTPUT_DEF',
    processes.flatMap((process) =>
      process.outputs.map((value) => ({
        name: `${process.name}/${value.name}`,
        row: {
          ...valueRow(value, valueKey(process.name, 'output', value)),
          PROCESS_DEF_ID: processIds.get(process.name)!,
        },
      })),
    ),
  );
  const all = processes.flatMap((process) => process.activities.map((activity) => ({ process, activity })));
  const activities = put(
    'OSSYS_BPM_ACTIVITY_DEFINITION',
    all.map(({ process, activity }) => ({
      name: `${process.name}/${activity.name}`,
      row: {
        ...named(activity.name, activityKey(process, activity)),
        LABEL: activity.name,
        INBOX_INSTRUCTIONS: '',
        KIND: kinds.get(activity.kind)!,
        PROCESS_DEF_ID: processIds.get(process.name)!,
        INVOKED_PROCESS_DEF_ID: activity.invokes === null ? null : processIds.get(activity.invokes)!,
        REQUIRES_PERMISSION: activity.kind === 'Human Activity',
        SKIPPABLE: false,
      },
    })),
  );
  const activityOutputs = put(
    'OSSYS_BPM_ACTIVITY_OUTPUT_DEF',
    all.flatMap(({ process, activity }) =>
      activity.outputs.map((value) => ({
        name: `${process.name}/${activity.name}/${value.name}`,
        row: {
          ...valueRow(value, valueKey(`${process.name}/${activity.name}`, 'output', value)),
          ACTIVITY_DEF_ID: activities.get(`${process.name}/${activity.name}`)!,
          IS_INPUT: false,
          IS_MANDATORY: false,
        },
      })),
    ),
  );
  put('OSSYS_BPM_ACTIVITY_DEF_ROLE', [
    {
      name: '',
      row: { ACTIVITY_DEF_ID: activities.get('OrderApproval/Approve')!, ROLE_ID: ids.roles.get('Sales/SalesManager')! },
    },
  ]);
  return { processes: processIds, processInputs, processOutputs, activities, activityOutputs };
}

const named = (name: string, key: string): PlatformRow => ({
  SS_KEY: key,
  NAME: name,
  DESCRIPTION: '',
  IS_ACTIVE: true,
});

const valueRow = (value: ValueDescription, key: string): PlatformRow => ({
  ...named(value.name, key),
  DATA_TYPE: basicType(value),
  DEFAULT_VALUE: '',
  SS_TYPE: valueType(value),
});

/** The authoritative type of a value: a `bt` type where it is an identifier (trap 23). */
export const valueType = ({ type }: ValueDescription): string =>
  typeof type === 'object' ? referenceType(type.references, null) : type;

/** DATA_TYPE of a value: of an identifier, only what it is written as. */
export function basicType({ type }: ValueDescription): string {
  if (typeof type !== 'object') return type;
  const kinds: Record<string, string> = { integer: 'rtInteger', bigInteger: 'rtLongInteger' };
  return kinds[identifierColumnType(entityNamed(type.references)).kind] ?? 'rtText';
}
