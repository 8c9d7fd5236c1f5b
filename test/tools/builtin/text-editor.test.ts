/** The API's memory and text editor on real files: what lies outside, what is large, and what a name leads to. */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Memory, TextEditor } from '../../../src/tools/builtin/text-editor.ts';
import { folderWith } from '../calling.ts';

const memoryWith = (files: Readonly<Record<string, string>>) => {
  const own = 'default/s/memories';
  const named = Object.entries(files).map(([name, text]) => [`${own}/${name}`, text] as const);
  const folder = folderWith({ 'default/s/own': '', ...Object.fromEntries(named) });
  const path = (name: string) => folder.path(name === '' ? own : join(own, name));
  const call = (name: string, input: object = {}) =>
    folder.call(Memory, { file_path: path(name), ...input });
  return { ...folder, path, call };
};

it('uses no link in the place of the memory, and none in it that leads out', async () => {
  const { call, path, folder } = memoryWith({});
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(folder, 'home/a'), 'theirs');
  symlinkSync(join(folder, 'home'), path(''));
  for (const input of [{}, { content: 'x' }, { is_deleted: true }]) {
    expect(await call('a', input)).toMatchObject({ isError: true, text: /a link, and not used/ });
    expect(await call('b', input)).toMatchObject({ isError: true });
  }
  expect(existsSync(join(folder, 'home/a'))).toBe(true);
  expect(existsSync(join(folder, 'home/b'))).toBe(false);

  rmSync(path(''));
  mkdirSync(path(''));
  symlinkSync(join(folder, 'home'), path('way'));
  writeFileSync(path('mine'), 'x');
  expect((await call('way/a')).text).toBe('/memories/way/a is not in /memories.');
  expect((await call('mine', { new_path: path('way/b') })).isError).toBe(true);
  mkdirSync(path('d'));
  symlinkSync(join(folder, 'home'), path('d/way'));
  expect(await call('d', { is_deleted: true })).toMatchObject({ isError: false });
  expect(existsSync(join(folder, 'home/a'))).toBe(true);
  expect(existsSync(path('d'))).toBe(false);
});

it('lists no more than a model can read, whatever stands in the folder', async () => {
  const { call, path } = memoryWith({ 'd/.hidden': '' });
  for (let at = 0; at < 1_002; at += 1) mkdirSync(path(`d/f${1_000 + at}`));
  const { text } = await call('');
  expect(text.split('\n')).toHaveLength(1_002);
  expect(text).toContain('\t/memories/d/f1997\n[');
  expect(text).toMatch(/\[There are more: view one of the folders\.]$/);
  symlinkSync(path('d'), path('d/f1000/way'));
  expect((await call('d/f1000')).text.split('\n').slice(1)).toEqual([
    expect.stringMatching(/\t\/memories\/d\/f1000$/),
    expect.stringMatching(/\t\/memories\/d\/f1000\/way$/),
  ]);
});

it('keeps names apart, and what a file says as it is', async () => {
  const { call, path, text } = memoryWith({ 'a/b': 'x', c: '' });
  expect(await call('a', { new_path: path('a/b2') })).toMatchObject({
    ...{ isError: true, text: '/memories/a/b2 is in /memories/a itself.' },
  });
  expect((await call('a/b', { new_path: path('c') })).text).toContain('already exists');
  expect((await call('a/b', { new_path: path('a/d') })).isError).toBe(false);
  expect(text('default/s/memories/a/d')).toBe('x');
  writeFileSync(path('c'), `see ${path('a')}`);
  expect((await call('c')).text).toBe(
    `Here's the content of /memories/c with line numbers:\n     1\tsee ${path('a')}`,
  );
  writeFileSync(path('c'), `${'x'.repeat(1_999)}\n`.repeat(7) + '\u{1f600}'.repeat(2_000));
  const cut = (await call('c')).text;
  expect(cut).toContain('[Cut at');
  expect(Buffer.from(cut).toString()).toBe(cut); // no half of a pair
  const note = { content: 'note' };
  expect((await call('e', note)).text).toBe('File created successfully at: /memories/e');
  expect((await call('e', note)).isError).toBe(false); // a call that was lost, made again
  expect((await call('e', { content: 'other' })).text).toContain('already exists');
  const view = await call('none');
  expect(view.text).toBe('The path /memories/none does not exist. Please provide a valid path.');
  const { call: edit } = folderWith({});
  expect((await edit(TextEditor, { file_path: 'memories' })).isError).toBe(true);
});
