import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { z } from 'zod';
import { andMore } from '../wording/counts.ts';
import { type MigrationSpec, migrationSpec } from './migrationSpec.ts';

const database = z.strictObject({
  url: z
    .string()
    .regex(/^(postgres|postgresql|mssql):\/\//, { message: 'must start with mssql:// or postgres://' })
    .describe('Dollar-brace names are taken from the process environment.'),
  options: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe("What the URL's query may say, for what would be awkward there: a token, a password."),
});

/** caravel.json (docs/interface.md): where the environments and the journal are. */
export const configuration = z.strictObject({
  $schema: z.string().optional(),
  environments: z.record(z.string().min(1), database).describe('OutSystems environments, by the names specs use.'),
  journal: database.optional().describe("Caravel's own database; left out: the one of a running `caravel dev`."),
});

export type Configuration = z.output<typeof configuration>;

/** Wrong usage or an invalid file: one line naming the file, the path within it, and what to do. Exit code 64. */
export class ConfigurationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigurationError';
  }
}

/**
 * Reads and checks caravel.json; `${NAME}`s are replaced from `variables`.
 * @throws ConfigurationError
 */
export function loadConfiguration(file: string, variables: NodeJS.ProcessEnv = process.env): Configuration {
  const document = expand(file, [], readDocument(file), variables);
  return check(file, configuration, document);
}

/** Reads and checks a migration spec file. @throws ConfigurationError */
export function loadMigrationSpec(file: string): MigrationSpec {
  return check(file, migrationSpec, readDocument(file));
}

/** Checks a spec that came as data (the workflow's input). @throws ConfigurationError */
export function checkMigrationSpec(document: unknown): MigrationSpec {
  return check('the migration spec', migrationSpec, document);
}

/** The URL of an environment. @throws ConfigurationError naming the environments there are. */
export function environmentUrl(config: Configuration, name: string): string {
  const environment = Object.hasOwn(config.environments, name) ? config.environments[name] : undefined;
  if (environment) return urlOf(environment);
  const names = Object.keys(config.environments);
  throw new ConfigurationError(
    `environment '${name}' is not in the configuration; it has ${names.length ? names.join(', ') : 'none'}`,
  );
}

/** The URL of the configuration's journal, or null when it names none. */
export function configuredJournal(config: Configuration | null): string | null {
  return config?.journal ? urlOf(config.journal) : null;
}

/** A database's URL with its options. */
function urlOf({ url, options = {} }: z.output<typeof database>): string {
  // One that cannot be read is told by whoever opens it.
  if (Object.keys(options).length === 0 || !URL.canParse(url)) return url;
  const whole = new URL(url);
  for (const [option, value] of Object.entries(options)) whole.searchParams.set(option, String(value));
  return whole.href;
}

function readDocument(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new ConfigurationError(`${path.relative('.', file) || file}: ${why}`);
  }
  const errors: ParseError[] = [];
  const document = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length;
    throw new ConfigurationError(`${file}, line ${line}: not JSON: ${inWords(printParseErrorCode(error.error))}`);
  }
  return document;
}

/** `ColonExpected` → `colon expected`. */
const inWords = (code: string) => code.replaceAll(/(?!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();

function expand(file: string, at: string[], value: unknown, variables: NodeJS.ProcessEnv): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (_, name: string) => {
      const variable = variables[name];
      if (variable === undefined) {
        throw new ConfigurationError(`${file}, ${at.join('.')}: the environment variable ${name} is not set`);
      }
      return variable;
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => expand(file, [...at, String(index)], item, variables));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expand(file, [...at, key], item, variables)]),
    );
  }
  return value;
}

function check<T extends z.ZodType>(file: string, schema: T, document: unknown): z.output<T> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue, ...others] = result.error.issues;
  if (issue === undefined) throw new ConfigurationError(`${file}: ${result.error.message}`);
  const at = issue.path.length > 0 ? `, ${issue.path.join('.')}` : '';
  const more = others.length > 0 ? ` (${andMore(others.length)})` : '';
  throw new ConfigurationError(`${file}${at}: ${issue.message}${more}`);
}
