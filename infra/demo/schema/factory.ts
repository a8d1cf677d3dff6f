import { customerCore } from './customerCore.ts';
import {
  type ApplicationDescription,
  type EntityDescription,
  type EspaceDescription,
  entity,
  entityName,
  espace,
  text,
} from './description.ts';
import { fleetCare } from './fleetCare.ts';
import { fulfilment } from './fulfilment.ts';
import { productCatalog, productCatalogCopy } from './productCatalog.ts';
import { erpConnector, sales } from './sales.ts';

const platformEntity = (name: string, table: string, label = 'Name') =>
  entity(name, {
    kind: 'platform',
    physicalName: table,
    identifier: { kind: 'autoNumber' },
    attributes: [text(label, 256)],
  });

/** Owner of the platform's own entities, which applications refer to by ordinary `bt` types (trap 38). */
const system = espace(
  '(System)',
  [
    platformEntity('User', 'OSSYS_USER'),
    platformEntity('Group', 'OSSYS_GROUP'),
    platformEntity('Role', 'OSSYS_ROLE'),
    platformEntity('Tenant', 'OSSYS_TENANT'),
    platformEntity('Espace', 'OSSYS_ESPACE'),
    platformEntity('Entity', 'OSSYS_ENTITY'),
    platformEntity('Process', 'OSSYS_BPM_PROCESS', 'Label'),
    platformEntity('Activity', 'OSSYS_BPM_ACTIVITY'),
  ],
  { system: true },
);
const serviceCenter = espace('ServiceCenter', [], { system: true, multiTenant: true, userProvider: true });
const users = espace('Users', [], { system: true, multiTenant: true, userProvider: true, roles: ['UserManager'] });

/** Every espace and extension of the demo factory. */
export const espaces: EspaceDescription[] = [
  system,
  serviceCenter,
  users,
  customerCore,
  productCatalog,
  sales,
  fulfilment,
  erpConnector,
  productCatalogCopy,
  fleetCare,
];

export const applications: ApplicationDescription[] = [
  {
    name: 'Order Management',
    description: 'Orders from quotation to delivery',
    espaces: ['ProductCatalog', 'Sales', 'Fulfilment', 'ErpConnector'],
  },
  { name: 'Customer Core', description: 'Customers and their contacts', espaces: ['CustomerCore'] },
  { name: 'Order Management Playground', description: 'A copy to try things', espaces: ['ProductCatalog_Copy'] },
  { name: 'Fleet Care', description: 'Company cars', espaces: ['FleetCare'] },
];

export const solutions = [
  { name: 'Order Suite', espaces: ['CustomerCore', 'ProductCatalog', 'Sales', 'Fulfilment', 'ErpConnector'] },
  { name: 'Company Cars', espaces: ['FleetCare'] },
];

const espacesByName = new Map(espaces.map((one) => [one.name, one]));
const entitiesByName = new Map(espaces.flatMap((one) => one.entities.map((each) => [entityName(each), each] as const)));

/** @throws when the description names an espace that is not there. */
export function espaceNamed(name: string): EspaceDescription {
  const found = espacesByName.get(name);
  if (!found) throw new Error(`The demo factory has no espace ${name}.`);
  return found;
}

/** @param name `Espace.Entity`. @throws when the description names an entity that is not there. */
export function entityNamed(name: string): EntityDescription {
  const found = entitiesByName.get(name);
  if (!found) throw new Error(`The demo factory has no entity ${name}.`);
  return found;
}

/** Entities with a table of their own in the environment's database: neither platform, external nor client ones. */
export const storedEntities: EntityDescription[] = [...entitiesByName.values()].filter(
  (one) => one.kind === 'entity' || one.kind === 'staticEntity',
);
