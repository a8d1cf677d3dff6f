import { describe, expect, it } from 'vitest';
import { configuration, configuredJournal, environmentUrl } from '../../src/config/configuration.ts';

describe('options beside a URL', () => {
  const read = (document: unknown) => configuration.parse(document);

  it('become part of it, escaped', () => {
    const config = read({
      environments: {
        production: { url: 'mssql://host/db', options: { user: 'me@there', password: 'a&b=c', encrypt: true } },
        quality: { url: 'mssql://u:p@host/db?instance=OS', options: { instance: 'other' } },
      },
      journal: { url: 'mssql://host/journal', options: { token: 't' } },
    });
    const url = new URL(environmentUrl(config, 'production'));
    expect([...url.searchParams]).toEqual([
      ['user', 'me@there'],
      ['password', 'a&b=c'],
      ['encrypt', 'true'],
    ]);
    expect(environmentUrl(config, 'quality')).toBe('mssql://u:p@host/db?instance=other');
    expect(configuredJournal(config)).toBe('mssql://host/journal?token=t');
  });

  it('that are not there leave it as it is, readable or not', () => {
    const config = read({ environments: { a: { url: 'postgres://u:p%2F@h/d' }, b: { url: 'mssql://u:p/w@h/d' } } });
    expect(environmentUrl(config, 'a')).toBe('postgres://u:p%2F@h/d');
    expect(environmentUrl(config, 'b')).toBe('mssql://u:p/w@h/d');
    expect(configuredJournal(config)).toBeNull();
  });
});
