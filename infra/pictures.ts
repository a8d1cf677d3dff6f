import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from './pictures/browser.ts';
import { type Line, openTerminal, textOf } from './pictures/terminal.ts';
import { terminalPage } from './pictures/terminalPage.ts';

/**
 * `npm run pictures -- [ROWS]`: makes the pictures of docs/pictures anew, of a demo that really runs: its terminal, and
 * the Temporal UI. Needs Chromium and `script` (util-linux); with the fonts Inter and JetBrains Mono they look as they
 * should.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, 'docs', 'pictures');
const [rows = '200000'] = process.argv.slice(2);
const size = { columns: 116, rows: 40 };
const window = { width: 1440, height: 1090 };

async function photographTerminal(browser: Browser, lines: Line[], name: string): Promise<void> {
  const page = await browser.newPage({ deviceScaleFactor: 1.4 });
  await page.setContent(terminalPage(lines));
  await page.locator('main').screenshot({ path: fileOf(name), omitBackground: true });
  await page.close();
}

async function photographRun(page: Page, ui: string, name: string): Promise<void> {
  await page.goto(`${ui}/namespaces/default/workflows/demo`);
  await page.getByText('Event History').first().waitFor();
  // Its time line is drawn step by step.
  await page.waitForTimeout(2_000);
  await page.screenshot({ path: fileOf(name) });
}

function fileOf(name: string): string {
  console.log(`docs/pictures/${name}.png`);
  return path.join(folder, `${name}.png`);
}

async function makePictures(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const browser = await openBrowser();
  const terminal = openTerminal(`npm run --silent demo -- --rows ${rows}`, size);
  try {
    const [, ui] = await terminal.until(/its UI on (http\S+)/);
    const page = await browser.newPage({ viewport: window });
    // Half of the rows come after these; a moment later there are bars of several entities.
    await terminal.until(/Sales\.Order .* rows inserted/);
    await terminal.until(/copying .*%.*\n.* [1-9]\d*% .*\n.* [1-9]\d*% .*\n.* [1-9]\d*% /);
    const screen = terminal.screen();
    const isStart = (line: Line) => textOf(line).includes('caravel start');
    await photographTerminal(browser, screen.slice(screen.findIndex(isStart)), 'demo');
    await photographRun(page, ui!, 'running-in-temporal');
    // The server is there until the demo ends, which proves every row once more.
    await terminal.until(/caravel verify/);
    await photographRun(page, ui!, 'finished-in-temporal');
    await terminal.until(/migrated and verified in \d+ s/);
  } finally {
    await terminal.interrupt();
    await browser.close();
  }
}

await makePictures().catch((error) => {
  console.error(`pictures: ${(error as Error).message}`);
  process.exitCode = 69;
});
