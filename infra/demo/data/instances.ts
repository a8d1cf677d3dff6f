import { basicType, valueType } from '../schema/definitionRows.ts';
import type { PlatformRow } from '../schema/entityRows.ts';
import { recordId } from '../schema/environments.ts';
import { entityNamed } from '../schema/factory.ts';
import {
  type ActivityDescription,
  type ActivityStatus,
  activityStatusIds,
  type ProcessDescription,
  type ProcessStatus,
  processNamed,
  processStatusIds,
  type ValueDescription,
  valueKey,
} from '../schema/processes.ts';
import type { Value } from '../schema/tables.ts';
import { type Random, seededRandom } from './random.ts';
import {
  type Identifier,
  type Instances,
  looseReference,
  someMoment,
  userReference,
  type Waiting,
  type World,
} from './world.ts';

const unset = '1900-01-01 00:00:00';
/** A row that is gone, as old instances refer to. */
const goneOrder = 987654399;

/**
 * An approval for every other order, in all states; and, in production, some processes of an application outside the
 * scope.
 */
export function createInstances(world: World): Instances {
  const made = new Making(world);
  const orders = world.ids('Sales.Order').filter((_, index) => index % 2 === 0);
  for (const [index, order] of orders.entries()) made.approve(order, index);
  if (world.environment.name === 'production') for (let index = 0; index < 20; index++) made.inspect(index);
  return made.instances();
}

/** What becomes of an approval: where it stands, and how it ended. */
type Stage = 'credit' | 'approve' | 'payment' | 'suspended' | 'closed' | 'skipped' | 'terminated';
const stages: Stage[] = [
  'approve',
  'closed',
  'payment',
  'closed',
  'credit',
  'terminated',
  'closed',
  'suspended',
  'skipped',
  'approve',
];

type InstanceTable = 'PROCESS' | 'PROCESS_INPUT' | 'PROCESS_OUTPUT' | 'ACTIVITY' | 'ACTIVITY_OUTPUT';

