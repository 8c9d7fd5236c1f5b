/** Each view of the page: that nothing of a transcript acts, that readers of all kinds can use it, and that length costs nothing. */
import { gzipSync } from 'node:zlib';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { Pages } from '../../src/http/pages.ts';
import { browserForFile, picture, withoutBrowser } from '../support/browser.ts';
import { sharedGreenroom } from '../support/greenroom.ts';

const PATIENCE = { timeout: 60_000 };
const VIEWS = ['sessions', 'approvals', 'tree', 'turns', 'costs', 'audit', 'health'];

/** What would act if it became markup, a script, a style or an address. */
const HOSTILE = [
  '<script>globalThis.acted = true</script>',
  '<img src=x onerror="globalThis.acted = true">',
  '<svg onload="globalThis.acted = true"><a href="javascript:globalThis.acted = true">x</a></svg>',
  '"><iframe srcdoc="<script>parent.acted = true</script>">',
  "{{constructor.constructor('globalThis.acted = true')()}}",
  '[x](javascript:globalThis.acted=true) ![x](http://outside.example/x.png)',
  '<style>@import url(http://outside.example/x.css);</style>',
  '\u202etxt.exe\u2066 \u0000\u001b]8;;http://outside.example\u0007x',
  '| <img src=x onerror="globalThis.acted = true"> | [x](javascript:globalThis.acted=true) |\n|---|:-:"onload=x|\n| a | b |',
  '| <svg onload="globalThis.acted = true"> | <base href="http://outside.example/"> |\n|:--|--:|\n| <script>globalThis.acted = true</script> | </td></table><iframe src="http://outside.example/"> | `<b>` |',
  '</textarea></pre></details><base href="http://outside.example/">',
];

