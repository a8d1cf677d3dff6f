/** The metamodel does not hold what was asked of it: one line that says what, where and what to do. */
export class CatalogError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CatalogError';
  }
}
