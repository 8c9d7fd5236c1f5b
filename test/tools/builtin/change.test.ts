/** `Write` and `Edit` on real files: read first, whole or not at all, and nothing twice. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Edit } from '../../../src/tools/builtin/edit.ts';
import { Read } from '../../../src/tools/builtin/read.ts';
import { Write } from '../../../src/tools/builtin/write.ts';
import { folderWith, jobIn } from '../calling.ts';

describe('Write', () => {
  it('makes a file and the folders above it', async () => {
    const { call, text, path } = folderWith({});
    const said = await call(Write, { file_path: 'a/b/c.txt', content: 'one\ntwo\n' });
    expect(said.text).toBe(`Made ${path('a/b/c.txt')} (2 lines).`);
    expect(text('a/b/c.txt')).toBe('one\ntwo\n');
    expect(readdirSync(path('a/b'))).toEqual(['c.txt']);
  });

  it('refuses a file that was not read, and one that was changed since', async () => {
    const { call, text, put } = folderWith({ a: 'old' });
    const unread = await call(Write, { file_path: 'a', content: 'new' });
    expect(unread).toMatchObject({ isError: true });
    expect(unread.text).toContain('has not been read in this session. Read it first');
    await call(Read, { file_path: 'a' });
    put('a', 'other');
    const stale = await call(Write, { file_path: 'a', content: 'new' });
    expect(stale.text).toContain('has changed since it was read');
    expect(text('a')).toBe('other');
    await call(Read, { file_path: 'a' });
    expect(await call(Write, { file_path: 'a', content: 'new' })).toMatchObject({ isError: false });
    expect(text('a')).toBe('new');
  });

  it('notices a change that leaves the size as it was', async () => {
    const { call, put, path } = folderWith({ a: 'old' });
    await call(Read, { file_path: 'a' });
    put('a', 'OLD');
    utimesSync(path('a'), 1, 1);
    expect((await call(Write, { file_path: 'a', content: 'new' })).isError).toBe(true);
  });

  it('may write again what it has written itself', async () => {
    const { call, text } = folderWith({});
    await call(Write, { file_path: 'a', content: 'one' });
    expect((await call(Write, { file_path: 'a', content: 'two' })).isError).toBe(false);
    expect(text('a')).toBe('two');
  });

  it('made again after its outcome was lost finds its work done', async () => {
    const { call, forget, text, path } = folderWith({});
    await call(Write, { file_path: 'a', content: 'one' });
    const { mtimeMs, ino } = statSync(path('a'));
    forget();
    expect((await call(Write, { file_path: 'a', content: 'one' })).isError).toBe(false);
    expect(statSync(path('a'))).toMatchObject({ mtimeMs, ino });
    expect(text('a')).toBe('one');
  });

  it('keeps the mode, and writes through a link to what it leads to', async () => {
    const { call, path, text } = folderWith({ 'real/a.sh': 'old' });
    chmodSync(path('real/a.sh'), 0o754);
    symlinkSync('real/a.sh', path('link'));
    await call(Read, { file_path: 'link' });
    await call(Write, { file_path: 'link', content: 'new' });
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true);
    expect(statSync(path('real/a.sh')).mode & 0o7777).toBe(0o754);
    expect(text('real/a.sh')).toBe('new');
  });

  it.each([
    ['a folder', 'folder', 'is a folder'],
    ['a link to nothing', 'dangling', 'a link that leads to nothing'],
    ['what is below a file', 'file/x', 'below something that is a file'],
    ['no name', 'folder/..', 'is a folder'],
    ['a name that is too long', 'n'.repeat(300), 'too long'],
  ])('refuses %s, and leaves nothing behind', async (_, file_path, why) => {
    const { call, path } = folderWith({ file: 'x' });
    mkdirSync(path('folder'));
    symlinkSync('nowhere', path('dangling'));
    const { isError, text } = await call(Write, { file_path, content: 'new' });
    expect(isError).toBe(true);
    expect(text).toContain(why);
    expect(readdirSync(path('.')).toSorted()).toEqual(['dangling', 'file', 'folder']);
  });

  it('is not led to another place than was allowed', async () => {
    const { call, path } = folderWith({ 'secret/a': 'secret' });
    mkdirSync(path('open'));
    symlinkSync(path('secret'), path('open/way'));
    const { text } = await call(
      Write,
      { file_path: 'open/way/b', content: 'new' },
      { realPath: path('open/way/b') },
    );
    expect(text).toContain('by now, and the permission was given for');
    expect(readdirSync(path('secret'))).toEqual(['a']);
  });

  it('that is cancelled before it began changes nothing', async () => {
    const { folder, path } = folderWith({});
    const job = jobIn(folder, 'Write', { file_path: 'a', content: 'x' });
    expect(await Write.run(job, AbortSignal.abort())).toEqual({ type: 'cancelled' });
    expect(readdirSync(path('.'))).toEqual([]);
  });
});

describe('Edit', () => {
  const edited = async (before: string | Uint8Array, input: object) => {
    const files = folderWith({ a: before });
    await files.call(Read, { file_path: 'a' });
    return { ...files, said: await files.call(Edit, { file_path: 'a', ...input }) };
  };

  it('replaces a text that is there once, and shows the lines around it', async () => {
    const { said, text } = await edited('one\ntwo\nthree\n', {
      old_string: 'two',
      new_string: 'zwei $& $1',
    });
    expect(text('a')).toBe('one\nzwei $& $1\nthree\n');
    expect(said.text).toContain('     2\tzwei $& $1');
  });

  it('refuses one that is there more than once, unless all are meant', async () => {
    const { said, text, call } = await edited('x y x', { old_string: 'x', new_string: 'z' });
    expect(said).toMatchObject({ isError: true });
    expect(said.text).toContain('is in the file 2 times');
    expect(text('a')).toBe('x y x');
    await call(Edit, { file_path: 'a', old_string: 'x', new_string: 'z', replace_all: true });
    expect(text('a')).toBe('z y z');
  });

  it.each([
    ['one that is not there', { old_string: 'q', new_string: 'z' }, 'is not in the file'],
    ['one that stays the same', { old_string: 'x', new_string: 'x' }, 'nothing to change'],
    ['an empty one in a file with text', { old_string: '', new_string: 'z' }, 'is not empty'],
  ])('refuses %s', async (_, input, why) => {
    const { said, text } = await edited('x', input);
    expect(said.isError).toBe(true);
    expect(said.text).toContain(why);
    expect(text('a')).toBe('x');
  });

  it('makes a file from an empty text, and none from another', async () => {
    const { call, text, path } = folderWith({});
    await call(Edit, { file_path: 'n/a', old_string: '', new_string: 'new' });
    expect(text('n/a')).toBe('new');
    const missing = await call(Edit, { file_path: 'm/b', old_string: 'x', new_string: 'y' });
    expect(missing.text).toContain('does not exist. Use Write');
    expect(readdirSync(path('.'))).toEqual(['n']);
  });

  it('refuses a file that was not read, and one that was changed since', async () => {
    const { call, text, put } = folderWith({ a: 'one' });
    const input = { file_path: 'a', old_string: 'one', new_string: 'two' };
    expect((await call(Edit, input)).text).toContain('Read it first');
    await call(Read, { file_path: 'a' });
    put('a', 'one and more');
    expect((await call(Edit, input)).text).toContain('has changed since it was read');
    expect(text('a')).toBe('one and more');
  });

  it('may follow another one, each remembering the file as the last one left it', async () => {
    const { call, text } = await edited('a', { old_string: 'a', new_string: 'b' });
    await call(Edit, { file_path: 'a', old_string: 'b', new_string: 'c' });
    expect(text('a')).toBe('c');
  });

  it('made again after its outcome was lost changes nothing a second time', async () => {
    const { call, text } = folderWith({ a: 'x' });
    const { memory } = await call(Read, { file_path: 'a' });
    const input = { file_path: 'a', old_string: 'x', new_string: 'xx' };
    const swap = { file_path: 'a', old_string: 'x', new_string: 'y', replace_all: true };
    await call(Edit, input);
    const again = await call(Edit, input, { memory: memory ?? {} });
    expect(again.text).toContain('has changed since it was read');
    expect(text('a')).toBe('xx');
    const { memory: second } = await call(Read, { file_path: 'a' });
    await call(Edit, swap);
    expect((await call(Edit, swap, { memory: second ?? {} })).isError).toBe(true);
    expect(text('a')).toBe('yy');
  });

  it('gives the file another time, also within one tick of the clock, so that it is seen as a change', async () => {
    const { call, path, text } = folderWith({});
    await call(Write, { file_path: 'a', content: '0' });
    for (let round = 0; round < 50; round++) {
      const before = statSync(path('a')).mtimeMs;
      const edit = { old_string: `${round % 10}`, new_string: `${(round + 1) % 10}` };
      expect((await call(Edit, { file_path: 'a', ...edit })).isError).toBe(false);
      expect(statSync(path('a')).mtimeMs).not.toBe(before);
    }
    expect(text('a')).toBe('0');
  });

  it.each([
    ['Windows line breaks', Buffer.from('one\r\ntwo\r\nthree'), Buffer.from('one\r\nzwei\r\ndrei')],
    ['a mark', Buffer.from('\ufeffone\ntwo\nthree'), Buffer.from('\ufeffone\nzwei\ndrei')],
    [
      'UTF-16',
      Buffer.from('\ufeffone\ntwo\nthree', 'utf16le'),
      Buffer.from('\ufeffone\nzwei\ndrei', 'utf16le'),
    ],
  ])('keeps %s', async (_, before, after) => {
    const { path, said } = await edited(before, {
      old_string: 'two\nthree',
      new_string: 'zwei\ndrei',
    });
    expect(said.isError).toBe(false);
    expect(readFileSync(path('a'))).toEqual(after);
  });

  it('refuses what is no text, which it could not write back', async () => {
    const { said } = await edited(Buffer.from('x \xff y', 'latin1'), {
      old_string: 'x',
      new_string: 'z',
    });
    expect(said.text).toContain('is no text in UTF-8');
  });
});
