import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Configuration, loadConfiguration } from '../config/configuration.ts';
import { CommandError, exitCode } from './exitCodes.ts';
import type { CommonOptions } from './options.ts';

/** Path of the configuration that a command uses: `--config`, else `$CARAVEL_CONFIG`, else `./caravel.json`. */
export function configurationFile({ config }: CommonOptions): string {
  return config ?? (process.env.CARAVEL_CONFIG || 'caravel.json');
}

const isNamed = ({ config }: CommonOptions) => Boolean(config ?? process.env.CARAVEL_CONFIG);

/** @throws CommandError when there is no such file; ConfigurationError when it is invalid. */
export function readConfiguration(options: CommonOptions): Configuration {
  const file = configurationFile(options);
  if (!existsSync(file)) {
    const hint = isNamed(options)
      ? `check ${options.config === undefined ? 'CARAVEL_CONFIG' : '--config'}`
      : "write it ('caravel schema config' says what goes in), or name another with --config";
    throw new CommandError(exitCode.usage, `${path.normalize(file)}: there is no such file; ${hint}`);
  }
  return loadConfiguration(file);
}

/** For commands that can do without: null when the default file is not there. A file that was named must be. */
export function readConfigurationIfAny(options: CommonOptions): Configuration | null {
  if (!isNamed(options) && !existsSync(configurationFile(options))) return null;
  return readConfiguration(options);
}
