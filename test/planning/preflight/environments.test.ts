import { describe, expect, it } from 'vitest';
import type { Database, EngineName, PhysicalForeignKey, ServerFacts } from '../../../src/database/port.ts';
import type { Draft } from '../../../src/planning/drafting/draft.ts';
import { checkEnvironments } from '../../../src/planning/preflight/environments.ts';

const plain: ServerFacts = {
  version: '16.0.4165.4',
  edition: 'Developer Edition',
  compatibilityLevel: 160,
  collation: 'Latin1_General_CI_AI',
  recoveryModel: 'FULL',
  freeLog: null,
  readsWait: false,
  otherSessions: null,
  now: '2026-01-15T12:00:00',
};
const environment = (name: string, facts: Partial<ServerFacts> = {}, engine: EngineName = 'sqlserver') =>
  ({ name, engine, facts: async () => ({ ...plain, ...facts }) }) as unknown as Database;
const draft = (foreignKeys: Partial<PhysicalForeignKey>[]) =>
  ({ name: 'Sales.Order', destination: { foreignKeys } }) as unknown as Draft;

async function said(source: Database, destination: Database, drafts: Draft[] = []): Promise<string[]> {
  const { blocking, warnings } = await checkEnvironments(source, destination, drafts);
  expect(blocking).toEqual([]);
  return warnings.map(({ code, entity, message }) => `${code} ${entity}: ${message}`);
}

describe('what the servers say of themselves', () => {
  it('is nothing to warn of when both are alike', async () => {
    expect(await said(environment('production'), environment('quality', { version: '16.0.1000.6' }))).toEqual([]);
  });

  it('warns of another engine or version', async () => {
    const [line] = await said(environment('production', { version: '13.0.5026.0' }), environment('quality'));
    expect(line).toContain("engine-differs : 'production' is SQL Server 13, 'quality' is SQL Server 16");
    const [other] = await said(environment('production', {}, 'postgres'), environment('quality'));
    expect(other).toContain('engine-differs');
  });

  it('warns of collations, old levels, waiting reads and a log that is nearly full', async () => {
    const source = environment('production', { compatibilityLevel: 120, readsWait: true });
    const destination = environment('quality', { collation: 'Latin1_General_CS_AS', freeLog: 500 * 1024 ** 2 });
    const lines = await said(source, destination);
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'old-compatibility-level',
      'collation-differs',
      'reads-wait',
      'little-log-space',
    ]);
    expect(lines[3]).toContain('500 MB');
  });

  it('says nothing of a log whose space is not shown, or is plenty, or is reused by itself', async () => {
    const source = environment('production');
    expect(await said(source, environment('quality', { freeLog: 50 * 1024 ** 3 }))).toEqual([]);
    expect(await said(source, environment('quality', { freeLog: 1024, recoveryModel: 'SIMPLE' }))).toEqual([]);
  });

  it('names constraints that do not hold', async () => {
    const drafts = [
      draft([
        { name: 'OSFRK_GOOD', enabled: true, trusted: true },
        { name: 'OSFRK_OFF', enabled: false, trusted: false },
        { name: 'OSFRK_UNSURE', enabled: true, trusted: false },
      ]),
    ];
    const lines = await said(environment('production'), environment('quality'), drafts);
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'foreign-key-disabled Sales.Order',
      'foreign-key-not-trusted Sales.Order',
    ]);
    expect(lines[0]).toContain('OSFRK_OFF');
  });
});
