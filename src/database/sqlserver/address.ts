import type { config as MssqlConfig } from 'mssql';
import { timeouts } from '../../config/timeouts.ts';
import type { ConnectOptions } from '../port.ts';

const idleConnectionMs = 30_000;
/** The largest packet TDS knows ([MS-TDS] 2.2.6.4); the server may answer with less. */
export const largestPacket = 32_767;

/** The driver's own authentication types, by what the URL calls them, and the options that each needs. */
const authentications: Record<string, readonly string[]> = {
  default: ['user', 'password'],
  ntlm: ['user', 'password', 'domain'],
  'azure-active-directory-default': [],
  'azure-active-directory-password': ['user', 'password', 'clientId'],
  'azure-active-directory-service-principal-secret': ['clientId', 'clientSecret', 'tenantId'],
  'azure-active-directory-access-token': ['token'],
  'azure-active-directory-msi-vm': [],
  'azure-active-directory-msi-app-service': [],
};

const known = new Set([
  'encrypt',
  'trustServerCertificate',
  'hostNameInCertificate',
  'authentication',
  'user',
  'password',
  'domain',
  'clientId',
  'clientSecret',
  'tenantId',
  'token',
  'msiEndpoint',
  'msiSecret',
  'instance',
  'multiSubnetFailover',
  'packetSize',
]);

/**
 * What the driver wants to know, from `mssql://user:password@host:1433/database?option=value` (docs/sql-server.md lists
 * the options). TLS is on and the certificate is checked unless the URL says otherwise.
 * @throws Error with one line naming the option that is wrong; it never repeats a value.
 */
export function readAddress(options: ConnectOptions): MssqlConfig {
  const { name } = options;
  const url = new URL(options.url);
  const query = new Map<string, string>();
  for (const [option, value] of url.searchParams) {
    if (!known.has(option)) {
      throw new Error(`${name}: the URL's option '${option}' is not known; there are ${[...known].join(', ')}`);
    }
    query.set(option, value);
  }
  const flag = (option: string, otherwise: boolean): boolean => {
    const value = query.get(option);
    if (value === undefined) return otherwise;
    if (value !== 'true' && value !== 'false')
      throw new Error(`${name}: the URL's option '${option}' is true or false`);
    return value === 'true';
  };
  const packetSize = Number(query.get('packetSize') ?? largestPacket);
  if (!Number.isInteger(packetSize) || packetSize < 512 || packetSize > largestPacket) {
    throw new Error(`${name}: the URL's option 'packetSize' is a number from 512 to ${largestPacket}`);
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (database === '') throw new Error(`${name}: the URL names no database; write mssql://host:1433/database`);
  const instance = query.get('instance');
  return {
    server: url.hostname,
    ...(instance === undefined ? { port: Number(url.port || 1433) } : {}),
    database,
    authentication: authentication(name, url, query),
    requestTimeout: 0,
    connectionTimeout: timeouts.connect,
    // The pool hands its connections out to whom this adapter lends them (pool.ts): it never queues. A login that takes
    // too long is ended by driverGuard.ts, before the pool's own clock would.
    pool: {
      min: 0,
      max: options.pool,
      idleTimeoutMillis: idleConnectionMs,
      acquireTimeoutMillis: 2 * timeouts.opening,
      createTimeoutMillis: 2 * timeouts.opening,
    },
    // Checked by the state of the socket: a statement of its own before each use would cost a round trip.
    validateConnection: 'socket',
    options: {
      encrypt: query.get('encrypt') === 'strict' ? 'strict' : flag('encrypt', true),
      trustServerCertificate: flag('trustServerCertificate', false),
      ...(query.has('hostNameInCertificate') ? { serverName: query.get('hostNameInCertificate') } : {}),
      ...(instance === undefined ? {} : { instanceName: instance }),
      multiSubnetFailover: flag('multiSubnetFailover', false),
      // Availability groups and Azure's read scale-out route such a connection to a replica, where there is one.
      readOnlyIntent: options.readOnly,
      appName: 'caravel',
      packetSize,
      cancelTimeout: timeouts.cancel,
      abortTransactionOnError: true,
      enableArithAbort: true,
      lowerCaseGuids: true,
      useUTC: true,
    },
  } as MssqlConfig;
}

function authentication(name: string, url: URL, query: Map<string, string>): { type: string; options: object } {
  const type = query.get('authentication') ?? (query.has('domain') ? 'ntlm' : 'default');
  const needed = authentications[type];
  if (needed === undefined) {
    const types = Object.keys(authentications).join(', ');
    throw new Error(`${name}: the URL's option 'authentication' is one of ${types}`);
  }
  const values: Record<string, string | undefined> = {
    ...Object.fromEntries(query),
    user: query.get('user') ?? (url.username === '' ? undefined : decodeURIComponent(url.username)),
    password: query.get('password') ?? (url.password === '' ? undefined : decodeURIComponent(url.password)),
  };
  const missing = needed.filter((option) => values[option] === undefined);
  if (missing.length > 0) throw new Error(`${name}: authentication '${type}' needs ${missing.join(', ')} in the URL`);
  const { user, password, domain, clientId, clientSecret, tenantId, token, msiEndpoint, msiSecret } = values;
  const given = {
    userName: user,
    password,
    domain,
    clientId,
    clientSecret,
    tenantId,
    token,
    msiEndpoint,
    msiSecret,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { type, options: Object.fromEntries(present) };
}
