import type { EnvironmentDescription } from '../schema/environments.ts';
import { platformId } from '../schema/environments.ts';

/** Someone with an account in one environment or both. */
export interface Person {
  username: string;
  name: string;
  /** Name of the tenant of the account. */
  tenant: string;
  in: Place;
  active: boolean;
  /** No row of an application refers to the account. */
  idle?: true;
  /** `Espace/Role` granted to the account itself, and where. */
  grants?: { role: string; in: Place }[];
}

type Place = 'both' | 'production' | 'quality';

export interface Group {
  name: string;
  tenant: string;
  /** `Espace/Role` granted to the group. */
  roles: string[];
  in: Place;
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
    const grant = index % 4 === 0 ? [{ role: 'Sales/SalesClerk', in: granted[(index / 4) % granted.length]! }] : [];
    const person = { username: `clerk${index + 1}`, name: `${given} ${family}`, tenant, active: index % 9 !== 8 };
    return { ...person, in: 'both', grants: grant };
  });
}

const granted: Place[] = ['both', 'production', 'quality'];

/** Whom production alone knows, and its data refers to: their names are as hard as names get. */
const agency: Person[] = [
  "o'brien",
  'agência.1',
  '"quoted", with comma',
  'UPPER.case',
  `long.${'name'.repeat(61)}x`,
  'clerk1 ',
].map((username, index) => ({
  username,
  name: `Agency ${index + 1}`,
  tenant: index % 2 === 0 ? 'Users' : 'Northwind',
  in: 'production',
  active: index !== 3,
  grants: [{ role: 'Fulfilment/WarehouseClerk', in: 'production' }],
}));

/** The same usernames occur in both tenants, and two that differ in an accent only within one (trap 35). */
export const people: Person[] = [
  { username: 'admin', name: 'Administrator', tenant: 'ServiceCenter', in: 'both', active: true },
  ...['Users', 'Northwind'].map(
    (tenant): Person => ({
      username: 'admin',
      name: `${tenant} Administrator`,
      tenant,
      in: 'both',
      active: true,
      grants: [{ role: 'Users/UserManager', in: 'both' }],
    }),
  ),
  { username: 'jose.silva', name: 'Jose Silva', tenant: 'Users', in: 'both', active: true },
  { username: 'josé.silva', name: 'José Silva', tenant: 'Users', in: 'both', active: true },
  ...clerks('Users', 30, 0),
  ...clerks('Northwind', 14, 5),
  ...agency,
  { username: 'left.long.ago', name: 'Ida Vorbei', tenant: 'Users', in: 'production', active: false, idle: true },
  { username: 'new.hire', name: 'Nuno Novo', tenant: 'Northwind', in: 'production', active: true, idle: true },
  ...Array.from({ length: 8 }, (_, index): Person => {
    const tenant = index % 2 === 0 ? 'Users' : 'Northwind';
    return { username: `tester${index + 1}`, name: `Test Account ${index + 1}`, tenant, in: 'quality', active: true };
  }),
];

export const groups: Group[] = [
  { name: 'Sales Team', tenant: 'Users', roles: ['Sales/SalesClerk'], in: 'both' },
  { name: 'Sales Leads', tenant: 'Users', roles: ['Sales/SalesClerk', 'Sales/SalesManager'], in: 'both' },
  { name: 'Sales Team', tenant: 'Northwind', roles: ['Sales/SalesClerk'], in: 'both' },
  { name: 'Warehouse', tenant: 'Users', roles: ['Fulfilment/WarehouseClerk'], in: 'both' },
  { name: 'Returns Desk', tenant: 'Users', roles: ['Fulfilment/WarehouseClerk'], in: 'production' },
  // Of an application outside the scope.
  { name: 'Drivers', tenant: 'Users', roles: ['FleetCare/FleetManager'], in: 'production' },
  { name: 'Testers', tenant: 'Users', roles: ['Sales/SalesClerk'], in: 'quality' },
];

export const isIn = (place: Place, environment: EnvironmentDescription): boolean =>
  place === 'both' || place === environment.name;

/** `Tenant/username`, the name of an account that holds in both environments. */
export const accountName = (person: Pick<Person, 'tenant' | 'username'>): string =>
  `${person.tenant}/${person.username}`;

/** Accounts of an environment with their ids. */
export function accounts(environment: EnvironmentDescription): { person: Person; id: number }[] {
  const here = people.filter((person) => isIn(person.in, environment));
  return here.map((person, index) => ({ person, id: platformId(environment, index, here.length) }));
}
