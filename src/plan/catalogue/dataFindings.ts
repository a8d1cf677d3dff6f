import { agreeing, countOf } from '../../wording/counts.ts';
import { blocks, mayBlock, type OfEntity, type OfNone, warns } from './findingKind.ts';

/** Rows whose reference leads nowhere. */
export interface MissingReference {
  attribute: string;
  /** `Espace.Entity`. */
  target: string;
  rows: number;
  why: 'absent' | 'not migrated' | 'no counterpart';
  missing: 'fail' | 'null' | 'skip';
}

const whyMissing: Record<MissingReference['why'], string> = {
  absent: 'does not exist',
  'not migrated': 'is not migrated',
  'no counterpart': 'has no counterpart in the destination',
};

const whatBecomesOfIt: Record<MissingReference['missing'], string> = {
  fail: '',
  null: '; it becomes NULL',
  skip: '; those rows are set aside',
};

/** Rows to come that clash with one another, or with rows of the destination. */
type Clash = { there: string; rows: number } & (
  | { clash: 'taken'; columns: readonly string[] }
  | { clash: 'repeated'; columns: readonly string[]; setAside: boolean }
  | { clash: 'disputed' }
  | { clash: 'reusable' }
);

/** Rows that stay and refer to rows that are to go. */
type Referring =
  | { referring: 'unseen'; there: string; name: string; table: string; column: string; goAlong: boolean }
  | { referring: 'rows'; rows: number; name: string; column: string; goAlong: boolean; mayGoToo: boolean }
  | { referring: 'values'; rows: number; name: string };

const along = (goAlong: boolean) => (goAlong ? ', and would be deleted with them' : '');

