import { ssKey } from './keys.ts';

/** The processes of the demo factory, as they are drawn in Service Studio. */
export interface ProcessDescription {
  espace: string;
  name: string;
  label: string;
  /** Started by every new row of this entity (`Espace.Entity`), or by hand. */
  launchedBy: string | null;
  /** Light processes leave no instances. */
  light: boolean;
  inputs: ValueDescription[];
  outputs: ValueDescription[];
  activities: ActivityDescription[];
}

export interface ActivityDescription {
  name: string;
  kind: ActivityKind;
  /** Name of the process that it executes. */
  invokes: string | null;
  outputs: ValueDescription[];
}

/** An input or an output: a basic type, or `Espace.Entity` whose identifier it is. */
export interface ValueDescription {
  name: string;
  type: 'rtText' | 'rtBoolean' | 'rtDateTime' | 'rtDecimal' | { references: string };
  /** The event's own input, with the key that the platform gives it (trap 25). */
  isEvent?: true;
}

export type ActivityKind = (typeof activityKinds)[number];
export const activityKinds = [
  'Human Activity',
  'Automatic Activity',
  'Execute Process',
  'Wait',
  'Conditional Start',
  'Start',
  'End',
] as const;

const of = (name: string, target: string): ValueDescription => ({ name, type: { references: target } });
const value = (name: string, type: Exclude<ValueDescription['type'], object>): ValueDescription => ({ name, type });
const activity = (
  name: string,
  kind: ActivityKind,
  outputs: ValueDescription[] = [],
  invokes: string | null = null,
): ActivityDescription => ({ name, kind, invokes, outputs });

/**
 * An approval with a subprocess of another espace; one more of the scope without instances; one of an unrelated
 * application.
 */
export const processes: ProcessDescription[] = [
  {
    espace: 'Sales',
    name: 'OrderApproval',
    label: 'Order approval',
    launchedBy: 'Sales.Order',
    light: false,
    inputs: [{ ...of('OrderId', 'Sales.Order'), isEvent: true }, value('IsUrgent', 'rtBoolean')],
    outputs: [of('ApprovedBy', '(System).User'), of('FinalStatusId', 'Sales.OrderStatus'), value('Comment', 'rtText')],
    activities: [
      activity('CheckOrder', 'Automatic Activity', [value('CheckedOn', 'rtDateTime'), value('IsValid', 'rtBoolean')]),
      activity('CheckCredit', 'Execute Process', [value('Score', 'rtDecimal')], 'CreditCheck'),
      activity('Approve', 'Human Activity', [
        of('ApproverId', '(System).User'),
        of('OrderId', 'Sales.Order'),
        of('PaymentMethodCode', 'Sales.PaymentMethod'),
        value('Remark', 'rtText'),
      ]),
      activity('WaitForPayment', 'Wait', [of('PaymentId', 'Sales.Payment')]),
      activity('OrderChanged', 'Conditional Start', [of('ChangedOrderId', 'Sales.Order')]),
      activity('Finish', 'End'),
    ],
  },
  {
    espace: 'CustomerCore',
    name: 'CreditCheck',
    label: 'Credit check',
    launchedBy: null,
    light: false,
    inputs: [of('CustomerId', 'CustomerCore.Customer')],
    outputs: [value('Score', 'rtDecimal'), of('SegmentId', 'CustomerCore.CustomerSegment')],
    activities: [
      activity('AskBureau', 'Automatic Activity', [of('CustomerId', 'CustomerCore.Customer')]),
      activity('Review', 'Human Activity', [of('ReviewerId', '(System).User')]),
    ],
  },
  {
    espace: 'Sales',
    name: 'NotifyCustomer',
    label: 'Notify the customer',
    launchedBy: 'Sales.Payment',
    light: true,
    inputs: [{ ...of('PaymentId', 'Sales.Payment'), isEvent: true }],
    outputs: [],
    activities: [activity('Notify', 'Automatic Activity')],
  },
  {
    espace: 'FleetCare',
    name: 'VehicleInspection',
    label: 'Inspection of a vehicle',
    launchedBy: '(System).User',
    light: false,
    inputs: [of('VehicleId', 'FleetCare.Vehicle'), of('DriverId', '(System).User')],
    outputs: [],
    activities: [activity('Inspect', 'Human Activity', [of('VehicleId', 'FleetCare.Vehicle')])],
  },
];

/** @throws when the description names a process that is not there. */
export function processNamed(name: string): ProcessDescription {
  const found = processes.find((one) => one.name === name);
  if (!found) throw new Error(`The demo factory has no process ${name}.`);
  return found;
}

export const processKey = ({ name }: ProcessDescription): string => ssKey('process', name);
export const activityKey = (process: ProcessDescription, { name }: ActivityDescription): string =>
  ssKey('activity', process.name, name);

/** The key of an event's input is no GUID (trap 25). */
export const valueKey = (owner: string, side: 'input' | 'output', { name, isEvent }: ValueDescription): string =>
  isEvent ? `${ssKey('event', owner)}.#EventGeneratedInput` : ssKey(side, owner, name);

export const processStatuses = [
  { name: 'Active', isTerminal: false },
  { name: 'Closed', isTerminal: true },
  { name: 'Suspended', isTerminal: false },
  { name: 'Terminated', isTerminal: true },
] as const;
export type ProcessStatus = (typeof processStatuses)[number]['name'];

export const activityStatuses = [
  { name: 'Running', isTerminal: false },
  { name: 'Closed', isTerminal: true },
  { name: 'Listening', isTerminal: false },
  { name: 'Ready', isTerminal: false },
  { name: 'Skipped', isTerminal: true },
  { name: 'Terminated', isTerminal: true },
] as const;
export type ActivityStatus = (typeof activityStatuses)[number]['name'];

/** The ids of metamodel §4; those that are not known from there differ between the environments. */
export const processStatusIds: Record<'production' | 'quality', Record<ProcessStatus, number>> = {
  production: { Active: 1, Closed: 2, Suspended: 3, Terminated: 4 },
  quality: { Active: 1, Closed: 2, Suspended: 5, Terminated: 3 },
};
export const activityStatusIds: Record<'production' | 'quality', Record<ActivityStatus, number>> = {
  production: { Running: 2, Closed: 5, Listening: 8, Ready: 9, Skipped: 11, Terminated: 12 },
  quality: { Running: 3, Closed: 5, Listening: 8, Ready: 9, Skipped: 12, Terminated: 11 },
};
