import { z } from 'zod';

const names = z.array(z.string().min(1)).min(1);
const dotted = (parts: number, form: string) =>
  z.string().refine((text) => text.split('.').length >= parts, { message: `must have the form ${form}` });

const scope = z
  .strictObject({
    applications: names.optional(),
    espaces: names.optional(),
    solutions: names.optional(),
    all: z.literal(true).optional(),
  })
  .refine((value) => value.all || value.applications || value.espaces || value.solutions, {
    message: 'name applications, espaces or solutions, or say { "all": true }',
  });

/**
 * What the operator wants: the workflow's input and the content of a spec file (docs/interface.md, "The migration
 * spec").
 */
export const migrationSpec = z
  .strictObject({
    $schema: z.string().optional(),
    source: z.string().min(1).describe('Name of the source environment in caravel.json.'),
    destination: z.string().min(1).describe('Name of the destination environment in caravel.json.'),
    scope: scope.describe('What to migrate, by name; the producers it depends on come along.'),
    producers: z
      .enum(['include', 'match'])
      .default('include')
      .describe('Entities outside the scope that it refers to: copied too, or not copied.'),
    users: z
      .enum(['match', 'create', 'update', 'recreate'])
      .default('create')
      .describe('What happens to the people the data refers to.'),
    destinationData: z.enum(['keep', 'delete']).default('keep').describe('Keep or empty the entities in scope first.'),
    conflicts: z.enum(['fail', 'reuse']).default('fail').describe('A clash with a row already in the destination.'),
    ignoreAttributes: z
      .array(dotted(3, 'Espace.Entity.Attribute'))
      .default([])
      .describe('Attributes that only the source has and that hold data, to be left behind.'),
    processes: z.enum(['all', 'active', 'none']).default('all').describe('BPT process instances to migrate.'),
    eventQueues: z
      .enum(['empty', 'any'])
      .default('empty')
      .describe('Events that wait in the queues of the destination block the run, or stay there.'),
    missingReferences: z
      .enum(['fail', 'null', 'skip'])
      .default('fail')
      .describe('A reference whose target was not migrated.'),
    rowErrors: z.enum(['fail', 'setAside']).default('fail').describe('A row that the destination does not take.'),
    approval: z.boolean().default(false).describe('Wait after the plan for `caravel approve`.'),
    verify: z.enum(['content', 'counts', 'none']).default('content').describe('The proof at the end.'),
    softKeys: z
      .array(
        z.strictObject({
          attribute: dotted(3, 'Espace.Entity.Attribute'),
          target: dotted(2, 'Espace.Entity'),
        }),
      )
      .default([])
      .describe('Text or number attributes that hold identifiers, translated like references.'),
    alsoDelete: z
      .array(dotted(2, 'Espace.Entity'))
      .default([])
      .describe('Entities outside the scope that may be emptied with destinationData "delete".'),
    batchRows: z.int().min(1).max(100_000).default(10_000).describe('Rows of a batch, at most.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Entities copied at the same time.'),
  })
  .refine((spec) => spec.source !== spec.destination, {
    path: ['destination'],
    message: 'must be another environment than the source',
  });

export type MigrationSpec = z.output<typeof migrationSpec>;
export type MigrationSpecInput = z.input<typeof migrationSpec>;
