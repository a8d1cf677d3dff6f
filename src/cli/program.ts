import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CommandError, exitCode } from './exitCodes.ts';
import type { CommonOptions, DataOptions } from './options.ts';

/**
 * The `caravel` command as users see it (docs/interface.md, "Commands"). What a command does is loaded when it is
 * called, so that help and wrong usage answer at once.
 */
export function createProgram(): { run(words: string[]): Promise<number> } {
  const commands = new Commands();
  addServices(commands);
  addRuns(commands);
  addSteering(commands);
  addFindings(commands);
  addSchemas(commands);
  for (const command of [commands.program, ...commands.program.commands]) explainUsage(command);
  return commands;
}

/** The program, and the exit code of the command that it ran. */
class Commands {
  readonly program = new Command('caravel')
    .description('Moves the data of OutSystems 11 applications from one environment to another, durably, on Temporal.')
    .option('--config <file>', 'where the environments are (default: $CARAVEL_CONFIG, else ./caravel.json)')
    .option('--verbose', 'debug logs, and stack traces of errors')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false);
  #code: number = exitCode.ok;

  /** Runs what a command does, with its options and those of the program. */
  does<Options extends CommonOptions>(work: (words: string[], options: Options) => Promise<number>) {
    return async (...parameters: unknown[]) => {
      const command = parameters.at(-1) as Command;
      this.#code = await work(command.processedArgs as string[], command.optsWithGlobals<Options>());
    };
  }

  /** The same of a command that always has an argument. */
  doesWith<Options extends CommonOptions>(work: (word: string, options: Options) => Promise<number>) {
    return this.does<Options>(([word], options) => {
      if (word === undefined) throw new Error('the command was called without its argument');
      return work(word, options);
    });
  }

  async run(words: string[]): Promise<number> {
    try {
      await this.program.parseAsync(words, { from: 'user' });
    } catch (error) {
      if (error instanceof CommanderError && error.exitCode === 0) return exitCode.ok;
      throw error;
    }
    return this.#code;
  }
}

/** What runs until it is told to stop. */
function addServices(commands: Commands): void {
  const { program } = commands;
  program
    .command('dev')
    .description('start Temporal with its UI, the journal and a worker, and keep them until Ctrl-C')
    .option('--no-worker', 'services only')
    .option('--port <number>', 'port of Temporal (default: a free one)', port)
    .addOption(json('one line with the addresses when ready'))
    .action(
      commands.does<DataOptions & { worker: boolean; port?: number }>(async (_, options) =>
        (await import('./commands/dev.ts')).dev(options),
      ),
    );

  program
    .command('worker')
    .description('poll the task queue until told to stop; batches in flight are finished')
    .action(commands.does(async (_, options) => (await import('./commands/worker.ts')).worker(options)));
}

/** A run, from its plan to where it stands. */
function addRuns(commands: Commands): void {
  const { program } = commands;
  program
    .command('plan')
    .description('read both environments and print what a run would do; exits with 2 when something stands in the way')
    .argument('<spec>', 'file with the migration spec')
    .addOption(json())
    .option(
      '--users <file>',
      'write who becomes whom to a CSV file: source id, user name, tenant, decision, destination id',
    )
    .action(
      commands.doesWith<DataOptions & { users?: string }>(async (spec, options) =>
        (await import('./commands/plan.ts')).plan(spec, options),
      ),
    );

  program
    .command('start')
    .description('start a run; with --wait exits with 1 failed or refused, 2 blocked by the plan, 3 rows set aside')
    .argument('<spec>', 'file with the migration spec')
    .option('--id <id>', 'id of the run (default: made from the destination and the time)', runId)
    .option('--wait', 'show progress and end with the result')
    .addOption(json())
    .action(
      commands.doesWith<DataOptions & { id?: string; wait?: boolean }>(async (spec, options) =>
        (await import('./commands/start.ts')).start(spec, options),
      ),
    );

  program
    .command('status')
    .description('progress of one run, or the list of runs')
    .argument('[id]', 'id of the run')
    .option('--watch', 'follow the run until it ends')
    .addOption(json())
    .action(
      commands.does<DataOptions & { watch?: boolean }>(async ([id], options) =>
        (await import('./commands/status.ts')).status(id, options),
      ),
    );
}

