/** Options that every command takes. */
export interface CommonOptions {
  /** Path of caravel.json. */
  config?: string;
  /** Stack traces and debug logs. */
  verbose?: boolean;
}

/** Options of commands that print data. */
export interface DataOptions extends CommonOptions {
  json?: boolean;
}
