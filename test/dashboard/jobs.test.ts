/** What people do with the page, each job as a person does it: by what they see and what they press. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, test } from 'vitest';
import { walk } from '../../src/otp/inspect.ts';
import { browserForFile, type Opened, picture, withoutBrowser } from '../support/browser.ts';
import { sharedGreenroom } from '../support/greenroom.ts';

const PATIENCE = { timeout: 60_000 };
/** A real one, with a second part that is added later. */
const TRANSCRIPT = new URL(
  '../fixtures/transcripts/d-kimuson__claude-code-viewer/sample-project/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl',
  import.meta.url,
);

const folder = mkdtempSync(join(tmpdir(), 'greenroom-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rehearse = (...parts: readonly string[]) =>
  parts.map((part) => `[[rehearse: ${part}]]`).join(' ');

const sees = (page: Page, text: string) =>
  expect.poll(() => page.locator('main').innerText(), PATIENCE).toContain(text);

describe.skipIf(withoutBrowser())('in the page, a person', { timeout: 120_000 }, () => {
  const shared = sharedGreenroom({ httpPort: 0, textSearch: 'talk' });
  const browse = browserForFile();

  /** The page at a view, and what it must not have said by the end. */
  const at = async (view: string, look: (page: Page, opened: Opened) => Promise<void>) => {
    const opened = await browse(shared());
    const { page, url, complaints, outside } = opened;
    await page.goto(`${url}${view}`);
    await look(page, opened);
    await page.context().close();
    expect(complaints).toEqual([]);
    expect(outside).toEqual([]);
  };
  const said = (sessionId: string, prompt: string, session: object = {}) =>
    shared().run(sessionId, prompt, { session });

  test('finds the dearest session of a tag', async () => {
    const answer = (tokens: number) => rehearse(`text=a usage.output_tokens=${tokens}`);
    await said('cheap', answer(10), { title: 'A short one', tags: ['review'] });
    await said('dear', answer(90_000), { title: 'A long one', tags: ['review'] });
    await said('other', answer(99_000), { title: 'Of another kind' });
    await at('/sessions', async (page) => {
      const find = page.getByRole('combobox', { name: 'Find sessions' });
      await find.pressSequentially('tag:rev');
      await page.getByRole('option', { name: 'tag:review' }).click();
      await page.getByRole('combobox', { name: 'Order' }).selectOption('cost');
      const rows = page.getByRole('listitem').filter({ has: page.getByRole('checkbox') });
      await expect.poll(() => rows.count(), PATIENCE).toBe(2);
      await expect.poll(() => rows.first().innerText(), PATIENCE).toContain('A long one');
      expect(page.url()).toContain('sort=cost');
      await picture(page, 'dearest-of-a-tag');
    });
  });

  test('follows a running turn word by word, also from its middle', async () => {
    const words = 'one two three four five six seven eight nine ten';
    const turn = shared().begin(
      'talk',
      `Count. ${rehearse(`text="${words}" chunks=10 delay-ms=500`)}`,
    );
    await turn.saw('delta');
    await at('/sessions/talk', async (page) => {
      const live = page.getByLabel('What is being said');
      await expect.poll(() => live.innerText(), PATIENCE).toContain('one two');
      await picture(page, 'follow-a-turn');
      await expect.poll(() => page.getByRole('log').innerText(), PATIENCE).toContain('nine ten');
      await expect.poll(() => live.count(), PATIENCE).toBe(0);
    });
    await turn.done;
  });

  test('approves a command, and sees by whom it was', async () => {
    const turn = shared().begin(
      'worker',
      `Run it. ${rehearse('tool=Bash input={"command":"echo made > made.txt"}', 'text="It is done."')}`,
      { session: { workingDirectory: folder, title: 'Make the file' } },
    );
    await turn.saw('permission.requested');
    await at('/approvals', async (page) => {
      await sees(page, 'echo made');
      await picture(page, 'approve-a-command');
      await page.getByRole('button', { name: 'Allow once' }).click();
      await sees(page, 'Nothing waits for a person.');
      await turn.done;
      await page.getByRole('link', { name: 'Audit' }).click();
      await page.getByRole('combobox', { name: 'decision' }).selectOption('allowed');
      await sees(page, 'worker');
      await picture(page, 'who-has-allowed-it');
    });
  });

  test('sees why a session stands still, and denies what it asks for by the keyboard', async () => {
    const turn = shared().begin(
      'stuck',
      `Run it. ${rehearse('tool=Bash input={"command":"make all && ninja test"}', 'text="Then not."')}`,
      { session: { workingDirectory: folder } },
    );
    await turn.saw('permission.requested');
    await at('/sessions/stuck', async (page) => {
      await page.getByRole('button', { name: 'Why is it here?' }).click();
      const dialog = page.getByRole('dialog');
      await expect.poll(() => dialog.innerText(), PATIENCE).toContain('Bash asked');
      await picture(page, 'why-it-stands-still');
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await page.keyboard.press('a');
      await page.locator('.approval.current', { hasText: 'make all' }).waitFor(); // keys answer what is marked
      await sees(page, 'For the session it would allow:');
      await sees(page, 'Bash(ninja test');
      await page.keyboard.press('d');
      await sees(page, 'Nothing waits for a person.');
    });
    await turn.done;
  });

  test('opens a session again that has ended, where one would type', async () => {
    await said('over', 'Hello.');
    await shared().sessions.complete('over');
    await at('/sessions/over', async (page) => {
      await sees(page, 'it takes no turn until it is opened again');
      const field = page.getByRole('textbox', { name: 'What to say' });
      expect(await field.count()).toBe(0);
      await page.locator('.composer').getByRole('button', { name: 'Reopen' }).click();
      await field.fill('Once more.');
      await page.getByRole('button', { name: 'Send' }).click();
      await sees(page, 'Rehearsal answer to: Once more.');
    });
  });

  test('forks at a message, and goes on there by typing', async () => {
    await said('tea', 'First.');
    await said('tea', 'Second.');
    await at('/sessions/tea', async (page) => {
      await sees(page, 'Second.');
      await page.locator('#seq-2').hover();
      await page.getByRole('button', { name: 'Fork at 2' }).click();
      await expect.poll(() => page.url(), PATIENCE).not.toContain('/sessions/tea');
      await sees(page, 'First.');
      expect(await page.getByRole('log').innerText()).not.toContain('Second.');
      await page.getByRole('textbox', { name: 'What to say' }).fill('Another second.');
      await page.getByRole('button', { name: 'Send' }).click();
      await sees(page, 'Rehearsal answer to: Another second.');
      await picture(page, 'fork-and-go-on');
    });
    const session = await shared().sessions.get('tea');
    expect(session.numTurns).toBe(2);
  });

  test('sees what the last week cost, by day and by model', async () => {
    await said('paid', rehearse('text=a usage.output_tokens=100000'));
    const session = await shared().sessions.get('paid');
    const cost = `$${session.totalCostUsd?.toFixed(2)}`;
    await at('/costs', async (page) => {
      await page.getByRole('combobox', { name: 'Of the last' }).selectOption('7');
      await sees(page, cost);
      await expect.poll(() => page.locator('svg[role=img] .bar').count(), PATIENCE).toBe(7);
      await picture(page, 'what-a-week-cost');
      await page.getByRole('combobox', { name: 'By' }).selectOption('model');
      await page.getByRole('link', { name: /^claude-/ }).waitFor();
      await sees(page, cost);
    });
  });

  test('finds words, and lands at the message that has them', async () => {
    for (let n = 0; n < 40; n += 1) await said('long', `Message number ${n}.`);
    await said('long', 'Where is the purple elephant?');
    for (let n = 0; n < 40; n += 1) await said('long', `Later message number ${n}.`);
    await at('/sessions?q=purple+elephant', async (page) => {
      await page.getByText('purple elephant').first().waitFor();
      await picture(page, 'find-words');
      await page.getByRole('list', { name: 'Sessions' }).getByRole('link').first().click();
      const marked = page.locator('.entry.marked');
      await expect.poll(() => marked.innerText(), PATIENCE).toContain('purple elephant');
      await expect.poll(() => isInView(page, '.entry.marked'), PATIENCE).toBe(true);
    });
  });

  test('tags all that a query finds, and deletes those that are selected', async () => {
    for (const id of ['one', 'two', 'three']) await said(id, 'Hello.', { tags: ['old'] });
    await at('/sessions?q=tag:old', async (page) => {
      const boxes = page.getByRole('checkbox', { name: /^Select/ });
      await boxes.first().check();
      await page.getByRole('checkbox', { name: /all 3 that match/ }).check();
      await page.getByRole('button', { name: 'Tag…', exact: true }).click();
      await page.getByRole('textbox', { name: /Tags/ }).fill('seen');
      await picture(page, 'tag-all-that-match');
      await page.getByRole('button', { name: 'Tag', exact: true }).click();
      const count = () => shared().sessions.count({ tags: ['seen'] });
      await expect.poll(async () => (await count()).count, PATIENCE).toBe(3);
      await page.getByRole('checkbox', { name: 'Select one' }).or(boxes.first()).first().check();
      await page.getByRole('button', { name: 'Delete…' }).click();
      await page.getByRole('button', { name: 'Delete 1' }).click();
      await expect.poll(async () => (await count()).count, PATIENCE).toBe(2);
    });
  });

  test('looks at the running tree, and sees a part that was restarted', async () => {
    await at('/tree', async (page) => {
      await page.getByRole('link', { name: /^catalog/ }).click();
      await sees(page, 'greenroom/storage/catalog');
      await sees(page, 'Mailbox');
      const { greenroom } = shared();
      const { ref } = [...walk(greenroom.tree())].find(({ id }) => id === 'catalog') ?? {};
      if (ref !== undefined) greenroom.system.exit(ref, { crashed: new Error('a broken row') });
      await sees(page, '↻ 1');
      await sees(page, 'a broken row');
      await picture(page, 'the-running-tree');
    });
  });

  test('traces an actor, and sees what it is asked', async () => {
    await said('traced', 'Hello.');
    await at('/tree?actor=greenroom/sessions/supervisor/default/traced', async (page) => {
      await page.getByRole('button', { name: 'Trace it for a minute' }).click();
      await sees(page, 'ends by itself');
      await said('traced', 'And <img src=x onerror=alert(1)> again.');
      const messages = page.getByRole('region', { name: 'Last messages' });
      await expect.poll(() => messages.innerText(), PATIENCE).toContain('<img src=x onerror');
      await picture(page, 'trace-an-actor');
      await page.getByRole('button', { name: 'End the trace' }).click();
      await sees(page, 'it is off');
    });
  });

  test('reads what a tool has changed as a change', async () => {
    mkdirSync(join(folder, 'app'), { recursive: true });
    writeFileSync(join(folder, 'app', 'a.txt'), 'one\ntwo\nthree\n');
    const calls = [
      'tool=Read input={"file_path":"a.txt"}',
      'tool=Edit input={"file_path":"a.txt","old_string":"one\\ntwo","new_string":"one\\nzwei"}',
    ];
    await said('edits', `Do. ${rehearse(...calls, 'text="Changed."')}`, {
      ...{ workingDirectory: join(folder, 'app'), permissionMode: 'acceptEdits' },
    });
    await at('/sessions/edits', async (page) => {
      await sees(page, 'Changed.');
      await page.locator('.tool-use summary', { hasText: 'Edit' }).click();
      const lines = page.locator('.diff');
      await expect.poll(() => lines.innerText(), PATIENCE).toContain('- two');
      expect(await lines.innerText()).toContain('+ zwei');
      await picture(page, 'a-change-as-a-change');
    });
  });

  test('chooses what the model sees of a session that two programs went on with', async () => {
    const lines = readFileSync(TRANSCRIPT, 'utf8').trimEnd().split('\n');
    const add = (fromLine: number, some: readonly string[]) =>
      shared().greenroom.api.session('both', 'import', {
        ...{ externalKey: 'elsewhere', fromLine, lines: [...some] },
      });
    await add(0, lines.slice(0, 23));
    await said('both', 'Said here.');
    await add(23, lines.slice(23));
    await at('/sessions/both', async (page) => {
      const branches = page.getByRole('region', { name: 'Branches' });
      await expect.poll(() => branches.innerText(), PATIENCE).toContain('the model sees it');
      await branches.scrollIntoViewIfNeeded();
      await picture(page, 'two-branches');
      await branches.getByRole('button', { name: 'Let the model see it' }).click();
      const chosen = async () => (await shared().sessions.get('both')).branches?.chosen;
      await expect.poll(chosen, PATIENCE).toBe(2);
    });
  });

  test('archives a session that is over, and brings its directory back', async () => {
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'kept.txt'), 'what was made');
    await said('put-away', 'Hello.', { workingDirectory: project });
    await shared().sessions.complete('put-away');
    await at('/sessions/put-away', async (page) => {
      await page.getByRole('button', { name: 'Archive', exact: true }).click();
      const archive = page.getByRole('region', { name: 'Archive' });
      await expect.poll(() => archive.innerText(), PATIENCE).toContain('of 1 file with');
      await page.locator('.facts .status', { hasText: 'archived' }).waitFor(PATIENCE);
      const back = archive.getByRole('button', { name: 'Bring its directory back' });
      await back.click(); // something is there: it says so, and leaves that alone
      await expect.poll(() => archive.innerText(), PATIENCE).toContain('The last restore failed');
      rmSync(project, { recursive: true });
      await back.click();
      await expect.poll(() => archive.innerText(), PATIENCE).toContain('Brought back');
      await picture(page, 'archive-and-bring-back');
    });
    expect(readFileSync(join(project, 'kept.txt'), 'utf8')).toBe('what was made');
  });

  test('stops a turn that says too much', async () => {
    const turn = shared().begin(
      'endless',
      `Talk. ${rehearse('text="on and on and on and on and on" chunks=10 delay-ms=6000')}`,
    );
    await turn.saw('delta');
    await at('/sessions/endless', async (page) => {
      const stop = page.getByRole('button', { name: 'Stop the turn' });
      await page.setViewportSize({ width: 360, height: 740 });
      const policy = page.getByRole('combobox', { name: 'While a turn runs' });
      for (const field of [policy, stop]) // of a phone nothing is beyond the edge
        expect((await field.boundingBox())?.x).toBeGreaterThanOrEqual(0);
      await page.setViewportSize({ width: 1100, height: 700 });
      await stop.click();
      await sees(page, 'cancelled');
      await picture(page, 'stop-a-turn');
    });
    expect(await turn.finished()).toMatchObject({ status: 'cancelled' });
  });

  test('makes a session with its first message, on a phone', async () => {
    await at('/sessions', async (page) => {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.getByRole('button', { name: 'New session' }).click();
      await page.getByRole('textbox', { name: 'First message' }).fill('Hello from a phone.');
      await page.getByRole('textbox', { name: 'Title' }).fill('On the way');
      await page.getByRole('button', { name: 'Make it' }).click();
      await sees(page, 'Rehearsal answer to: Hello from a phone.');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await picture(page, 'on-a-phone');
    });
  });
});

const isInView = (page: Page, selector: string): Promise<boolean> =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < element.ownerDocument.documentElement.clientHeight;
  });