/** What is said to a run that goes on. */
function addSteering(commands: Commands): void {
  const { program } = commands;
  const steering = [
    ['pause', 'hold a run after the batches now being written'],
    ['resume', 'let a paused run go on'],
    ['approve', 'let a run that waits after its plan go on'],
    ['cancel', 'end a run after the batches now being written'],
  ] as const;
  for (const [order, description] of steering) {
    program
      .command(order)
      .description(description)
      .argument('<id>', 'id of the run')
      .action(commands.doesWith(async (id) => (await import('./commands/control.ts')).control(order, id)));
  }
}

/** What a run has done, and what it could not do. */
function addFindings(commands: Commands): void {
  const { program } = commands;
  program
    .command('verify')
    .description(
      'prove the destination against the source, read-only; exits with 1 differs, 3 the same but for rows set aside',
    )
    .argument('<id>', 'id of the run')
    .addOption(json())
    .action(
      commands.doesWith<DataOptions>(async (id, options) => (await import('./commands/verify.ts')).verify(id, options)),
    );

  program
    .command('map')
    .description('print the id map as CSV: espace,entity,source_id,destination_id')
    .argument('<id>', 'id of the run')
    .option('--entity <espace.entity>', 'of this entity only')
    .addOption(json('a JSON array instead of CSV'))
    .action(
      commands.doesWith<DataOptions & { entity?: string }>(async (id, options) =>
        (await import('./commands/map.ts')).map(id, options),
      ),
    );

  program
    .command('issues')
    .description('rows set aside, with reasons; exits with 3 when some are open')
    .argument('<id>', 'id of the run')
    .addOption(new Option('--csv', 'as CSV').conflicts('json'))
    .addOption(json())
    .action(
      commands.doesWith<DataOptions & { csv?: boolean }>(async (id, options) =>
        (await import('./commands/issues.ts')).issues(id, options),
      ),
    );

  program
    .command('retry-issues')
    .description('migrate what a run set aside, after the cause was mended; exits with 3 when some of it is still open')
    .argument('<id>', 'id of the run')
    .addOption(json('one JSON document when it ends'))
    .action(
      commands.doesWith<DataOptions>(async (id, options) =>
        (await import('./commands/retryIssues.ts')).retryIssues(id, options),
      ),
    );

  program
    .command('restore')
    .description("give the destination's event subscriptions back after a run that did not finish")
    .argument('<id>', 'id of the run')
    .action(commands.doesWith(async (id, options) => (await import('./commands/restore.ts')).restore(id, options)));
}

/** What the files may hold. */
function addSchemas(commands: Commands): void {
  const { program } = commands;
  program
    .command('schema')
    .description('print the JSON Schema of caravel.json or of a migration spec')
    .addArgument(program.createArgument('<file>', 'which of the two').choices(['config', 'spec']))
    .action(commands.does(async ([file]) => (await import('./commands/schema.ts')).schema(file as 'config' | 'spec')));
}

const json = (description = 'one JSON document on stdout') => new Option('--json', description);

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new InvalidArgumentError('It must be a port number, 1 to 65535.');
}

function runId(text: string): string {
  // Workflow ids of its entities are `<run>/<Espace.Entity>`; the journal keeps 200 characters.
  if (/^[^\s/]{1,150}$/.test(text)) return text;
  throw new InvalidArgumentError('It must have 1 to 150 characters, none of them a space or a slash.');
}

/** Wrong usage becomes one line that says where the right one is written. */
function explainUsage(command: Command): void {
  const parent = command.parent?.name();
  const name = parent ? `${parent} ${command.name()}` : command.name();
  command.configureOutput({ outputError: () => {} });
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    const what =
      error.code === 'commander.help'
        ? 'no command given'
        : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    throw new CommandError(exitCode.usage, `${what.replace(/\.$/, '')}; see '${name} --help'`, error);
  });
}
