import type { EnvironmentDescription } from '../schema/environments.ts';
import { platformId } from '../schema/environments.ts';

/** Someone with an account in one environment or both. */
export interface Person {
  username: string;
  name: string;
  /** Name of the tenant of the account. */
  tenant: string;
  in: 'both' | 'production' | 'quality';
  active: boolean;
}

export interface Group {
  name: string;
  tenant: string;
  /** `Espace/Role` granted to the group. */
  roles: string[];
}

const givenNames = [
  'Ana',
  'Bruno',
  'Chloé',
  'Dmitri',
  'Eleni',
  'Fatima',
  'Günter',
  'Hana',
  'Inês',
  'Jürgen',
  'Kenji',
  'Léa',
];
const familyNames = ['Almeida', 'Müller', 'Dubois', 'Παπαδόπουλος', 'Tanaka'];

function clerks(tenant: string, count: number, offset: number): Person[] {
  return Array.from({ length: count }, (_, index) => {
    const given = givenNames[(index + offset) % givenNames.length]!;
    const family = familyNames[(index * 3 + offset) % familyNames.length]!;
    return { username: `clerk${index + 1}`, name: `${given} ${family}`, tenant, in: 'both', active: index % 9 !== 8 };
  });
}

/** The same usernames occur in both tenants, and two that differ in an accent only within one (trap 35). */
export const people: Person[] = [
  { username: 'admin', name: 'Administrator', tenant: 'ServiceCenter', in: 'both', active: true },
  { username: 'admin', name: 'Administrator', tenant: 'Users', in: 'both', active: true },
  { username: 'admin', name: 'Northwind Administrator', tenant: 'Northwind', in: 'both', active: true },
  { username: 'jose.silva', name: 'Jose Silva', tenant: 'Users', in: 'both', active: true },
  { username: 'josé.silva', name: 'José Silva', tenant: 'Users', in: 'both', active: true },
  ...clerks('Users', 30, 0),
  ...clerks('Northwind', 14, 5),
  // Nobody refers to these.
  { username: 'left.long.ago', name: 'Ida Vorbei', tenant: 'Users', in: 'production', active: false },
  { username: 'new.hire', name: 'Nuno Novo', tenant: 'Northwind', in: 'production', active: true },
  ...Array.from({ length: 8 }, (_, index): Person => {
    const tenant = index % 2 === 0 ? 'Users' : 'Northwind';
    return { username: `tester${index + 1}`, name: `Test Account ${index + 1}`, tenant, in: 'quality', active: true };
  }),
];

export const groups: Group[] = [
  { name: 'Sales Team', tenant: 'Users', roles: ['Sales/SalesClerk'] },
  { name: 'Sales Leads', tenant: 'Users', roles: ['Sales/SalesClerk', 'Sales/SalesManager'] },
  { name: 'Sales Team', tenant: 'Northwind', roles: ['Sales/SalesClerk'] },
  { name: 'Warehouse', tenant: 'Users', roles: ['Fulfilment/WarehouseClerk'] },
];

/** `Tenant/username`, the name of an account that holds in both environments. */
export const accountName = (person: Pick<Person, 'tenant' | 'username'>): string =>
  `${person.tenant}/${person.username}`;

/** Accounts of an environment with their ids. */
export function accounts(environment: EnvironmentDescription): { person: Person; id: number }[] {
  const here = people.filter((person) => person.in === 'both' || person.in === environment.name);
  return here.map((person, index) => ({ person, id: platformId(environment, index, here.length) }));
}
