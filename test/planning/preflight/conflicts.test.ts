import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../../src/config/migrationSpec.ts';
import { prepareMigration } from '../../../src/planning/prepareMigration.ts';
import { uniqueColumn } from '../../support/redefinitions.ts';
import { type Changes, type SharedDemo, shareDemo, specOf } from '../sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('plan_conflicts', { rows: 300, orphans: false });
});
afterAll(() => demo.drop());

const planWith = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, async (databases) => (await prepareMigration({ ...databases, spec: specOf(demo, spec) })).plan);
const conflicts = (findings: { code: string; entity: string; message: string }[]) =>
  findings.filter(({ code }) => code === 'conflict').map(({ entity, message }) => `${entity}: ${message}`);

describe('conflicts in the plan', () => {
  it('are none where the destination has none of the values', async () => {
    const plan = await planWith();
    expect(conflicts([...plan.blocking, ...plan.warnings])).toEqual([]);
    expect(plan.conflicts).toBeUndefined();
  });

  it('are found by an index that only the destination has, also among the rows to come, and it is named as a difference', async () => {
    const changes: Changes = {
      destination: [
        `update "OSUSR_k4w_Payment" set "RECEIPT" = concat('Q', "ID")`,
        uniqueColumn('OSUSR_k4w_Payment', 'RECEIPT'),
      ],
      source: [
        `update "OSUSR_a1b_Payment" set "RECEIPT" = concat('R', "ID")`,
        `update "OSUSR_a1b_Payment" set "RECEIPT" = 'twice' where "ID" in
           (select "ID" from "OSUSR_a1b_Payment" order by "ID" offset 0 rows fetch next 3 rows only)`,
      ],
    };
    const plan = await planWith(changes);
    expect(conflicts(plan.blocking)).toEqual([
      `Sales.Payment: 2 rows to come have the RECEIPT of another one, as 'quality' compares them, and there it is unique; mend the data, or set "rowErrors" to "setAside"`,
    ]);
    expect(plan.entities.find(({ entity }) => entity === 'Payment')!.differences).toContain(
      "RECEIPT is unique in 'quality' only",
    );
    const lenient = await planWith(changes, { rowErrors: 'setAside' });
    expect(lenient.blocking).toEqual([]);
    expect(conflicts(lenient.warnings)).toEqual([expect.stringContaining('they are set aside')]);
  });

  it('are found by what references mean there, not by their ids', async () => {
    // A user whose extension is there already, under the other environment's id.
    const changes: Changes = {
      destination: [
        `insert into "OSUSR_k4w_SalesRepresentative" ("ID", "REGION") select u."ID", 'there' from "OSSYS_USER" u
           join "OSSYS_TENANT" t on t."ID" = u."TENANT_ID" where t."NAME" = 'Users' and u."USERNAME" in ('clerk3', 'clerk6', 'clerk9', 'clerk12')
           and u."ID" not in (select "ID" from "OSUSR_k4w_SalesRepresentative")`,
      ],
    };
    const plan = await planWith(changes);
    expect(conflicts(plan.blocking)).toEqual([
      expect.stringMatching(/^Sales\.SalesRepresentative: 'quality' has the ID of \d rows? to come/),
    ]);
    const [found] = plan.conflicts!;
    expect(found!.examples.length).toBe(found!.taken);
    expect(found!.examples[0]![0]).not.toBe(found!.examples[0]![1]);
    const reusing = await planWith(changes, { conflicts: 'reuse' });
    expect(reusing.blocking).toEqual([]);
    expect(conflicts(reusing.warnings)).toEqual([expect.stringMatching(/there already; nothing is written to them$/)]);
  });

  it('block even under reuse where two indexes mean two rows', async () => {
    const plan = await planWith(
      {
        destination: [
          `update "OSUSR_k4w_Order1" set "REFERENCE" = concat('Q', "ID")`,
          uniqueColumn('OSUSR_k4w_Order1', 'REFERENCE'),
          `update "OSUSR_k4w_Order1" set "NUMBER" = 'SO00000001', "TENANT_ID" = 5 where "ID" = (select min("ID") from "OSUSR_k4w_Order1")`,
          `update "OSUSR_k4w_Order1" set "REFERENCE" = 'SSO00000001' where "ID" = (select max("ID") from "OSUSR_k4w_Order1")`,
          'delete from "OSSYS_BPM_EVENT_QUEUE"',
        ],
        source: [
          `update "OSUSR_a1b_Order" set "REFERENCE" = concat('S', "NUMBER")`,
          `update "OSUSR_a1b_Order" set "TENANT_ID" = 2 where "NUMBER" = 'SO00000001'`,
        ],
      },
      { conflicts: 'reuse' },
    );
    expect(conflicts(plan.blocking)).toEqual([
      expect.stringMatching(
        /^Sales\.Order: 1 row to come cannot be mapped to the row that is there: its unique indexes do not all mean the same row/,
      ),
    ]);
  });
});
