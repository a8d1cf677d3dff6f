import { type EntityDescription, entityName } from '../schema/description.ts';
import type { PlatformRow } from '../schema/entityRows.ts';
import { identifierName, physicalColumnName } from '../schema/environments.ts';
import { processes } from '../schema/processes.ts';
import type { World } from './world.ts';

/**
 * Subscriptions to the events of an entity: those that publishing wrote, to start processes, and those of activities
 * that wait for an event (docs/metamodel.md §4, "OSEVT_*").
 */
export function subscriptionRows(world: World, described: EntityDescription): PlatformRow[] {
  const name = entityName(described);
  const { espaces, processes: definitions } = world.platform;
  const starts = processes
    .filter(({ launchedBy }) => launchedBy === name)
    .map(
      (process): PlatformRow => ({
        _ESPACE_ID: espaces.get(process.espace)!,
        _TENANT_ID: 0,
        _PROCESS_DEF_ID: definitions.get(process.name)!,
        _IS_UPDATE: false,
        _IS_LIGHT: process.light,
      }),
    );
  const activities = world.instances.waiting
    .filter(({ entity }) => entity === name)
    .map(({ activity, isUpdate, tenant, filter }): PlatformRow => {
      const column =
        filter &&
        physicalColumnName(world.environment, described, filter.attribute ?? identifierName(described)).toUpperCase();
      return {
        _ESPACE_ID: espaces.get('Sales')!,
        _TENANT_ID: tenant,
        _ACTIVITY_ID: activity,
        _IS_UPDATE: isUpdate,
        _IS_LIGHT: false,
        ...(column === null ? {} : { [column]: filter!.value }),
      };
    });
  return [...starts, ...activities];
}
