import type { EventTrigger } from '../schema/eventTables.ts';

/** What the two engines call the same things. */
interface Words {
  /** The new rows. */
  inserted: string;
  /** Condition: the trigger runs for an UPDATE. */
  isUpdate: string;
  now: string;
  true: string;
  false: string;
}

/**
 * What a trigger does, as the public copy of OSTRG_EI__OSSYS_USER does it: the new rows, crossed with the subscriptions
 * that let them pass, go into the queue of normal and into that of light processes. A filter that is NULL, and tenant
 * 0, let any row pass.
 */
export function queueStatements(trigger: EventTrigger, quoted: (name: string) => string, words: Words): string {
  const [identifier] = trigger.filters;
  const tenant = trigger.hasTenant ? `n.${quoted('TENANT_ID')}` : '0';
  const passes = [
    ...trigger.filters.map((column) => `(e.${quoted(column)} IS NULL OR e.${quoted(column)} = n.${quoted(column)})`),
    `(e.${quoted('_TENANT_ID')} = 0${trigger.hasTenant ? ` OR e.${quoted('_TENANT_ID')} = ${tenant}` : ''})`,
    `((e.${quoted('_IS_UPDATE')} = ${words.true} AND ${words.isUpdate}) OR (e.${quoted('_IS_UPDATE')} = ${words.false} AND NOT (${words.isUpdate})))`,
  ];
  const into = (queue: string, row: string, isLight: string) => {
    const columns = [
      'ESPACE_ID',
      'TENANT_ID',
      'ACTIVITY_ID',
      'PROCESS_DEF_ID',
      row,
      'ENQUEUE_TIME',
      'ERROR_COUNT',
      'NEXT_RUN',
    ];
    return `INSERT INTO ${quoted(queue)} (${columns.map(quoted).join(', ')})
      SELECT e.${quoted('_ESPACE_ID')}, ${tenant}, e.${quoted('_ACTIVITY_ID')}, e.${quoted('_PROCESS_DEF_ID')},
        CAST(n.${quoted(identifier!)} AS varchar(50)), ${words.now}, 0, ${words.now}
      FROM ${words.inserted} n CROSS JOIN ${quoted(trigger.eventTable)} e
      WHERE e.${quoted('_IS_LIGHT')} = ${isLight} AND ${passes.join(' AND ')};`;
  };
  return [
    into('OSSYS_BPM_EVENT_QUEUE', 'DATA_ID', words.false),
    into('OSSYS_BPM_EVENT', 'ENTITY_RECORD_ID', words.true),
  ].join('\n');
}
