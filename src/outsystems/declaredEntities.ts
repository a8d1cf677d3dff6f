import type { PhysicalColumn, PhysicalTable } from '../database/port.ts';
import type { Attribute, Entity, EnvironmentCatalog, Espace } from './catalog.ts';
import type { EntityPair } from './matching.ts';
import { sameName } from './naming.ts';
import { platformEntity, platformTarget, tenantColumnName } from './platform.ts';

/**
 * A platform table whose references the metamodel does not give: they are declared by hand
 * (docs/metamodel.md §3, §4).
 */
export interface DeclaredEntity {
  /** Upper-case name of the table. */
  table: string;
  /** Its name as an entity of `(System)`, for people. */
  name: string;
  references: DeclaredReference[];
}

export interface DeclaredReference {
  column: string;
  /** Upper-case name of the platform table whose ids it holds. */
  to: string;
  rule: Attribute['deleteRule'];
}

const system: Espace = {
  kind: 'espace',
  id: '',
  name: '(System)',
  key: 'platform',
  active: true,
  system: true,
  multiTenant: false,
  locked: false,
};

/**
 * A platform table as an entity of both environments: each physical column that both have is an attribute. Columns that
 * one side lacks are in `sourceOnly` and `destinationOnly`.
 * @returns null where a side has no such table (a view is none), or it has no `ID`.
 */
export function declaredPair(
  source: EnvironmentCatalog,
  destination: EnvironmentCatalog,
  declared: DeclaredEntity,
): EntityPair | null {
  const sourceTable = source.platformTables.get(declared.table);
  const destinationTable = destination.platformTables.get(declared.table);
  if (sourceTable?.type !== 'table' || destinationTable?.type !== 'table') return null;
  // One side's metamodel may describe a platform table, and the other's not: the source's keys are the plan's.
  const targetOf = (table: string) => platformTarget(source, table);
  const pair: EntityPair = {
    key: targetOf(declared.table),
    source: declaredEntity(source, sourceTable, declared, targetOf),
    destination: declaredEntity(destination, destinationTable, declared, targetOf),
    attributes: [],
    sourceOnly: [],
    destinationOnly: [],
  };
  if (pair.source.identifier === null || pair.destination.identifier === null) return null;
  const counterpartOf = (attribute: Attribute, { attributes }: Entity) =>
    attributes.find(({ name }) => sameName(name, attribute.name));
  for (const attribute of pair.source.attributes) {
    const counterpart = counterpartOf(attribute, pair.destination);
    if (counterpart === undefined) pair.sourceOnly.push(attribute);
    else pair.attributes.push({ source: attribute, destination: counterpart });
  }
  pair.destinationOnly = pair.destination.attributes.filter(
    (attribute) => counterpartOf(attribute, pair.source) === undefined,
  );
  return pair;
}

function declaredEntity(
  catalog: EnvironmentCatalog,
  table: PhysicalTable,
  declared: DeclaredEntity,
  targetOf: (table: string) => string,
): Entity {
  const described = platformEntity(catalog, declared.table);
  const isTenant = ({ name }: PhysicalColumn) => sameName(name, tenantColumnName);
  const attributes = table.columns
    .filter((column) => !isTenant(column))
    .map((column): Attribute => {
      const reference = declared.references.find((one) => sameName(one.column, column.name));
      return {
        id: '',
        name: column.name,
        key: column.name.toLowerCase(),
        type: '',
        length: 0,
        decimals: 0,
        mandatory: false,
        autoNumber: column.identity,
        deleteRule: reference?.rule ?? 'Ignore',
        column,
        references: reference === undefined ? null : targetOf(reference.to),
      };
    });
  return {
    key: targetOf(declared.table),
    id: described?.id ?? '',
    name: described?.name ?? declared.name,
    espace: described?.espace ?? system,
    kind: 'platform',
    multiTenant: false,
    physicalTableName: table.name,
    table,
    eventTable: described?.eventTable ?? null,
    attributes,
    identifier: attributes.find(({ name }) => sameName(name, 'ID')) ?? null,
    tenantColumn: table.columns.find(isTenant) ?? null,
  };
}
