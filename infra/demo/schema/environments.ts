import {
  type AttributeDescription,
  binaryData,
  date,
  decimal,
  type EntityDescription,
  entityName,
  integer,
  type RecordDescription,
  text,
} from './description.ts';
import { entityNamed, storedEntities } from './factory.ts';
import {
  bigIntegerType,
  type ColumnDescription,
  type ColumnType,
  dateTimeType,
  integerType,
  textType,
} from './tables.ts';

export type EnvironmentName = 'production' | 'quality';

/** What the history of one environment did to an entity, beside its description. */
export interface EntityHistory {
  /**
   * The table's name after the module's code, where it is not the entity's: renamed since, or made anew after a clash.
   */
  table?: string;
  /** Physical column of an attribute where DATABASE_NAME differs from its name. */
  columns?: Record<string, string>;
  /** Attributes that this environment has not had deployed away, or has ahead of the other. */
  onlyHere?: AttributeDescription[];
  /** Deleted attributes: metadata inactive, the column stays; it may be the column of an active attribute (trap 5). */
  deleted?: AttributeDescription[];
  /** Columns without any metadata left, full of stale data (trap 6). */
  deadColumns?: { name: string; type: ColumnType }[];
}

/** An inactive row of OSSYS_ENTITY whose table is still there (trap 2: moved; or simply deleted). */
export interface FormerEntity {
  espace: string;
  /** The entity whose keys it shares: where it lives now; null for one that was deleted for good. */
  movedTo: string | null;
  name: string;
  /** After the module's code. */
  table: string;
  columns: ColumnDescription[];
}

export interface EnvironmentDescription {
  name: EnvironmentName;
  /** Three characters per module, which tables are named after. */
  codes: Record<string, string>;
  history: Record<string, EntityHistory>;
  formerEntities: FormerEntity[];
  /** Tables nobody in the factory knows. */
  strangerTables: string[];
  tenants: { name: string; provider: string; id: number }[];
}

const column = (name: string, type: ColumnType, identity = false): ColumnDescription => ({
  name,
  type,
  nullable: !identity,
  identity,
  hasDefault: false,
});
const staleColumns = [
  column('ID', bigIntegerType, true),
  column('ORDERID', bigIntegerType),
  column('TRACKINGCODE', textType(60)),
];

export const production: EnvironmentDescription = {
  name: 'production',
  codes: {
    CustomerCore: '7i3',
    ProductCatalog: 'w83',
    Sales: 'a1b',
    Fulfilment: 'q0z',
    ProductCatalog_Copy: 'm5t',
    FleetCare: 'f1e',
  },
  history: {
    'Sales.CustomerNote': { table: 'Remark', deadColumns: [{ name: 'BODY', type: textType(null) }] },
    'Sales.Order': { deleted: [text('Reference', 20)] },
    'Sales.OrderLine': { columns: { Position: 'LINE_POSITION' } },
    'ProductCatalog.Product': { deleted: [text('LegacyCode', 30), decimal('Volume', 10, 2)] },
    'Fulfilment.Shipment': { onlyHere: [text('CustomsCode', 40)] },
  },
  formerEntities: [
    { espace: 'Sales', movedTo: 'Fulfilment.Shipment', name: 'Shipment', table: 'Shipment', columns: staleColumns },
  ],
  strangerTables: ['IMPORT_2019'],
  tenants: [
    { name: 'ServiceCenter', provider: 'ServiceCenter', id: 1 },
    { name: 'Users', provider: 'Users', id: 2 },
    { name: 'Northwind', provider: 'Users', id: 3 },
  ],
};