class Making {
  readonly #world: World;
  readonly #random: Random;
  readonly #tables: Record<InstanceTable, PlatformRow[]> = {
    PROCESS: [],
    PROCESS_INPUT: [],
    PROCESS_OUTPUT: [],
    ACTIVITY: [],
    ACTIVITY_OUTPUT: [],
  };
  readonly #approvalOf = new Map<Identifier, number>();
  readonly #tasks: number[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#random = seededRandom(world.seed, `${world.environment.name} instances`);
  }

  instances(): Instances {
    return {
      tables: new Map(Object.entries(this.#tables).map(([name, rows]) => [`OSSYS_BPM_${name}`, rows])),
      approvalOf: this.#approvalOf,
      tasks: this.#tasks,
      activities: this.#tables.ACTIVITY.map((row) => Number(row.ID)),
      waiting: this.#waiting,
    };
  }

  approve(order: Identifier, index: number): void {
    const world = this.#world;
    const random = this.#random;
    const stage = stages[index % stages.length]!;
    const process = processNamed('OrderApproval');
    const tenant = world.tenants[index % 3 === 0 ? 1 : 0]!;
    const isOver = stage === 'closed' || stage === 'terminated';
    const status: ProcessStatus =
      stage === 'closed'
        ? 'Closed'
        : stage === 'terminated'
          ? 'Terminated'
          : stage === 'suspended'
            ? 'Suspended'
            : 'Active';
    const root = this.#process(process, tenant, status, `Approval ${world.environment.name} ${index + 1}`, null);
    this.#approvalOf.set(order, root);
    const isGone = world.orphans && stage === 'terminated' && index % 4 === 1;
    this.#input(process, 'OrderId', root, tenant, isGone ? goneOrder : order);
    this.#input(process, 'IsUrgent', root, tenant, random.chance(0.2) ? 'TRUE' : 'FALSE');
    const changed = this.#activity(process, 'OrderChanged', root, tenant, isOver ? 'Terminated' : 'Listening', null);
    if (!isOver) this.#waitFor(changed, index, tenant, order);
    if (index % 9 === 0) this.#input(process, 'OrderId', root, tenant, order, changed);

    const checked = this.#activity(process, 'CheckOrder', root, tenant, 'Closed', null);
    this.#output(process, 'CheckOrder', 'CheckedOn', checked, tenant, someMoment(random));
    this.#output(process, 'CheckOrder', 'IsValid', checked, tenant, 'TRUE');
    const credit = this.#activity(
      process,
      'CheckCredit',
      root,
      tenant,
      stage === 'credit' ? 'Running' : 'Closed',
      checked,
    );
    this.#checkCredit(index, tenant, root, credit, stage === 'credit');
    this.#output(process, 'CheckCredit', 'Score', credit, tenant, stage === 'credit' ? null : `${index % 100}.25`);
    if (stage === 'credit') return;

    const approving: ActivityStatus =
      stage === 'approve' || stage === 'suspended'
        ? 'Ready'
        : stage === 'terminated'
          ? 'Terminated'
          : stage === 'skipped'
            ? 'Skipped'
            : 'Closed';
    const approval = this.#activity(process, 'Approve', root, tenant, approving, credit);
    this.#output(process, 'Approve', 'OrderId', approval, tenant, isGone ? goneOrder : order);
    const done = approving === 'Closed';
    this.#output(process, 'Approve', 'ApproverId', approval, tenant, done ? userReference(world, random) : 0);
    const methods = entityNamed('Sales.PaymentMethod');
    const method = recordId(world.environment, methods, methods.records[index % methods.records.length]!);
    this.#output(process, 'Approve', 'PaymentMethodCode', approval, tenant, done ? method : '');
    this.#output(process, 'Approve', 'Remark', approval, tenant, done ? random.pick(world.texts.sentences) : null);
    if (stage === 'approve' || stage === 'suspended' || stage === 'terminated') return;

    const waits = stage === 'payment' || stage === 'skipped';
    const payment = this.#activity(process, 'WaitForPayment', root, tenant, waits ? 'Listening' : 'Closed', approval);
    if (waits) {
      const filter = { attribute: 'OrderId', value: order };
      this.#waiting.push({ activity: payment, entity: 'Sales.Payment', isUpdate: false, tenant, filter });
      return;
    }
    this.#output(process, 'WaitForPayment', 'PaymentId', payment, tenant, random.pick(world.ids('Sales.Payment')));
    this.#activity(process, 'Finish', root, tenant, 'Closed', payment);
    const statuses = entityNamed('Sales.OrderStatus');
    const confirmed = statuses.records.find(({ name, deleted }) => name === 'Confirmed' && !deleted)!;
    this.#processOutput(process, 'ApprovedBy', root, tenant, userReference(world, random));
    this.#processOutput(process, 'FinalStatusId', root, tenant, recordId(world.environment, statuses, confirmed));
    this.#processOutput(process, 'Comment', root, tenant, index % 5 === 0 ? '' : random.pick(world.texts.sentences));
  }

  #checkCredit(index: number, tenant: number, root: number, activity: number, isOpen: boolean): void {
    const world = this.#world;
    const process = processNamed('CreditCheck');
    const customer = this.#random.pick(world.ids('CustomerCore.Customer')) as Value;
    const label = `Credit check ${world.environment.name} ${index + 1}`;
    const own = this.#process(process, tenant, isOpen ? 'Active' : 'Closed', label, { process: root, activity });
    this.#input(process, 'CustomerId', own, tenant, customer);
    const asked = this.#activity(process, 'AskBureau', own, tenant, 'Closed', null);
    this.#output(process, 'AskBureau', 'CustomerId', asked, tenant, customer);
    const review = this.#activity(process, 'Review', own, tenant, isOpen ? 'Ready' : 'Closed', asked);
    this.#output(process, 'Review', 'ReviewerId', review, tenant, isOpen ? null : userReference(world, this.#random));
    if (isOpen) return;
    const segments = entityNamed('CustomerCore.CustomerSegment');
    const segment = segments.records[index % segments.records.length]!;
    this.#processOutput(process, 'Score', own, tenant, `${index % 100}.25`);
    this.#processOutput(process, 'SegmentId', own, tenant, recordId(world.environment, segments, segment));
  }

  inspect(index: number): void {
    const process = processNamed('VehicleInspection');
    const tenant = this.#world.tenants[0]!;
    const vehicle = this.#random.pick(this.#world.ids('FleetCare.Vehicle')) as Value;
    const own = this.#process(process, tenant, index % 2 === 0 ? 'Active' : 'Closed', `Inspection ${index + 1}`, null);
    this.#input(process, 'VehicleId', own, tenant, vehicle);
    // A driver whom nothing else of the scope knows must not travel.
    this.#input(process, 'DriverId', own, tenant, this.#world.platform.users.get('Users/left.long.ago') ?? null);
    const activity = this.#activity(process, 'Inspect', own, tenant, index % 2 === 0 ? 'Ready' : 'Closed', null);
    this.#output(process, 'Inspect', 'VehicleId', activity, tenant, vehicle);
  }

  #waitFor(activity: number, index: number, tenant: number, order: Identifier): void {
    const statuses = entityNamed('Sales.OrderStatus');
    const cancelled = recordId(
      this.#world.environment,
      statuses,
      statuses.records.find(({ name }) => name === 'Cancelled')!,
    );
    const filter =
      index % 23 === 0
        ? null
        : index % 7 === 0
          ? { attribute: 'StatusId', value: cancelled }
          : { attribute: null, value: order };
    this.#waiting.push({
      activity,
      entity: 'Sales.Order',
      isUpdate: true,
      tenant: index % 5 === 0 ? 0 : tenant,
      filter,
    });
  }

  #add(table: InstanceTable, row: PlatformRow): number {
    const rows = this.#tables[table];
    const before =
      rows.length === 0 ? (this.#world.environment.name === 'production' ? 100 : 7) : Number(rows.at(-1)!.ID);
    const id = before + (this.#random.chance(0.05) ? 3 : 1);
    rows.push({ ID: id, ...row });
    return id;
  }

  #process(
    process: ProcessDescription,
    tenant: number,
    status: ProcessStatus,
    label: string,
    parent: { process: number; activity: number } | null,
  ): number {
    const world = this.#world;
    const isSuspended = status === 'Suspended';
    const id = this.#add('PROCESS', {
      TENANT_ID: tenant,
      LABEL: label,
      CREATED: '2025-11-03 09:30:00',
      CREATED_BY: userReference(world, this.#random),
      PROCESS_DEF_ID: world.platform.processes.get(process.name)!,
      PARENT_PROCESS_ID: parent?.process ?? null,
      PARENT_ACTIVITY_ID: parent?.activity ?? null,
      STATUS_ID: processStatusIds[world.environment.name][status],
      LAST_MODIFIED: someMoment(this.#random),
      LAST_MODIFIED_BY: looseReference(world, this.#random, world.users, 0),
      SUSPENDED_DATE: isSuspended ? '2025-12-01 00:00:00' : unset,
      SUSPENDED_BY: isSuspended ? userReference(world, this.#random) : null,
    });
    this.#tables.PROCESS.at(-1)!.TOP_PROCESS_ID = parent?.process ?? id;
    return id;
  }

  #activity(
    process: ProcessDescription,
    name: string,
    owner: number,
    tenant: number,
    status: ActivityStatus,
    precedent: number | null,
  ): number {
    const world = this.#world;
    const described = this.#described(process, name);
    const isHuman = described.kind === 'Human Activity';
    const isOpen = status === 'Ready' || status === 'Listening' || status === 'Running';
    const isRunning = status === 'Running' || this.#random.chance(0.02);
    const toGroup = isHuman && isOpen && this.#random.chance(0.3);
    const groups = [...world.platform.groups].flatMap(([group, id]) => (group === 'Users/Drivers' ? [] : [id]));
    const id = this.#add('ACTIVITY', {
      TENANT_ID: tenant,
      ACTIVITY_DEF_ID: world.platform.activities.get(`${process.name}/${name}`)!,
      PROCESS_ID: owner,
      NAME: name,
      USER_ID: isHuman && !toGroup ? userReference(world, this.#random) : null,
      CREATED: '2025-11-03 09:30:05',
      OPENED: isOpen ? unset : '2025-11-03 10:00:00',
      CLOSED: isOpen ? unset : '2025-11-04 10:00:00',
      STATUS_ID: activityStatusIds[world.environment.name][status],
      IS_RUNNING_SINCE: isRunning ? '2026-01-14 03:00:00' : unset,
      IS_RUNNING_AT: isRunning ? `frontend-${world.environment.name}` : '',
      NEXT_RUN: status === 'Listening' ? '2027-05-01 08:00:00' : '2025-11-03 09:31:00',
      PRECEDENT_ACTIVITY_ID: precedent,
      PRECEDENT_OUTCOME: '',
      DUE_DATE: isHuman ? '2026-03-01 00:00:00' : unset,
      INBOX_DETAIL: isHuman ? `<b>${name}</b>` : '',
      EXPIRED: false,
      SKIPPED: status === 'Skipped',
      ERROR_COUNT: isRunning ? 1 : 0,
      LAST_ERROR_ID: isRunning ? '0c9d6a52-8a5e-4d7c-9a44-1d1a1c1f2b3c' : null,
      LAST_MODIFIED: someMoment(this.#random),
      GROUP_ID: toGroup ? this.#random.pick(groups) : null,
    });
    if (isHuman && process.espace !== 'FleetCare') this.#tasks.push(id);
    return id;
  }

  #described(process: ProcessDescription, name: string): ActivityDescription {
    return process.activities.find((one) => one.name === name)!;
  }

  #input(
    process: ProcessDescription,
    name: string,
    owner: number,
    tenant: number,
    value: Value,
    activity: number | null = null,
  ): void {
    const described = process.inputs.find((one) => one.name === name)!;
    this.#add('PROCESS_INPUT', {
      ...held(described, valueKey(process.name, 'input', described), tenant),
      INPUT_DEF_ID: this.#world.platform.processInputs.get(`${process.name}/${name}`)!,
      PROCESS_ID: owner,
      ACTIVITY_ID: activity,
      INPUT_VALUE: value === null ? null : String(value),
    });
  }

  #processOutput(process: ProcessDescription, name: string, owner: number, tenant: number, value: Value): void {
    const described = process.outputs.find((one) => one.name === name)!;
    this.#add('PROCESS_OUTPUT', {
      ...held(described, valueKey(process.name, 'output', described), tenant),
      OUTPUT_DEF_ID: this.#world.platform.processOutputs.get(`${process.name}/${name}`)!,
      PROCESS_ID: owner,
      OUTPUT_VALUE: value === null ? null : String(value),
    });
  }

  #output(
    process: ProcessDescription,
    activity: string,
    name: string,
    owner: number,
    tenant: number,
    value: Value,
  ): void {
    const described = this.#described(process, activity).outputs.find((one) => one.name === name)!;
    this.#add('ACTIVITY_OUTPUT', {
      ...held(described, valueKey(`${process.name}/${activity}`, 'output', described), tenant),
      OUTPUT_DEF_ID: this.#world.platform.activityOutputs.get(`${process.name}/${activity}/${name}`)!,
      ACTIVITY_ID: owner,
      OUTPUT_VALUE: value === null ? null : String(value),
    });
  }
}

const held = (value: ValueDescription, key: string, tenant: number): PlatformRow => ({
  SS_KEY: key,
  NAME: value.name,
  DATA_TYPE: basicType(value),
  TENANT_ID: tenant,
  SS_TYPE: valueType(value),
});