describe.skipIf(withoutBrowser())('the page', { timeout: 120_000 }, () => {
  const shared = sharedGreenroom({ httpPort: 0, textSearch: 'talk' });
  const browse = browserForFile();

  test('shows what is hostile as what it is, in each view', async () => {
    const { sessions } = shared();
    const blocks = HOSTILE.flatMap((text) => [
      { type: 'text', text },
      { type: 'tool_use', id: `t${text.length}`, name: 'Bash', input: { command: text } },
    ]);
    const picture = {
      ...{ type: 'image' },
      source: { type: 'base64', media_type: 'image/svg+xml', data: btoa(HOSTILE[2] ?? '') },
    };
    await sessions.create('bad', { title: HOSTILE[0], description: HOSTILE[1], tags: ['x'] });
    for (const text of HOSTILE)
      await sessions.append('bad', [
        { role: 'user', content: text },
        { role: 'user', content: [picture, { type: text, text }] as never },
      ]);
    await sessions.append('bad', [{ role: 'assistant', content: blocks as never }]);
    const { page, url, complaints, outside } = await browse(shared());
    const refused = HOSTILE.map((text, at) => ({
      ...{ sessionId: `s${at}`, turnId: text, refusedAt: '2026-11-20T09:00:00.000Z' },
      ...{ code: text, message: text },
    }));
    await page.route('**/v1/refused-turns', (route) =>
      route.fulfill({ json: { hasQueue: true, turns: refused } }),
    );
    await page.route('**/v1/daemon/trace', (route) =>
      route.fulfill({ json: hostileTrace(HOSTILE) }),
    );
    for (const view of [
      ...VIEWS,
      'tree?actor=greenroom/storage/journal',
      'sessions/bad',
      'sessions?q=x',
      'sessions?q=%3Cimg%20src%3Dx%3E',
    ]) {
      await page.goto(`${url}/${view}`);
      await page.locator('main h1').waitFor({ state: 'attached' });
      if (view === 'turns') await page.getByText('outside.example/x.css').first().waitFor();
      if (view.startsWith('tree?')) await page.locator('.trace td').first().waitFor();
    }
    await page.goto(`${url}/sessions/bad`);
    const log = page.getByRole('log');
    await expect.poll(() => log.innerText(), PATIENCE).toContain(HOSTILE[1]);
    for (const summary of await log.locator('summary').all()) await summary.click();
    expect(await log.locator('.grid td').allInnerTexts()).toEqual([
      '<script>globalThis.acted = true</script>',
      '</td></table><iframe src="http://outside.example/">',
      '<b>',
    ]);
    expect(await page.evaluate('globalThis.acted')).toBeUndefined();
    expect(await page.locator('iframe, base, main script, main style').count()).toBe(0);
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    expect(outside).toEqual([]);
    // The query of the last view but one is no query, and the daemon says so.
    expect(complaints.filter((said) => !said.includes('400'))).toEqual([]);
    await page.context().close();
  });

  test.each(['light', 'dark'] as const)('is for all readers, %s', async (colorScheme) => {
    await shared().run(
      'talk',
      'Hello. [[rehearse: text="A `word` and\n\n```\ncode\n```\n\n| a | b |\n|---|--:|\n| c | 1 |"]]',
      {
        session: { title: 'A talk', tags: ['review'] },
      },
    );
    const over = `over-${colorScheme}`;
    await shared().sessions.create(over, {});
    await shared().sessions.complete(over);
    await shared().sessions.archive(over, { waitMs: 30_000 });
    const { page, url } = await browse(shared(), { colorScheme });
    for (const view of [...VIEWS, 'sessions/talk', `sessions/${over}`]) {
      await page.goto(`${url}/${view}`);
      await page.locator('main h1').waitFor({ state: 'attached' });
      if (view.endsWith(over)) await page.getByLabel('Archive', { exact: true }).waitFor();
      await expect.poll(() => page.locator('.loading').count(), PATIENCE).toBe(0);
      expect(await violationsOf(page), `${view}, ${colorScheme}`).toEqual([]);
    }
    await page.context().close();
  });

  test('has no more of a long transcript in it than is near, and goes to any place of it', async () => {
    const { sessions } = shared();
    for (let part = 0; part < 20; part += 1)
      await sessions.append(
        'long',
        Array.from({ length: 250 }, (_, at) => ({
          ...{ role: 'user' as const, content: `This is message ${part * 250 + at + 1}.` },
        })),
      );
    const { page, url, complaints } = await browse(shared());
    await page.goto(`${url}/sessions/long`);
    const log = page.getByRole('log');
    await expect.poll(() => log.innerText(), PATIENCE).toContain('This is message 5000.');
    expect(await page.locator('.entry').count()).toBeLessThan(400);
    await page.goto(`${url}/sessions/long?at=2500`);
    await expect.poll(() => log.innerText(), PATIENCE).toContain('This is message 2500.');
    expect(await page.locator('.entry').count()).toBeLessThan(400);
    await page.mouse.wheel(0, -2_000);
    await expect.poll(() => log.innerText(), PATIENCE).toContain('This is message 2480.');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('has no more rows in it than are near', async () => {
    const { sessions } = shared();
    const ids = Array.from({ length: 400 }, (_, at) => `s-${at}`);
    await Promise.all(ids.map((id) => sessions.create(id)));
    const { page, url } = await browse(shared());
    await page.goto(`${url}/sessions`);
    const rows = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem');
    await expect.poll(() => rows.count(), PATIENCE).toBeGreaterThan(10);
    await rows.nth(1).getByRole('link').focus();
    const focus = () =>
      page.evaluate("document.activeElement.closest('.row')?.getAttribute('aria-posinset')");
    for (let step = 0; step < 40; step += 1) {
      await page.mouse.wheel(0, 3_000);
      expect(await rows.count()).toBeLessThan(80);
      await page.waitForLoadState('networkidle');
    }
    await expect
      .poll(() => rows.last().getAttribute('aria-posinset'), PATIENCE)
      .toBe(String(ids.length));
    expect(await focus()).toBe('2'); // it is where it was, though its row is far away
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url(), PATIENCE).toMatch(/sessions\/s-\d+/);
    await page.goBack();
    await rows.first().getByRole('checkbox').check();
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('.row.current').count(), PATIENCE).toBe(1);
    await rows.nth(5).getByRole('link').focus();
    await page.keyboard.press('j');
    const marked = page.locator('.row.current[aria-posinset="2"]');
    const id = await marked.getAttribute('data-session', PATIENCE);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url(), PATIENCE).toContain(`sessions/${id}`);
    await page.goto(`${url}/sessions?q=tag%3Anone`);
    await page.getByText('No session meets this.').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    const until = page.getByLabel('Changed until');
    expect(await page.evaluate("document.activeElement.hasAttribute('data-until')")).toBe(true);
    await until.fill('2020-05-17');
    await expect.poll(() => page.url(), PATIENCE).toContain('updated%3A..2020-05-17');
    await page.goto(`${url}/sessions?sort=createdAt&q=created:..2999-05-17`);
    await expect.poll(() => rows.count(), PATIENCE).toBeGreaterThan(10);
    expect(await page.getByLabel('Made until').inputValue()).toBe('2999-05-17');
    await page.context().close();
  });

  test('has the whole width for a session without turns, and keeps its tags whole', async () => {
    const { sessions } = shared();
    await sessions.create('wide', { tags: ['to continue', 'a, b'] });
    await sessions.append('wide', [{ role: 'user', content: 'Hello.' }]);
    const { page, url } = await browse(shared());
    await page.goto(`${url}/sessions/wide`);
    await page.locator('.entry').waitFor();
    const { width } = (await page.locator('.entry').boundingBox()) ?? { width: 0 };
    expect(width).toBeGreaterThan(((await page.locator('main').boundingBox())?.width ?? 0) - 40);
    await page.getByRole('button', { name: 'Tags' }).click();
    const field = page.getByRole('textbox', { name: /of its tags/ });
    await field.fill(`${await field.inputValue()}, more`);
    await page.getByRole('button', { name: 'Keep' }).click();
    const tags = async () => (await sessions.get('wide')).tags.toSorted();
    await expect.poll(tags, PATIENCE).toEqual(['a, b', 'more', 'to continue']);
    await page.context().close();
  });

  test('formats what an assistant says, and shows it as it was written', async () => {
    const { sessions } = shared();
    const text = '## Done\n\n- **two** files\n- see [docs](https://a.example/x) and `npm test`';
    await sessions.append('formatted', [
      { role: 'user', content: 'Is **this** bold?' },
      { role: 'assistant', content: [{ type: 'text', text }] },
    ]);
    const { page, url, complaints } = await browse(shared());
    await page.goto(`${url}/sessions/formatted`);
    const answer = page.locator('.entry.assistant');
    await answer.locator('strong', { hasText: 'two' }).waitFor();
    expect(await answer.locator('.heading').innerText()).toBe('Done');
    expect(await answer.innerText()).toContain('docs (https://a.example/x) and npm test');
    expect(await answer.locator('.prose a').count()).toBe(0);
    expect(await page.locator('.entry.user').innerText()).toContain('Is **this** bold?');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('link', { name: 'Show texts as they were written' }).click();
    await expect.poll(() => answer.innerText(), PATIENCE).toContain('- **two** files');
    expect(page.url()).toContain('raw=1');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('leads on from an address where nothing is', async () => {
    const { page, url } = await browse(shared());
    const reply = await page.goto(`${url}/nothing/<b>here</b>`);
    expect(reply?.status()).toBe(404);
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    expect(await page.locator('main b').count()).toBe(0);
    await page.locator('main').getByRole('link', { name: 'Sessions' }).click();
    await page.getByRole('combobox', { name: 'Find sessions' }).waitFor();
    const asked = await fetch(`${url}/nothing/here`);
    expect(await asked.json()).toMatchObject({ status: 404, code: 'unknown_path' });
    await page.context().close();
  });

  test('has a reader of the API, for all readers', async () => {
    const { page, url, complaints, outside } = await browse(shared());
    await page.goto(`${url}/v1/docs`);
    const find = page.getByRole('searchbox', { name: 'Find an address' });
    await find.fill('fork');
    await page.getByRole('link', { name: /POST .*\/fork$/ }).click();
    const shown = page.getByRole('article');
    await expect.poll(() => shown.innerText(), PATIENCE).toContain('"newSessionId": "plan-b"');
    await picture(page, 'the-api');
    await shown
      .locator('summary', { hasText: /^application.json$/ })
      .first()
      .click();
    await shown.locator('summary', { hasText: 'session' }).first().click();
    await expect.poll(() => shown.innerText(), PATIENCE).toContain('totalCostUsd');
    expect(await violationsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect([...complaints, ...outside]).toEqual([]);
    await page.context().close();
  });

  test('goes on by itself after the daemon was away', async () => {
    await shared().run('talk', 'Hello.');
    const { page, url } = await browse(shared());
    await page.goto(`${url}/sessions/talk`);
    await expect.poll(() => page.locator('.stream').innerText(), PATIENCE).toBe('live');
    const port = Number(new URL(url).port);
    await shared().restart({ httpPort: port });
    expect(shared().greenroom.status().http).toBe(url); // no other one has taken the port
    await shared().run('talk', 'And again.');
    const log = page.getByRole('log');
    await expect.poll(() => log.innerText(), PATIENCE).toContain('answer to: And again.');
    await page.context().close();
  });
});

const hostileTrace = (texts: readonly string[]) => ({
  ...{ path: 'greenroom/storage/journal', isOn: true, seen: texts.length },
  endsAt: '2026-11-20T09:00:00.000Z',
  messages: texts.map((text, at) => ({
    ...{ number: at + 1, at: '2026-11-20T09:00:00.000Z', waiting: 0 },
    ...{ message: text, carries: text, threw: text, exited: text },
  })),
});

test('its files are small', () => {
  const files = new Pages().sizes((body) => gzipSync(body).length);
  expect(files.reduce((sum, size) => sum + size, 0)).toBeLessThan(150 * 1024);
});

const violationsOf = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
};