export const quality: EnvironmentDescription = {
  name: 'quality',
  codes: {
    CustomerCore: 'e9d',
    ProductCatalog: '2pc',
    Sales: 'k4w',
    Fulfilment: 'x6n',
    ProductCatalog_Copy: 'w83',
    FleetCare: '0fl',
  },
  history: {
    'Sales.Order': {
      table: 'Order1',
      onlyHere: [decimal('RiskScore', 10, 2)],
      deleted: [text('Reference', 20), binaryData('Signature')],
    },
    'CustomerCore.Customer': {
      onlyHere: [integer('LoyaltyPoints', { hasDefault: true })],
      deadColumns: [{ name: 'OLDRATING', type: integerType }],
    },
    'CustomerCore.Contact': { onlyHere: [text('Nickname', 40), date('LastSeenOn')] },
    'Fulfilment.StockLevel': {
      columns: { Quantity: 'QUANTITY1' },
      deadColumns: [{ name: 'QUANTITY', type: integerType }],
    },
  },
  formerEntities: [
    { espace: 'Sales', movedTo: 'Fulfilment.Shipment', name: 'Shipment', table: 'Shipment', columns: staleColumns },
    {
      espace: 'Sales',
      movedTo: null,
      name: 'Order',
      table: 'Order',
      columns: [column('ID', integerType, true), column('NUMBER', textType(20)), column('ORDEREDON', dateTimeType)],
    },
  ],
  strangerTables: ['IMPORT_2019', 'BACKUP_BEFORE_UPGRADE'],
  // The numbers overlap with production's and mean something else: an id that is not translated goes wrong in silence.
  tenants: [
    { name: 'ServiceCenter', provider: 'ServiceCenter', id: 1 },
    { name: 'Northwind', provider: 'Users', id: 2 },
    { name: 'Users', provider: 'Users', id: 5 },
  ],
};

/** Place of the item at `position` of `count` in the other environment's order: never the same place. */
const displaced = (position: number, count: number): number => (position + Math.floor(count / 2) + 1) % (count + 1);

/** Id of the platform row at `position` of `count` rows: the same numbers on both sides, for other rows, with gaps. */
export function platformId(environment: EnvironmentDescription, position: number, count: number): number {
  return 11 + 3 * (environment.name === 'production' ? position : displaced(position, count));
}

/**
 * Identifier of a static record in an environment (DATA_ID). They differ for all three kinds of identifier: auto
 * numbers and manual numbers are the same numbers in another order, two text codes were corrected after go-live.
 */
export function recordId(
  environment: EnvironmentDescription,
  owner: EntityDescription,
  described: RecordDescription,
): string | number {
  const isProduction = environment.name === 'production';
  switch (owner.identifier?.kind) {
    case 'longAutoNumber':
    case 'autoNumber': {
      const position = owner.records.indexOf(described);
      return 1 + (isProduction ? position : displaced(position, owner.records.length));
    }
    case 'manualInteger':
      return isProduction ? Number(described.id) : 50 - Number(described.id);
    default: {
      const corrected: Record<string, string> = { GR: 'EL', DEBIT: 'SEPA' };
      const code = String(described.id);
      return isProduction ? code : (corrected[code] ?? code);
    }
  }
}

/** Attributes that an environment's published version has. */
export function activeAttributes(
  environment: EnvironmentDescription,
  described: EntityDescription,
): AttributeDescription[] {
  return [...described.attributes, ...(environment.history[entityName(described)]?.onlyHere ?? [])];
}

/** Physical table of an entity; what OSSYS_ENTITY calls PHYSICAL_TABLE_NAME. */
export function physicalTableName(environment: EnvironmentDescription, described: EntityDescription): string {
  if (described.physicalName) return described.physicalName;
  const suffix = environment.history[entityName(described)]?.table ?? described.name;
  return `OSUSR_${environment.codes[described.espace]}_${suffix}`;
}

/** Physical column of an attribute. */
export function physicalColumnName(
  environment: EnvironmentDescription,
  described: EntityDescription,
  attribute: string,
): string {
  return environment.history[entityName(described)]?.columns?.[attribute] ?? attribute.toUpperCase();
}

/** Name of the identifier attribute: Code for text codes, else Id. */
export function identifierName(described: EntityDescription): string {
  return described.identifier?.kind === 'code' ? 'Code' : 'Id';
}

for (const environment of [production, quality]) {
  for (const name of Object.keys(environment.history)) {
    if (!storedEntities.includes(entityNamed(name))) throw new Error(`${environment.name}: ${name} has no table.`);
  }
}
