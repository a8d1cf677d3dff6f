import { asCompared, onPlain, type PlainConnection, quotedName, type TextRow } from './plainSql.ts';

/**
 * Process instances of an environment as what they mean: each process with its inputs, outputs and activities, ids
 * replaced by what they are called everywhere. Plain SQL; knows nothing of src/.
 * @param chosen by label: in the demo every process says in its label which environment it is of.
 * @returns one text for each process, sorted.
 */
export async function readProcesses(url: string, chosen: (label: string) => boolean): Promise<string[]> {
  return withMeanings(url, async (client, of) => {
    const table = (name: string) => rowsOf(client, `OSSYS_BPM_${name}`);
    const processes = (await table('PROCESS')).filter((row) => chosen(row.LABEL ?? ''));
    const [inputs, outputs, activities, results] = [
      groupBy(await table('PROCESS_INPUT'), 'PROCESS_ID'),
      groupBy(await table('PROCESS_OUTPUT'), 'PROCESS_ID'),
      groupBy(await table('ACTIVITY'), 'PROCESS_ID'),
      groupBy(await table('ACTIVITY_OUTPUT'), 'ACTIVITY_ID'),
    ];
    const value = (row: TextRow, definition: string, definitions: string, held: string) => ({
      ...plain(row, ['SS_KEY', 'NAME', 'DATA_TYPE', 'SS_TYPE']),
      tenant: of('OSSYS_TENANT', row.TENANT_ID),
      definition: of(definitions, row[definition]),
      activity: of('OSSYS_BPM_ACTIVITY', row.ACTIVITY_ID),
      value: of.typed(row.SS_TYPE, row[held]),
    });
    const meaning = (row: TextRow) => ({
      ...plain(row, ['LABEL', 'CREATED', 'LAST_MODIFIED', 'SUSPENDED_DATE']),
      definition: of('OSSYS_BPM_PROCESS_DEFINITION', row.PROCESS_DEF_ID),
      status: of('OSSYS_BPM_PROCESS_STATUS', row.STATUS_ID),
      tenant: of('OSSYS_TENANT', row.TENANT_ID),
      people: [row.CREATED_BY, row.LAST_MODIFIED_BY, row.SUSPENDED_BY].map((id) => of('OSSYS_USER', id)),
      parent: of('OSSYS_BPM_PROCESS', row.PARENT_PROCESS_ID),
      parentActivity: of('OSSYS_BPM_ACTIVITY', row.PARENT_ACTIVITY_ID),
      top: of('OSSYS_BPM_PROCESS', row.TOP_PROCESS_ID),
      inputs: sorted(inputs.get(row.ID!), (one) =>
        value(one, 'INPUT_DEF_ID', 'OSSYS_BPM_PROCESS_INPUT_DEF', 'INPUT_VALUE'),
      ),
      outputs: sorted(outputs.get(row.ID!), (one) =>
        value(one, 'OUTPUT_DEF_ID', 'OSSYS_BPM_PROCESS_OUTPUT_DEF', 'OUTPUT_VALUE'),
      ),
      activities: sorted(activities.get(row.ID!), (one) => ({
        ...plain(one, ['NAME', 'CREATED', 'OPENED', 'CLOSED', 'NEXT_RUN', 'PRECEDENT_OUTCOME', 'DUE_DATE']),
        ...plain(one, ['INBOX_DETAIL', 'EXPIRED', 'SKIPPED', 'ERROR_COUNT', 'LAST_MODIFIED']),
        definition: of('OSSYS_BPM_ACTIVITY_DEFINITION', one.ACTIVITY_DEF_ID),
        status: of('OSSYS_BPM_ACTIVITY_STATUS', one.STATUS_ID),
        tenant: of('OSSYS_TENANT', one.TENANT_ID),
        user: of('OSSYS_USER', one.USER_ID),
        group: of('OSSYS_GROUP', one.GROUP_ID),
        precedent: of('OSSYS_BPM_ACTIVITY', one.PRECEDENT_ACTIVITY_ID),
        outputs: sorted(results.get(one.ID!), (result) => {
          const { activity: _, ...held } = value(
            result,
            'OUTPUT_DEF_ID',
            'OSSYS_BPM_ACTIVITY_OUTPUT_DEF',
            'OUTPUT_VALUE',
          );
          return held;
        }),
      })),
    });
    return processes.map((row) => JSON.stringify(meaning(row))).sort();
  });
}

