import { describe, expect, it } from 'vitest';
import { queryOne } from '../../src/database/queries.ts';
import { integer } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { type ContractGround, contractTables, seenName, tableName } from './contract.ts';

export function describeCatalog(ground: ContractGround): void {
  const { database } = ground;
  /** A name as the catalog gives it. */
  const seen = (name: string) => seenName(ground, name);
  const seenIndex = (name: string) =>
    database().can.keepNames ? name : expect.stringMatching(new RegExp(`^${name}`, 'i'));

  describe('catalog', () => {
    it('finds tables regardless of case and gives the names as they are', async () => {
      const tables = await database().rows.tables(['OSUSR_ABC_CHILD', 'parent', 'NoSuchTable']);
      expect(tables.map((table) => table.name).sort()).toEqual([seen('PARENT'), seen('osusr_abc_Child')].sort());
      expect(tables.every((table) => table.schema === database().schema && table.type === 'table')).toBe(true);
    });

    it('reads all tables of the default schema when no names are given', async () => {
      const names = (await database().rows.tables()).map((table) => table.name);
      expect(names).toContain(seen('PLAIN'));
      expect(names.length).toBeGreaterThanOrEqual(9);
    });

    it('finds nothing for no names', async () => {
      expect(await database().rows.tables([])).toEqual([]);
    });

    it('describes columns, keys, indexes, references and triggers', async () => {
      const [table] = await database().rows.tables(['osusr_abc_Child']);
      const byName = new Map(table!.columns.map((column) => [column.name, column]));
      expect([...byName.keys()]).toEqual(['ID', 'PARENTID', 'CODE', 'AMOUNT', 'NOTE', 'COUNT'].map(seen));
      expect(byName.get(seen('ID'))).toMatchObject({
        kind: 'integer',
        identity: true,
        nullable: false,
        computed: false,
      });
      expect(byName.get(seen('PARENTID'))).toMatchObject({
        kind: 'integer',
        identity: false,
        nullable: true,
        default: null,
      });
      expect(byName.get(seen('CODE'))).toMatchObject({ kind: 'text', length: 50 });
      expect(byName.get(seen('CODE'))!.collation).toBeTruthy();
      expect(byName.get(seen('AMOUNT'))).toMatchObject({ kind: 'decimal', precision: 37, scale: 8 });
      expect(byName.get(seen('AMOUNT'))!.default).toContain('0');
      expect(byName.get(seen('NOTE'))).toMatchObject({ kind: 'text', length: null });
      expect(table!.primaryKey).toEqual([seen('ID')]);
      expect(table!.indexes).toEqual([
        { name: seenIndex('OSIDX_CHILD_PARENT'), columns: ['PARENTID', 'COUNT'].map(seen), unique: false },
      ]);
      const [coded] = await database().rows.tables(['CODED']);
      expect(coded!.indexes).toEqual([{ name: seenIndex('OSIDX_CODED_CODE'), columns: [seen('CODE')], unique: true }]);
      expect(table!.foreignKeys).toEqual([
        {
          name: seen('OSFRK_CHILD_PARENT'),
          column: seen('PARENTID'),
          target: seen('PARENT'),
          targetColumn: seen('ID'),
          onDelete: 'cascade',
          enabled: true,
          trusted: true,
        },
      ]);
      // Who may only read and write rows need not see them.
      const [asOwner] = await database().owner.tables(['osusr_abc_Child']);
      expect(asOwner!.triggers).toEqual([{ name: seen('OSTRG_EI__CHILD'), enabled: true }]);
    });

    it('has no reference without the name of its target, where the login may not see that table', async () => {
      const apart = await ground.harness.create(contractTables);
      try {
        for (const right of ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const) await apart.revoke('PARENT', right);
        const [table] = await apart.rows.tables(['osusr_abc_Child']);
        expect(table!.columns.length).toBeGreaterThan(1);
        expect(table!.foreignKeys.filter(({ target, targetColumn }) => !target || !targetColumn)).toEqual([]);
      } finally {
        await apart.drop();
      }
    });

    it('names the kind of every type', async () => {
      const [table] = await database().rows.tables(['VALUES']);
      expect(table!.columns.map((column) => column.kind)).toEqual([
        'integer',
        'integer',
        'integer',
        'decimal',
        'boolean',
        'text',
        'binary',
        'datetime',
        'date',
        'time',
        'float',
        'uuid',
      ]);
    });

    it('tells the rights on each table, one that is not there included', async () => {
      const tables = ['PARENT', 'PLAIN', 'NOSUCH'].map((name) => tableName(ground, name));
      await database().revoke('PLAIN', 'INSERT');
      expect(await database().rows.rights(tables)).toEqual([
        { table: tables[0], select: true, insert: true, update: true, delete: true },
        { table: tables[1], select: true, insert: false, update: true, delete: true },
        { table: tables[2], select: false, insert: false, update: false, delete: false },
      ]);
    });

    it('tells that batches can be staged', async () => {
      expect(await database().rows.mayStage()).toBe(true);
    });

    it('says what it is', async () => {
      const facts = await database().rows.facts();
      expect(facts.version).toMatch(/^\d+\./);
      expect(facts.collation).toBeTruthy();
      expect(typeof facts.readsWait).toBe('boolean');
      expect(facts.otherSessions === null || facts.otherSessions >= 0).toBe(true);
      // Its clock may stand in any time zone.
      expect(Math.abs(Date.parse(`${facts.now}Z`) - Date.now())).toBeLessThan(15 * 60 * 60_000);
    });

    it('says who it is', async () => {
      expect(database().rows.engine).toBe(ground.harness.engine);
      expect(await database().rows.version()).toMatch(/SQL/);
    });

    it('tells its clock, which is that of this machine or near it, also within a transaction', async () => {
      const { rows } = database();
      const near = (clock: number) => expect(Math.abs(clock - Date.now())).toBeLessThan(5_000);
      near(await rows.now());
      await rows.transaction(async (transaction) => {
        const first = await transaction.now();
        near(first);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect((await transaction.now()) - first).toBeGreaterThanOrEqual(40);
      });
    });

    it('measures bytes', async () => {
      const { rows } = database();
      await rows.execute(sql`delete from "VALUES"`);
      await rows.execute(sql`insert into "VALUES" ("ID", "BINARY") values (1, ${Uint8Array.of(1, 0, 255)})`);
      const length = sql`select ${sql.byteLength(sql.id('BINARY'))} as length from "VALUES"`;
      expect(await queryOne(rows, length, { length: integer })).toEqual({ length: 3 });
    });
  });
}
