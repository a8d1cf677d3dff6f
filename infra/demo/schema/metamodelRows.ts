import { accountName, accounts, groups as allGroups, isIn } from '../data/people.ts';
import { type DefinitionIds, putDefinitions } from './definitionRows.ts';
import { type EspaceDescription, entityName } from './description.ts';
import { attributeRows, entityRow, keyOf, type PlatformRow } from './entityRows.ts';
import { type EnvironmentDescription, platformId, recordId } from './environments.ts';
import { applications, entityNamed, espaceNamed, espaces, solutions } from './factory.ts';
import { espaceKey, recordKey, roleKey, ssKey } from './keys.ts';

/** Rows of an environment's platform tables, and the ids they got. */
export interface MetamodelRows {
  /** By table; columns left out are NULL. */
  tables: Map<string, PlatformRow[]>;
  /**
   * Ids by name: espaces and extensions, `Espace.Entity`, `Espace/Role`, `Tenant/Group`, `Tenant/username`, tenants.
   */
  ids: Record<'espaces' | 'entities' | 'roles' | 'groups' | 'users' | 'tenants', Map<string, number>> & DefinitionIds;
}

/** Everything the environment's platform tables hold, derived from the description and the environment's history. */
export function metamodelRows(environment: EnvironmentDescription): MetamodelRows {
  const tables = new Map<string, PlatformRow[]>();
  /** Numbers the rows in the environment's way and gives their ids by name. */
  const put = (table: string, named: { name: string; row: PlatformRow }[]): Map<string, number> => {
    const ids = new Map<string, number>();
    const rows = named.map(({ name, row }, index) => {
      const id = typeof row.ID === 'number' ? row.ID : platformId(environment, index, named.length);
      ids.set(name, id);
      return { ...row, ID: id };
    });
    rows.sort((left, right) => Number(left.ID) - Number(right.ID));
    tables.set(table, rows);
    return ids;
  };
  const unnamed = (row: PlatformRow) => ({ name: '', row });
  const isExtension = (name: string) => espaceNamed(name).kind === 'extension';

  put('OSSYS_DBCATALOG', [unnamed({ LOGICAL_NAME: '(Main)', NAME: '(Main)', DESCRIPTION: '' })]);
  const espaceIds = put(
    'OSSYS_ESPACE',
    espaces.filter((one) => one.kind === 'espace').map((one) => ({ name: one.name, row: espaceRow(one) })),
  );
  for (const row of tables.get('OSSYS_ESPACE')!) row.DBCATALOG_ID = tables.get('OSSYS_DBCATALOG')![0]!.ID!;
  const extensionIds = put(
    'OSSYS_EXTENSION',
    espaces
      .filter((one) => one.kind === 'extension')
      .map((one) => ({
        name: one.name,
        row: { NAME: one.name, SS_KEY: espaceKey(one.name), IS_SYSTEM: false, IS_ACTIVE: true },
      })),
  );
  const owner = (name: string): PlatformRow =>
    isExtension(name)
      ? { ESPACE_ID: null, EXTENSION_ID: extensionIds.get(name)! }
      : { ESPACE_ID: espaceIds.get(name)!, EXTENSION_ID: null };
  const moduleIds = put(
    'OSSYS_MODULE',
    espaces.map((one) => ({ name: one.name, row: { MODULE_KIND_ID: 1, ...owner(one.name) } })),
  );
  const applicationIds = put(
    'OSSYS_APPLICATION',
    applications.map((one) => ({
      name: one.name,
      row: {
        NAME: one.name,
        DESCRIPTION: one.description,
        ENTRY_ESPACE_ID: espaceIds.get(one.espaces[0]!)!,
        KEY: ssKey('application', one.name),
        IS_ACTIVE: true,
        // As the guide advises before a migration ("Destination Applications Downtime").
        DISABLED: environment.name === 'quality' && !one.espaces.includes('FleetCare'),
        APPLICATIONKIND: 'WebResponsive',
      },
    })),
  );
  put(
    'OSSYS_APP_DEFINITION_MODULE',
    applications.flatMap((one) =>
      one.espaces.map((name) =>
        unnamed({ APPLICATION_ID: applicationIds.get(one.name)!, MODULE_ID: moduleIds.get(name)! }),
      ),
    ),
  );
  const solutionIds = put(
    'OSSYS_SOLUTION',
    solutions.map((one) => ({ name: one.name, row: { NAME: one.name } })),
  );
  put(
    'OSSYS_SOLUTION_REFERENCE',
    solutions.flatMap((one) =>
      one.espaces.map((name) => unnamed({ SOLUTION_ID: solutionIds.get(one.name)!, ...owner(name) })),
    ),
  );

  const described = espaces.flatMap((one) => one.entities);
  const former = environment.formerEntities.map((one) => ({
    name: `former ${one.espace}.${one.name}`,
    row: {
      NAME: one.name,
      DESCRIPTION: '',
      PHYSICAL_TABLE_NAME: `OSUSR_${environment.codes[one.espace]}_${one.table}`,
      ...owner(one.espace),
      SS_KEY: one.movedTo ? keyOf(entityNamed(one.movedTo)) : ssKey('former entity', one.espace, one.name),
      DATA_KIND: 'entity',
      ...flags(['IS_SYSTEM', 'IS_EXTERNAL', 'MULTITENANT', 'MULTILINGUAL', 'EXPOSE_PROCESS_EVENTS', 'IS_ACTIVE']),
    },
  }));
  const entityIds = put('OSSYS_ENTITY', [
    ...former,
    ...described.map((one) => ({
      name: entityName(one),
      row: { ...entityRow(environment, one), ...owner(one.espace) },
    })),
  ]);
  put(
    'OSSYS_ENTITY_ATTR',
    described.flatMap((one) =>
      attributeRows(environment, one).map((row) => unnamed({ ENTITY_ID: entityIds.get(entityName(one))!, ...row })),
    ),
  );
  put(
    'OSSYS_ENTITY_RECORD',
    described.flatMap((one) =>
      one.records.map((each) =>
        unnamed({
          DATA_ID: String(recordId(environment, one, each)),
          NAME: each.name,
          SS_KEY: recordKey(espaceNamed(one.espace).keysOf, one.name, each.name, each.generation),
          ENTITY_SS_KEY: keyOf(one),
          ESPACE_ID: espaceIds.get(one.espace)!,
          IS_ACTIVE: !each.deleted,
        }),
      ),
    ),
  );
  put(
    'OSSYS_ESPACE_ENTITY',
    usedEntities().map(({ espace, entity }) =>
      unnamed({
        ESPACE_ID: espaceIds.get(espace)!,
        ENTITY_ID: entityIds.get(entity)!,
        READ_ONLY: true,
        NAME: entity.slice(entity.indexOf('.') + 1),
      }),
    ),
  );

  const tenantIds = put(
    'OSSYS_TENANT',
    environment.tenants.map((one) => ({
      name: one.name,
      row: { ID: one.id, NAME: one.name, ESPACE_ID: espaceIds.get(one.provider)!, IS_ACTIVE: true },
    })),
  );
  const userIds = put(
    'OSSYS_USER',
    accounts(environment).map(({ person, id }) => ({
      name: accountName(person),
      row: {
        ID: id,
        TENANT_ID: tenantIds.get(person.tenant)!,
        NAME: person.name,
        USERNAME: person.username,
        PASSWORD: `$1$${ssKey('salt', accountName(person)).replaceAll('-', '')}${ssKey('hash', accountName(person)).replaceAll('-', '').repeat(4)}`,
        EMAIL: `account${id}@${environment.name}.example`,
        MOBILEPHONE: '',
        EXTERNAL_ID: '',
        CREATION_DATE: '2021-03-01 08:00:00',
        LAST_LOGIN: '1900-01-01 00:00:00',
        IS_ACTIVE: person.active,
      },
    })),
  );
  const roleIds = put(
    'OSSYS_ROLE',
    espaces.flatMap((one) =>
      one.roles.map((role) => ({
        name: `${one.name}/${role}`,
        row: {
          NAME: role,
          PERSISTENT: true,
          SS_KEY: roleKey(one.keysOf, role),
          ESPACE_ID: espaceIds.get(one.name)!,
          IS_ACTIVE: true,
          DESCRIPTION: '',
        },
      })),
    ),
  );
  const groups = allGroups.filter((one) => isIn(one.in, environment));
  const groupIds = put(
    'OSSYS_GROUP',
    groups.map((one) => ({
      name: `${one.tenant}/${one.name}`,
      row: {
        NAME: one.name,
        DESCRIPTION: '',
        CREATED_BY: userIds.get(`${one.tenant}/admin`)!,
        CREATED: '2021-03-01 08:00:00',
        HAS_CUSTOM_MANAGEMENT: false,
        TENANT_ID: tenantIds.get(one.tenant)!,
      },
    })),
  );
  put(
    'OSSYS_GROUP_ROLE',
    groups.flatMap((one) =>
      one.roles.map((role) =>
        unnamed({
          GROUP_ID: groupIds.get(`${one.tenant}/${one.name}`)!,
          ROLE_ID: roleIds.get(role)!,
          TENANT_ID: tenantIds.get(one.tenant)!,
        }),
      ),
    ),
  );
  const members = accounts(environment).flatMap(({ person, id }, index) => {
    const own = groups.filter((one) => one.tenant === person.tenant);
    const joined = own[index % Math.max(1, own.length)];
    return joined ? [{ person, id, group: groupIds.get(`${joined.tenant}/${joined.name}`)! }] : [];
  });
  put(
    'OSSYS_GROUP_USER',
    members.map(({ person, id, group }) =>
      unnamed({ USER_ID: id, GROUP_ID: group, TENANT_ID: tenantIds.get(person.tenant)! }),
    ),
  );
  put(
    'OSSYS_USER_ROLE',
    accounts(environment).flatMap(({ person, id }) =>
      (person.grants ?? [])
        .filter((grant) => isIn(grant.in, environment))
        .map(({ role }) =>
          unnamed({ USER_ID: id, ROLE_ID: roleIds.get(role)!, TENANT_ID: tenantIds.get(person.tenant)! }),
        ),
    ),
  );
  const ids = {
    espaces: espaceIds,
    entities: entityIds,
    roles: roleIds,
    groups: groupIds,
    users: userIds,
    tenants: tenantIds,
  };
  return { tables, ids: { ...ids, ...putDefinitions(environment, put, ids) } };
}

