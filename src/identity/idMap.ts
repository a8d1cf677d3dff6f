/** Source id → destination id of one entity (the guide's "FKs-Map"). Ids are text as the databases write them. */
export interface IdMap {
  /** The destination's id for a source id; undefined where the row was not migrated. */
  get(sourceId: string): string | undefined;
  readonly size: number;
}
