import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FindingCode, findingKinds } from '../../src/plan/catalogue/findings.ts';
import { Findings } from '../../src/plan/findings.ts';

const codes = Object.keys(findingKinds) as FindingCode[];

/** Rows of the document's tables whose first cell is a code: code and severity. */
const documented = [...readFileSync('docs/preflight.md', 'utf8').matchAll(/^\| `([^|]+)` +\| ([a-z ]+?) +\|/gm)].map(
  ([, code, severity]) => [code, severity],
);

describe('the catalogue of findings', () => {
  it('is what docs/preflight.md lists, code by code, with its severity', () => {
    const known = codes.map((code) => [code, findingKinds[code].severity]);
    expect(documented).toEqual(known);
  });

  it('has no code that no plan can hold', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.startsWith(path.join('plan', 'catalogue')))
      .map((file) => readFileSync(path.join('src', file), 'utf8'))
      .join('\n');
    expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });
});

describe('a finding', () => {
  it('is plain data: its code, its entity, and a message of sentence and remedy', () => {
    const findings = new Findings();
    findings.add('static-entity-missing', { entity: 'Sales.OrderStatus', there: 'quality' });
    findings.add('application-missing', { application: 'Sales', there: 'quality' });
    expect(JSON.parse(JSON.stringify(findings))).toEqual({
      blocking: [
        {
          code: 'application-missing',
          entity: '',
          message: "'quality' has no application 'Sales'; publish it there first",
        },
      ],
      warnings: [
        {
          code: 'static-entity-missing',
          entity: 'Sales.OrderStatus',
          message: "'quality' has no static entity Sales.OrderStatus; publish its module there",
        },
      ],
    });
  });

  it('blocks or warns as its facts say, where its code may do either', () => {
    const missing = { entity: 'Sales.Order', attribute: 'CustomerId', target: 'Core.Customer', rows: 1 } as const;
    const findings = new Findings();
    findings.add('missing-reference', { ...missing, why: 'absent', missing: 'fail' });
    findings.add('missing-reference', { ...missing, rows: 1_200, why: 'not migrated', missing: 'null' });
    const said = 'CustomerId refers to a row of Core.Customer that';
    expect(findings.blocking.map(({ message }) => message)).toEqual([
      `in 1 row ${said} does not exist; mend the data, or set missingReferences to "null" or "skip"`,
    ]);
    expect(findings.warnings.map(({ message }) => message)).toEqual([
      `in 1,200 rows ${said} is not migrated; it becomes NULL`,
    ]);
  });

  it('of others comes behind those that are there, in their order', () => {
    const [first, second] = [new Findings(), new Findings()];
    first.add('reads-wait', { database: 'production' });
    second.add('attribute-ignored', { entity: 'Sales.Order', attribute: 'Note' });
    second.add('no-natural-key', { entity: '(System).Site' });
    expect(first.merge(second, new Findings()).warnings.map(({ code }) => code)).toEqual([
      'reads-wait',
      'attribute-ignored',
      'no-natural-key',
    ]);
  });
});