export const dataFindings = {
  'missing-reference': mayBlock<OfEntity & MissingReference>({
    blocks: ({ missing }) => missing === 'fail',
    sentence: ({ attribute, target, rows, why, missing }) =>
      `in ${countOf(rows, 'row')} ${attribute} refers to a row of ${target} that ${whyMissing[why]}` +
      whatBecomesOfIt[missing],
    remedy: ({ missing }) =>
      missing === 'fail' ? 'mend the data, or set missingReferences to "null" or "skip"' : null,
  }),
  conflict: mayBlock<OfEntity & Clash>({
    blocks: (facts) => facts.clash !== 'reusable' && !(facts.clash === 'repeated' && facts.setAside),
    sentence(facts) {
      const { rows, there } = facts;
      const toCome = `${countOf(rows, 'row')} to come`;
      switch (facts.clash) {
        case 'taken':
          return `'${there}' has the ${facts.columns.join(', ')} of ${toCome} already, and there it is unique`;
        case 'repeated': {
          const has = `${toCome} ${agreeing(rows, 'has', 'have')} the ${facts.columns.join(', ')} of another one`;
          const end = facts.setAside ? `; ${agreeing(rows, 'it is', 'they are')} set aside` : '';
          return `${has}, as '${there}' compares them, and there it is unique${end}`;
        }
        case 'disputed':
          return `${toCome} cannot be mapped to the row that is there: its unique indexes do not all mean the same row`;
        case 'reusable':
          return (
            `${toCome} ${agreeing(rows, 'is', 'are')} there already; ` +
            `nothing is written to ${agreeing(rows, 'it', 'them')}`
          );
      }
    },
    remedy(facts) {
      if (facts.clash === 'taken') return 'remove those rows there, or set "conflicts" to "reuse" to map to them';
      if (facts.clash === 'disputed') return `mend the data of '${facts.there}'`;
      return facts.clash === 'repeated' && !facts.setAside ? 'mend the data, or set "rowErrors" to "setAside"' : null;
    },
  }),
  'tenant-missing': mayBlock<OfEntity & { tenant: string; there: string; neededBy: 'rows' | 'people' | null }>({
    blocks: ({ neededBy }) => neededBy !== null,
    sentence({ tenant, there, neededBy }) {
      const lacks = `'${there}' has no tenant '${tenant}' of the same user provider`;
      return neededBy === null
        ? `${lacks}; no row to be migrated belongs to it`
        : `${lacks}, and ${neededBy} to be migrated belong to it`;
    },
    remedy: ({ neededBy }) => (neededBy === null ? null : 'create it there'),
  }),
  'tenant-orphaned': warns<OfEntity & { tenants: number; here: string }>({
    sentence: ({ tenants, here }) =>
      `rows to be migrated belong to ${countOf(tenants, 'tenant')} that '${here}' does not have itself; ` +
      'such rows follow missingReferences',
  }),
  'natural-key-ambiguous': warns<OfEntity & { table: string; keys: number; there: string }>({
    sentence: ({ table, keys, there }) =>
      `in '${there}' ${countOf(keys, 'natural key')} of ${table} ${agreeing(keys, 'belongs', 'belong')} to several ` +
      'rows; the one spelled alike is taken, else the active one, then the lowest id',
  }),
  'no-natural-key': warns<OfEntity>({
    sentence: ({ entity }) =>
      `rows of ${entity} have no name that holds in both environments: references to it cannot be mapped`,
  }),
  'platform-table-missing': warns<OfEntity & { missing: string; table: string; where: string }>({
    sentence: ({ missing, table, where }) =>
      `'${where}' has no ${missing}: nothing that refers to ${table} can be mapped`,
  }),
  'static-entity-missing': warns<OfEntity & { there: string }>({
    sentence: ({ entity, there }) => `'${there}' has no static entity ${entity}`,
    remedy: 'publish its module there',
  }),
  'static-record-missing': warns<OfEntity & { record: string; there: string }>({
    sentence: ({ record, there }) => `'${there}' has no record ${record}; rows that refer to it cannot be mapped`,
  }),
  'static-row-missing': warns<OfEntity & { record: string; there: string }>({
    sentence: ({ record, there }) => `in '${there}' the table lacks the row of record ${record}`,
    remedy: 'publish its module again',
  }),
  'process-definition-missing': warns<OfEntity & { instances: number; reason: string }>({
    sentence: ({ instances, reason }) =>
      `${countOf(instances, 'process instance is', 'process instances are')} set aside, ` +
      `with all that belongs to ${agreeing(instances, 'it', 'them')}: ${reason}`,
  }),
  'nothing-deleted': warns<OfNone & { named: readonly string[]; destinationData: string }>({
    sentence: ({ named, destinationData }) =>
      `alsoDelete names ${named.join(', ')}, and "destinationData" is "${destinationData}": nothing is deleted`,
  }),
  'emptying-unfinished': blocks<OfEntity & { run: string; table: string; there: string }>({
    sentence: ({ run, table, there }) =>
      `the run '${run}' began to empty '${there}' and did not finish: ` +
      `references of rows of ${table} may be NULL by now`,
    remedy: 'start a run over its scope with "destinationData" "delete"',
  }),
  'outside-rows-refer': blocks<OfEntity & Referring>({
    sentence(facts) {
      switch (facts.referring) {
        case 'unseen':
          return (
            `the login of '${facts.there}' may not read ${facts.name}, ` +
            `which may refer to its rows by ${facts.column}${along(facts.goAlong)}`
          );
        case 'rows':
          return (
            `${countOf(facts.rows, 'row')} of ${facts.name} outside the scope ` +
            `${agreeing(facts.rows, 'refers', 'refer')} to its rows by ${facts.column}${along(facts.goAlong)}`
          );
        case 'values':
          return (
            `${countOf(facts.rows, 'value')} in ${facts.name} of process instances outside the scope ` +
            `${agreeing(facts.rows, 'names', 'name')} its rows`
          );
      }
    },
    remedy(facts) {
      if (facts.referring === 'unseen') return `grant SELECT on ${facts.table}`;
      if (facts.referring === 'values') return 'widen the scope or remove those instances';
      return facts.mayGoToo
        ? `widen the scope, name "${facts.name}" under "alsoDelete", or remove those rows`
        : 'widen the scope or remove those rows';
    },
  }),
  'cannot-empty': blocks<OfEntity & { tables: readonly string[] }>({
    sentence: ({ tables }) =>
      `${tables.join(', ')} refer to each other in columns that take no NULL: none of them can be emptied first`,
    remedy: 'delete their rows by hand',
  }),
};
