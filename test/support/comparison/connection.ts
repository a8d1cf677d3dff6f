import pg from 'pg';

/** Opens a connection that gives every value as the text the server sends, so that nothing is rounded. */
export async function openTextConnection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: unknown) => value } });
  await client.connect();
  await client.query("SET datestyle = 'ISO'; SET timezone = 'UTC'; SET bytea_output = 'hex'");
  return client;
}

/** Rows as arrays of text. */
export async function textRows(
  client: pg.Client,
  statement: string,
  parameters: unknown[] = [],
): Promise<(string | null)[][]> {
  const { rows } = await client.query<(string | null)[]>({ text: statement, values: parameters, rowMode: 'array' });
  return rows;
}

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