/** Event subscriptions as what they mean, `start` or of an activity, one text each, sorted. */
export async function readSubscriptions(
  url: string,
): Promise<{ text: string; process: string | null; isStart: boolean }[]> {
  return withMeanings(url, async (client, of, entities) => {
    const found: { text: string; process: string | null; isStart: boolean }[] = [];
    for (const entity of entities.filter(({ events }) => events !== null)) {
      for (const row of await rowsOf(client, entity.events!)) {
        const filters = Object.entries(row).filter(([column]) => !column.startsWith('_'));
        const activity = of('OSSYS_BPM_ACTIVITY', row._ACTIVITY_ID);
        const text = JSON.stringify({
          entity: entity.name,
          espace: of('OSSYS_ESPACE', row._ESPACE_ID),
          tenant: of('OSSYS_TENANT', row._TENANT_ID),
          activity,
          process: of('OSSYS_BPM_PROCESS_DEFINITION', row._PROCESS_DEF_ID),
          ...plain(row, ['_IS_UPDATE', '_IS_LIGHT']),
          filters: Object.fromEntries(
            filters.flatMap(([column, id]) => (id === null ? [] : [[column, of.filter(entity, column, id)]])),
          ),
        });
        const label = activity?.match(/ (\w+ ?\w* (?:production|quality) \d+) /)?.[1] ?? null;
        found.push({ text, process: label, isStart: row._ACTIVITY_ID === null });
      }
    }
    return found.sort((left, right) => (left.text < right.text ? -1 : 1));
  });
}

/** Events that wait in both queues. */
export async function countQueued(url: string): Promise<number> {
  return onPlain(url, async ({ arrays }) => {
    const [row] = await arrays(
      'SELECT (SELECT count(*) FROM "OSSYS_BPM_EVENT_QUEUE") + (SELECT count(*) FROM "OSSYS_BPM_EVENT")',
    );
    return Number(row![0]);
  });
}

interface EntityOf {
  /** `Espace.Entity`. */
  name: string;
  table: string;
  events: string | null;
  /** `bt…`, in lower case. */
  type: string;
}

/** What an id is called everywhere; `gone` for one that nobody has. */
interface Meaning {
  (table: string, id: string | null | undefined): string | null;
  typed(type: string | null | undefined, value: string | null | undefined): string | null;
  filter(entity: EntityOf, column: string, id: string): string;
}

async function withMeanings<T>(
  url: string,
  work: (client: PlainConnection, of: Meaning, entities: EntityOf[]) => Promise<T>,
): Promise<T> {
  return onPlain(url, async (client) => {
    const entities = (
      await client.arrays(
        `SELECT CONCAT(s."NAME", '.', e."NAME"), e."PHYSICAL_TABLE_NAME", e."EVENT_TABLE_NAME",
                lower(CONCAT('bt', s."SS_KEY", '*', e."SS_KEY")), e."DATA_KIND"
         FROM "OSSYS_ENTITY" e JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID" WHERE e."IS_ACTIVE" = 'true'`,
      )
    ).map(([name, table, events, type]) => ({ name: name!, table: table!, events: events ?? null, type: type! }));
    const meanings = await readMeanings(client, entities);
    const ofTable = (table: string, id: string | null | undefined) => {
      if (id === null || id === undefined || id === '0' || id === '') return id ?? null;
      return meanings.get(table)?.get(id) ?? 'gone';
    };
    const of: Meaning = Object.assign(ofTable, {
      typed: (type: string | null | undefined, value: string | null | undefined) => {
        const entity = entities.find((one) => one.type === type?.toLowerCase());
        return entity === undefined ? (value ?? null) : ofTable(entity.table, value);
      },
      filter: (entity: EntityOf, column: string, id: string) => {
        if (column === 'ID') return ofTable(entity.table, id)!;
        const target = references.get(`${entity.name} ${column}`);
        return ofTable(entities.find((one) => one.type === target)!.table, id)!;
      },
    });
    const references = new Map(
      (
        await client.arrays(
          `SELECT CONCAT(s."NAME", '.', e."NAME", ' ', coalesce(a."DATABASE_NAME", upper(a."NAME"))), lower(a."TYPE")
           FROM "OSSYS_ENTITY_ATTR" a JOIN "OSSYS_ENTITY" e ON e."ID" = a."ENTITY_ID"
           JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID" WHERE a."IS_ACTIVE" = 'true' AND e."IS_ACTIVE" = 'true'`,
        )
      ).map(([name, type]) => [name!, type!]),
    );
    return work(client, of, entities);
  });
}

