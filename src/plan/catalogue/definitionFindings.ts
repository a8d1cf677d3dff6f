import { agreeing, countOf } from '../../wording/counts.ts';
import { blocks, mayBlock, type OfEntity, type OfNone, warns } from './findingKind.ts';

/** Names of the two environments. */
interface Environments {
  source: string;
  destination: string;
}

const publishToBoth = 'publish the same version to both';

export const definitionFindings = {
  'application-missing': blocks<OfNone & { application: string; there: string }>({
    sentence: ({ application, there }) => `'${there}' has no application '${application}'`,
    remedy: 'publish it there first',
  }),
  'espace-missing': blocks<OfNone & { kind: 'module' | 'extension'; name: string; there: string; entities: number }>({
    sentence: ({ kind, name, there, entities }) =>
      `'${there}' has no ${kind} '${name}' of this key, ` +
      `which holds ${countOf(entities, 'entity', 'entities')} to be copied`,
    remedy: 'publish it there first',
  }),
  // A moved entity has the same entity key in another espace (trap 2).
  'entity-missing': blocks<OfEntity & { there: string; elsewhere: string | null }>({
    sentence: ({ entity, there, elsewhere }) =>
      `'${there}' has no entity ${entity}` +
      (elsewhere === null ? '' : ` (it has one of the same entity key in module '${elsewhere}')`),
    remedy: 'publish the same version there',
  }),
  'physical-table-missing': blocks<OfEntity & { table: string; where: string; isElsewhere: boolean }>({
    sentence: ({ table, where, isElsewhere }) =>
      isElsewhere
        ? `its table ${table} lies in another catalog or schema of '${where}', which is not read`
        : `its table ${table} is not in '${where}', or the login may not read it`,
    remedy: ({ isElsewhere }) => (isElsewhere ? null : 'publish its module there again, or grant SELECT on it'),
  }),
  'physical-table-is-view': blocks<OfEntity & { table: string; where: string }>({
    sentence: ({ table, where }) => `${table} is a view in '${where}': its rows belong to other tables`,
  }),
  'physical-table-shared': blocks<OfEntity & { table: string; where: string; claimants: readonly string[] }>({
    sentence: ({ table, where, claimants }) => `in '${where}' ${claimants.join(' and ')} claim the same table ${table}`,
    remedy: 'deactivate or republish all but one of them',
  }),
  'attribute-only-in-source': mayBlock<
    OfEntity & Environments & { attribute: string; values: number; isIgnored: boolean }
  >({
    blocks: ({ values, isIgnored }) => values > 0 && !isIgnored,
    sentence({ attribute, source, values, isIgnored }) {
      const only = `${attribute} is only in '${source}'`;
      if (values === 0) return `${only}; no row holds a value`;
      const holding = `${only}, with ${countOf(values, 'value')}`;
      return isIgnored ? `${holding}; it is left behind, as ignoreAttributes says` : holding;
    },
    remedy: ({ entity, attribute, destination, values, isIgnored }) =>
      values === 0 || isIgnored
        ? null
        : `publish it to '${destination}', or name ${entity}.${attribute} in ignoreAttributes`,
  }),
  'type-differs': mayBlock<
    OfEntity & Environments & { attribute: string; types: string; becameReference: boolean; values: number }
  >({
    blocks: ({ values }) => values > 0,
    sentence({ attribute, types, becameReference, source, destination, values }) {
      const differs = becameReference
        ? `${attribute} is a reference in '${destination}' and a plain value in '${source}'`
        : `${attribute} is ${types}`;
      return values === 0
        ? `${differs}; no row holds a value`
        : `${differs}, and ${countOf(values, 'value')} would be lost`;
    },
    remedy: ({ values }) => (values === 0 ? null : `${publishToBoth}, or name it in ignoreAttributes`),
  }),
  'kind-differs': blocks<OfEntity & { kind: string; there: string }>({
    sentence: ({ kind, there }) => `it is ${kind === 'external' ? 'an' : 'a'} ${kind} entity in '${there}'`,
    remedy: publishToBoth,
  }),
  'reference-differs': mayBlock<OfEntity & Environments & { attribute: string; target: string; values: number }>({
    blocks: ({ values }) => values > 0,
    sentence: ({ attribute, target, source, destination, values }) =>
      `${attribute} refers to ${target} in '${source}' and to another entity in '${destination}'` +
      (values === 0 ? '; no row holds a value' : ''),
    remedy: ({ values }) => (values === 0 ? null : `${publishToBoth}, or name it in ignoreAttributes`),
  }),
  'value-does-not-fit': mayBlock<OfEntity & { destination: string } & (UnfitValues | UnfitIdentifiers)>({
    blocks: (facts) => 'rows' in facts || (facts.values > 0 && !facts.setAside),
    sentence(facts) {
      if ('rows' in facts) {
        const { rows, column, type, destination } = facts;
        return `identifiers of ${countOf(rows, 'row')} do not fit into ${column} of '${destination}' (${type})`;
      }
      const { attribute, types, values, setAside } = facts;
      if (values === 0) return `${attribute} is ${types}; all values fit for now`;
      const unfit = countOf(values, 'value does not fit', 'values do not fit');
      if (!setAside) return `${attribute} is ${types}, and ${unfit} without loss`;
      return `${attribute} is ${types}, and ${unfit}; ${agreeing(values, 'its row is', 'their rows are')} set aside`;
    },
    remedy: (facts) =>
      'rows' in facts || facts.values === 0 || facts.setAside
        ? null
        : `publish the same version to '${facts.destination}' or shorten ${agreeing(facts.values, 'it', 'them')}`,
  }),
  'identifier-differs': blocks<OfEntity & ({ has: string; lacks: string } | { here: string; there: string })>({
    sentence: (facts) =>
      'has' in facts
        ? `it has an identifier in '${facts.has}' and none in '${facts.lacks}'`
        : `its identifier is ${facts.here} and ${facts.there}`,
    remedy: publishToBoth,
  }),
  'identifier-cycle': blocks<OfEntity & { cycle: readonly string[] }>({
    sentence: ({ cycle }) =>
      `the identifiers depend on each other: ${[...cycle, cycle[0]].join(' → ')}; no row of them can be written first`,
  }),
  'unresolved-reference': blocks<OfEntity & { attribute: string; target: string; source: string }>({
    sentence: ({ attribute, target, source }) => `${attribute} refers to ${target}, which '${source}' does not have`,
    remedy:
      'refresh its references and publish the module again, ' +
      'or name the attribute in ignoreAttributes to leave it behind',
  }),
  'column-shared': blocks<OfEntity & { column: string; there: string }>({
    sentence: ({ column, there }) => `in '${there}' two active attributes have the column ${column}`,
    remedy: 'publish its module there again',
  }),
  'column-missing': mayBlock<OfEntity & { table: string; where: string; attribute: string; isIdentifier: boolean }>({
    blocks: ({ isIdentifier }) => isIdentifier,
    sentence({ table, where, attribute, isIdentifier }) {
      const lacks = `in '${where}' the table ${table} has no column for`;
      return isIdentifier ? `${lacks} its identifier ${attribute}` : `${lacks} ${attribute}; it is taken as empty`;
    },
    remedy: ({ isIdentifier }) => (isIdentifier ? 'publish its module there again' : null),
  }),
  'tenant-only-in-source': blocks<OfEntity & Environments>({
    sentence: ({ source, destination }) => `its rows belong to tenants in '${source}' and to none in '${destination}'`,
    remedy: publishToBoth,
  }),
  'tenant-only-in-destination': blocks<OfEntity & { there: string }>({
    sentence: ({ there }) =>
      `it is multi-tenant in '${there}' only, and nothing says to which tenant its rows are to belong`,
    remedy: publishToBoth,
  }),
  'value-required': blocks<OfEntity & { what: string; there: string }>({
    sentence: ({ what, there }) => `${what} is only in '${there}' and takes no NULL: nothing can stand there`,
    remedy: publishToBoth,
  }),
  'stale-reference': warns<OfEntity & { attribute: string; named: string; target: string }>({
    sentence: ({ attribute, named, target }) =>
      `the type of ${attribute} still names ${named}; ` +
      `it is read as a reference to ${target}, where that entity is now`,
  }),
  'external-reference': warns<OfEntity & { attribute: string; target: string }>({
    sentence: ({ attribute, target }) =>
      `${attribute} refers to ${target}, whose rows lie outside the environment; its values stay as they are`,
  }),
  'attribute-ignored': warns<OfEntity & { attribute: string }>({
    sentence: ({ attribute }) => `${attribute} is left behind, as ignoreAttributes says`,
  }),
  'producer-not-copied': warns<OfEntity & { attribute: string; target: string; rows: number }>({
    sentence: ({ attribute, target, rows }) =>
      `in ${countOf(rows, 'row')} ${attribute} refers to ${target}, which producers "match" leaves out; ` +
      'unless an earlier run copied those rows, missingReferences says what becomes of them',
  }),
  'soft-key-suspected': warns<OfEntity & { attribute: string; what: string; isWithin: boolean }>({
    sentence: ({ attribute, what }) => `${attribute} looks as if it held ${what}`,
    remedy({ entity, attribute, isWithin }) {
      const advice = isWithin
        ? 'what stands within a text is not translated'
        : `where it names rows, declare "${entity}.${attribute}" under "softKeys"`;
      return `it is copied as it is: ${advice}`;
    },
  }),
  'binary-data': warns<OfEntity & { attribute: string; values: number; size: string }>({
    sentence: ({ attribute, values, size }) =>
      `${attribute} holds ${countOf(values, 'value')} of binary data, ${size} together`,
  }),
};

/** Values of an attribute that the destination's column may not hold. */
interface UnfitValues {
  attribute: string;
  /** The two types in words. */
  types: string;
  values: number;
  /** Their rows are, and do not stand in the way. */
  setAside: boolean;
}

/** Identifiers that the destination's column does not hold. */
interface UnfitIdentifiers {
  rows: number;
  column: string;
  type: string;
}
