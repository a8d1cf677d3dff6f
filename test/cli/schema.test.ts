import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createWorkplace } from './command.ts';

const workplace = createWorkplace();
afterAll(() => workplace.remove());

async function schemaOf(file: 'config' | 'spec') {
  const { code, stdout, stderr } = await workplace.caravel('schema', file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const document = JSON.parse(stdout);
  expect(document.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  return { document, schema: z.fromJSONSchema(document) };
}

describe('caravel schema', () => {
  it('spec: asks for source, destination and scope only, and refuses unknown keys', async () => {
    const { document, schema } = await schemaOf('spec');
    expect(document.required).toEqual(['source', 'destination', 'scope']);
    const spec = { source: 'production', destination: 'quality', scope: { all: true } };
    expect(schema.safeParse(spec).success).toBe(true);
    expect(schema.safeParse({ ...spec, verify: 'counts', batchRows: 500 }).success).toBe(true);
    expect(schema.safeParse({ ...spec, verify: 'twice' }).success).toBe(false);
    expect(schema.safeParse({ ...spec, colour: 'blue' }).success).toBe(false);
    expect(schema.safeParse({ source: 'production', destination: 'quality' }).success).toBe(false);
  });

  it('spec: says the default and the meaning of every setting', async () => {
    const { document } = await schemaOf('spec');
    const { $schema: _, ...properties } = document.properties as Record<string, { description?: string }>;
    for (const [name, property] of Object.entries(properties)) {
      expect(property.description, name).toBeTruthy();
      if (!document.required.includes(name)) expect(property, name).toHaveProperty('default');
    }
  });

  it('config: takes environments by name and a journal', async () => {
    const { schema } = await schemaOf('config');
    const environments = { production: { url: 'mssql://host/db' } };
    expect(schema.safeParse({ environments }).success).toBe(true);
    expect(schema.safeParse({ environments, journal: { url: 'postgres://host/db' } }).success).toBe(true);
    expect(schema.safeParse({ environments: { production: { url: 'mysql://host/db' } } }).success).toBe(false);
    expect(schema.safeParse({ journal: { url: 'postgres://host/db' } }).success).toBe(false);
  });
});