async function readMeanings(
  client: PlainConnection,
  entities: readonly EntityOf[],
): Promise<Map<string, Map<string, string>>> {
  const meanings = new Map<string, Map<string, string>>();
  const add = async (table: string, columns: string, from = `${quotedName(table)} o`) => {
    const rows = await client.arrays(`SELECT o."ID", ${columns} FROM ${from}`);
    meanings.set(table, new Map(rows.map(([id, ...words]) => [id!, `${table} ${words.join(' ')} `])));
  };
  const espace = '(SELECT s."SS_KEY" FROM "OSSYS_ESPACE" s WHERE s."ID" = o."ESPACE_ID")';
  await add('OSSYS_ESPACE', 'o."SS_KEY"');
  await add('OSSYS_TENANT', `o."NAME"`);
  const tenant = '(SELECT t."NAME" FROM "OSSYS_TENANT" t WHERE t."ID" = o."TENANT_ID")';
  await add('OSSYS_USER', `${tenant}, ${asCompared(client.engine, 'o."USERNAME"')}`);
  await add('OSSYS_GROUP', `${tenant}, o."NAME"`);
  await add('OSSYS_BPM_PROCESS_STATUS', 'o."NAME"');
  await add('OSSYS_BPM_ACTIVITY_STATUS', 'o."NAME"');
  await add('OSSYS_BPM_PROCESS_DEFINITION', `${espace}, o."SS_KEY"`);
  for (const [table, owner] of [
    ['OSSYS_BPM_PROCESS_INPUT_DEF', 'PROCESS'],
    ['OSSYS_BPM_PROCESS_OUTPUT_DEF', 'PROCESS'],
    ['OSSYS_BPM_ACTIVITY_DEFINITION', 'PROCESS'],
    ['OSSYS_BPM_ACTIVITY_OUTPUT_DEF', 'ACTIVITY'],
  ] as const) {
    const owners = owner === 'PROCESS' ? 'OSSYS_BPM_PROCESS_DEFINITION' : 'OSSYS_BPM_ACTIVITY_DEFINITION';
    await add(table, `(SELECT d."SS_KEY" FROM "${owners}" d WHERE d."ID" = o."${owner}_DEF_ID"), o."SS_KEY"`);
  }
  await add('OSSYS_BPM_PROCESS', 'o."LABEL"');
  await add(
    'OSSYS_BPM_ACTIVITY',
    'p."LABEL", o."NAME"',
    '"OSSYS_BPM_ACTIVITY" o LEFT JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = o."PROCESS_ID"',
  );
  const named = (name: string) => entities.find((one) => one.name === name)!.table;
  await add(named('Sales.Order'), 'o."NUMBER"');
  await add(named('CustomerCore.Customer'), 'o."NUMBER"');
  const order = `(SELECT "NUMBER" FROM ${quotedName(named('Sales.Order'))} r WHERE r."ID" = o."ORDERID")`;
  await add(named('Sales.Payment'), `${order}, CAST(o."AMOUNT" AS varchar(41)), o."PAIDON", o."RECEIPT"`);
  for (const table of ['Sales.Order', 'CustomerCore.Customer', 'Sales.Payment'].map(named)) {
    // Physical names differ between environments.
    meanings.set(table, new Map([...meanings.get(table)!].map(([id, text]) => [id, text.slice(table.length)])));
  }
  const records = await client.arrays(
    `SELECT e."PHYSICAL_TABLE_NAME", r."DATA_ID", r."SS_KEY" FROM "OSSYS_ENTITY_RECORD" r
     JOIN "OSSYS_ENTITY" e ON e."SS_KEY" = r."ENTITY_SS_KEY" AND e."ESPACE_ID" = r."ESPACE_ID" WHERE r."IS_ACTIVE" = 'true'`,
  );
  for (const [table, id, key] of records) {
    const known = meanings.get(table!) ?? new Map<string, string>();
    meanings.set(table!, known.set(id!, key!));
  }
  return meanings;
}

const rowsOf = (client: PlainConnection, table: string): Promise<TextRow[]> =>
  client.rows(`SELECT * FROM ${quotedName(table)}`);

function groupBy(rows: readonly TextRow[], column: string): Map<string, TextRow[]> {
  const groups = new Map<string, TextRow[]>();
  for (const row of rows) groups.set(row[column] ?? '', [...(groups.get(row[column] ?? '') ?? []), row]);
  return groups;
}

const plain = (row: TextRow, columns: string[]): TextRow =>
  Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));

const sorted = (rows: readonly TextRow[] | undefined, meaning: (row: TextRow) => object): string[] =>
  (rows ?? []).map((row) => JSON.stringify(meaning(row))).sort();