const flags = (names: string[]): PlatformRow => Object.fromEntries(names.map((name) => [name, false]));

function espaceRow(described: EspaceDescription): PlatformRow {
  return {
    NAME: described.name,
    IS_MULTITENANT: described.multiTenant,
    SS_KEY: espaceKey(described.name),
    IS_ACTIVE: true,
    IS_SYSTEM: described.system,
    IS_CONSISTENT: true,
    IS_USER_PROVIDER: described.userProvider,
    USER_PROVIDER_KEY: espaceKey('Users'),
    USER_PROVIDER_NAME: 'Users',
    IS_LOCKED: false,
    LOCKED_DATE: '1900-01-01 00:00:00',
    ESPACEKIND: 'WebResponsive',
  };
}

/** Entities that an espace uses of another, from its references. */
function usedEntities(): { espace: string; entity: string }[] {
  const used = new Map<string, { espace: string; entity: string }>();
  for (const { name, kind, entities } of espaces) {
    if (kind === 'extension') continue;
    for (const attribute of entities.flatMap((one) => one.attributes)) {
      if (typeof attribute.type !== 'object' || attribute.type.references.startsWith(`${name}.`)) continue;
      used.set(`${name} ${attribute.type.references}`, { espace: name, entity: attribute.type.references });
    }
  }
  return [...used.values()];
}
