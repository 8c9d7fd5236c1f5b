/**
 * A real browser for the tests of the page: Chromium of this machine, let in by a ticket as a person would be. Without
 * one its tests are skipped, with a line.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { tokensName } from '../../src/http/access/tokens.ts';
import type { TestGreenroom } from './greenroom.ts';
import { findChromium } from './server-programs.ts';

/** For `describe.skipIf`: says why. */
export const withoutBrowser = (): boolean => {
  const { missing } = findChromium();
  if (missing !== undefined) console.log(`skipped: ${missing}`);
  return missing !== undefined;
};

const SIZE = { width: 1100, height: 700 };
/** What is waited for comes at once or not at all; a busy machine may take its time. */
const PATIENCE_MS = 60_000;

export interface Opened {
  readonly page: Page;
  readonly url: string;
  /** What the page has said that it should not: errors of scripts, refused policies. */
  readonly complaints: readonly string[];
  /** Addresses outside the daemon that were asked for. */
  readonly outside: readonly string[];
}

/** A browser for the tests of a file; each opens pages of its own. */
export const browserForFile = () => {
  let running: Promise<Browser> | undefined;
  const launch = () => {
    const { path } = findChromium() as { readonly path: string };
    return chromium.launch({
      executablePath: path,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  };
  afterAll(async () => {
    await (await running)?.close();
  });
  return async (test: TestGreenroom, options: BrowserContextOptions = {}): Promise<Opened> => {
    running ??= launch();
    const context = await (await running).newContext({ viewport: SIZE, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    const outside: string[] = [];
    const { http: url } = test.greenroom.status();
    if (url === null) throw new Error('nothing is served');
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (said) => {
      if (said.type() === 'error') complaints.push(said.text());
    });
    page.on('request', (request) => {
      const address = request.url();
      if (!address.startsWith(url) && !address.startsWith('data:')) outside.push(address);
    });
    const { ticket } = test.greenroom.system.fetch(tokensName).ticket('default');
    await page.goto(`${url}/open?ticket=${ticket}`);
    return { page, url, complaints, outside };
  };
};

/** Keeps a picture of the page where pictures are wanted: `GREENROOM_PICTURES` names their folder. */
export const picture = async (page: Page, name: string): Promise<void> => {
  const { GREENROOM_PICTURES: folder } = process.env;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
};
