/** How many people, groups and grants there are to migrate, and what becomes of them. */
export interface PeopleSummary {
  users: { matched: number; created: number; updated: number; recreated: number; missing: number };
  groups: { matched: number; created: number };
  userRoles: LinkCounts;
  groupRoles: LinkCounts;
  groupUsers: LinkCounts;
}

export interface LinkCounts {
  matched: number;
  created: number;
  setAside: number;
}

/** What becomes of process instances, in trees: a process with its subprocesses. */
export interface ProcessSummary {
  copied: number;
  /** By the spec: `processes: active`, and the root is in a terminal state. */
  leftOut: number;
  /** Of modules outside the scope. */
  outside: number;
  /** Because the destination lacks a definition. */
  setAside: { reason: string; trees: number }[];
}
