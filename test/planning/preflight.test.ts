import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { planMigration } from '../../src/planning/planMigration.ts';
import { type Changes, type DemoTemplates, demoTemplates, specOf } from './demoCopies.ts';

let templates: DemoTemplates;
beforeAll(async () => {
  templates = await demoTemplates('preflight', { rows: 150, orphans: false });
}, 60_000);
afterAll(() => templates.drop());

const planWith = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  templates.changed(changes, (databases) => planMigration({ ...databases, spec: specOf(templates, spec) }));
const codes = ['application-enabled', 'espace-locked', 'trigger-enabled'];
const warned = async (changes: Changes) =>
  (await planWith(changes)).warnings
    .filter(({ code }) => codes.includes(code))
    .map(({ code, entity, message }) => `${code} ${entity}: ${message}`);

describe('what an operator prepares in the destination', () => {
  it('is not mentioned where it is done', async () => {
    expect(await warned({})).toEqual([]);
  });

  it('is asked for by name: applications that are enabled, modules that are locked, triggers that are not the platform’s', async () => {
    const destination = [
      `update "OSSYS_APPLICATION" set "DISABLED" = false`,
      `update "OSSYS_ESPACE" set "IS_LOCKED" = true where "NAME" in ('Sales', 'FleetCare')`,
      `create function audit() returns trigger language plpgsql as 'begin return new; end'`,
      `create trigger audit_payments after insert on "OSUSR_k4w_Payment" for each row execute function audit()`,
    ];
    expect(await warned({ destination })).toEqual([
      expect.stringMatching(
        /^application-enabled : the application 'Order Management' is enabled in 'quality': until it is disabled/,
      ),
      expect.stringMatching(/^application-enabled : the application 'Customer Core' is enabled/),
      expect.stringMatching(/^espace-locked : the module 'Sales' is locked in 'quality'/),
      expect.stringMatching(
        /^trigger-enabled Sales\.Payment: audit_payments in 'quality' runs for every row that is written/,
      ),
    ]);
  });

  it('includes what differs in the rules of deletion', async () => {
    const plan = await planWith({
      destination: [
        `update "OSSYS_ENTITY_ATTR" set "DELETE_RULE" = 'Protect' where "NAME" = 'OrderId' and "DELETE_RULE" = 'Delete'`,
      ],
    });
    expect(plan.entities.find(({ entity }) => entity === 'OrderLine')!.differences).toContain(
      'OrderId has the delete rule Delete here and Protect there',
    );
  });
});
