import { describe, expect, it } from 'vitest';
import { readAddress } from '../../src/database/sqlserver/address.ts';

describe('sqlserver: the URL', () => {
  const read = (address: string, readOnly = false) => readAddress({ name: 'quality', url: address, readOnly, pool: 7 });

  it('asks for TLS with a certificate that is checked, unless it says otherwise', () => {
    expect(read('mssql://u:p@host/db')).toMatchObject({
      server: 'host',
      port: 1433,
      database: 'db',
      pool: { max: 7 },
      options: { encrypt: true, trustServerCertificate: false, appName: 'caravel', readOnlyIntent: false },
      authentication: { type: 'default', options: { userName: 'u', password: 'p' } },
    });
    expect(read('mssql://u:p@host:1444/db?encrypt=false&trustServerCertificate=true', true)).toMatchObject({
      port: 1444,
      options: { encrypt: false, trustServerCertificate: true, readOnlyIntent: true },
    });
    expect(read('mssql://u:p@host/db?encrypt=strict').options).toMatchObject({ encrypt: 'strict' });
  });

  it('takes escaped characters, instances, and every way to log in', () => {
    expect(read('mssql://me%40there:p%2Fw%3F@host/d%20b?instance=OS').authentication).toMatchObject({
      options: { userName: 'me@there', password: 'p/w?' },
    });
    expect(read('mssql://u:p@host/db?domain=CORP').authentication).toEqual({
      type: 'ntlm',
      options: { userName: 'u', password: 'p', domain: 'CORP' },
    });
    const principal = 'authentication=azure-active-directory-service-principal-secret';
    expect(read(`mssql://host/db?${principal}&clientId=c&clientSecret=s&tenantId=t`).authentication).toEqual({
      type: 'azure-active-directory-service-principal-secret',
      options: { clientId: 'c', clientSecret: 's', tenantId: 't' },
    });
  });

  it.each([
    ['mssql://u:p@host', /names no database/],
    ['mssql://u:hunter2@host/db?pasword=hunter2', /option 'pasword' is not known/],
    ['mssql://u:p@host/db?encrypt=yes', /'encrypt' is true or false/],
    ['mssql://u:p@host/db?packetSize=99999', /'packetSize' is a number from 512 to 32767/],
    ['mssql://u:p@host/db?authentication=kerberos', /'authentication' is one of default, ntlm/],
    ['mssql://u@host/db', /needs password/],
  ])('refuses %s in one line', (address, message) => {
    expect(() => read(address)).toThrow(message);
    expect(() => read(address)).not.toThrow('hunter2');
  });
});
