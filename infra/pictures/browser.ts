import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** @throws Error with what to install where there is no browser. */
export async function openBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const onPath = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  const executablePath = [process.env.CHROMIUM ?? '', ...onPath, ...elsewhere].find((file) => existsSync(file));
  if (executablePath === undefined) {
    throw new Error('there is no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM');
  }
  // Chromium's sandbox does not start as root.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}
