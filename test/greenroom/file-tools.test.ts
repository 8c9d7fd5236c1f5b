/** A session that works on files with the tools of the toolbox, over real threads. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { until } from '../support/until.ts';

const use = (tool: string, input: object) =>
  `[[rehearse: tool=${tool} input=${JSON.stringify(input)}]]`;

it('reads a file and edits it in the same turn, and again in a later one without reading it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-work-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'a.txt'), 'one');
  const test = await testGreenroom();
  await test.sessions.create('s', { workingDirectory: folder, permissionMode: 'acceptEdits' });
  const first = await test.run(
    's',
    [
      use('Read', { file_path: 'a.txt' }),
      use('Edit', { file_path: 'a.txt', old_string: 'one', new_string: 'two' }),
      '[[rehearse: text=done]]',
    ].join(' '),
  );
  expect(finishedOf(first)).toMatchObject({ status: 'completed', text: 'done' });
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('two');
  const edit = use('Edit', { file_path: 'a.txt', old_string: 'two', new_string: 'three' });
  await test.run('s', `${edit} [[rehearse: text=done]]`);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('three');
});

it('works in a relative folder as seen from where the daemon was started, by its rules too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-work-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const test = await testGreenroom();
  const workingDirectory = relative(process.cwd(), folder);
  await test.sessions.create('s', { workingDirectory, permissionMode: 'acceptEdits' });
  const write = use('Write', { file_path: 'a.txt', content: 'one' });
  await test.run('s', `${write} [[rehearse: text=done]]`);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one');
  const outside = use('Write', { file_path: '../b.txt', content: 'one' });
  void test.begin('s', `${outside} [[rehearse: text=done]]`).done.catch(() => undefined);
  await until(async () => (await test.sessions.get('s')).status === 'waiting');
});
