import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LINES, MAX_LARGE_TEXT, MAX_TEXT, Read } from '../../../src/tools/builtin/read.ts';
import { MAX_IMAGE_BYTES } from '../../../src/tools/files/media.ts';
import { folderWith } from '../calling.ts';
import { png } from '../pictures.ts';

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('');
const PNG = png(2, 3);
const JPEG = '\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x03\0\x02';
const GIF = 'GIF89a\x02\0\x03\0';

describe('a text', () => {
  it('comes with line numbers, and without the end of the last line', async () => {
    const { call } = folderWith({ 'a.txt': 'one\ntwo\n\nfour' });
    const { text, isError } = await call(Read, { file_path: 'a.txt' });
    expect(isError).toBe(false);
    expect(text).toBe('     1\tone\n     2\ttwo\n     3\t\n     4\tfour');
  });

  it('is remembered by where it really is, with its time and size', async () => {
    const { call, path, folder } = folderWith({ 'a.txt': 'one' });
    symlinkSync(path('a.txt'), path('link'));
    const { memory } = await call(Read, { file_path: `${folder}/link` });
    expect(memory?.files).toEqual([{ path: path('a.txt'), mtimeMs: expect.any(Number), size: 3 }]);
  });

  it('is read from a line on, as many as are wanted, and says which part that is', async () => {
    const { call } = folderWith({ 'a.txt': numbered(10) });
    const { text } = await call(Read, { file_path: 'a.txt', offset: 3, limit: 2 });
    expect(text).toBe(
      '     3\tline 3\n     4\tline 4\n[PARTIAL view: lines 3 to 4 of 10. Read on with offset 5.]',
    );
  });

  it('of more lines than one call gives is a PARTIAL view that can be read on', async () => {
    const { call } = folderWith({ 'a.txt': numbered(DEFAULT_LINES + 7) });
    const first = await call(Read, { file_path: 'a.txt' });
    expect(first.text).toContain(
      `[PARTIAL view: lines 1 to ${DEFAULT_LINES} of ${DEFAULT_LINES + 7}. Read on with offset ${DEFAULT_LINES + 1}.]`,
    );
    const rest = await call(Read, { file_path: 'a.txt', offset: DEFAULT_LINES + 1 });
    expect(rest.text.split('\n')).toHaveLength(7 + 1);
  });

  it('of more characters than one call gives is cut between lines, allow_large shows more', async () => {
    const line = 'x'.repeat(999);
    const { call } = folderWith({ 'a.txt': `${line}\n`.repeat(1_000) });
    const { text } = await call(Read, { file_path: 'a.txt' });
    expect(text).toContain(`[PARTIAL view: lines 1 to ${MAX_TEXT / 1_000} of 1000.`);
    const large = await call(Read, { file_path: 'a.txt', allow_large: true });
    expect(large.text).toContain(`[PARTIAL view: lines 1 to ${MAX_LARGE_TEXT / 1_000} of 1000.`);
  });

  it('with an endless line shows its beginning and how long it is', async () => {
    const { call } = folderWith({ 'a.txt': `${'y'.repeat(3_000_000)}\nshort` });
    const { text } = await call(Read, { file_path: 'a.txt' });
    expect(text).toContain(`${'y'.repeat(2_000)} [… the line goes on, 3000000 bytes in all]`);
    expect(text).toContain('     2\tshort');
    expect(text.length).toBeLessThan(3_000);
  });

  it('without a line says so', async () => {
    const { call } = folderWith({ empty: '', 'a.txt': 'one\n' });
    expect((await call(Read, { file_path: 'empty' })).text).toContain('is empty');
    const { text } = await call(Read, { file_path: 'a.txt', offset: 9 });
    expect(text).toBe('[The file has 1 lines: there is no line 9.]');
  });

  it.each([
    ['UTF-8 with a mark', Buffer.from('\ufeffäöü\r\nß')],
    ['UTF-16', Buffer.from('\ufeffäöü\r\nß', 'utf16le')],
  ])('in %s is read', async (_, bytes) => {
    const { call } = folderWith({ 'a.txt': bytes });
    expect((await call(Read, { file_path: 'a.txt' })).text).toBe('     1\täöü\n     2\tß');
  });

  it('is found from where the shell stands', async () => {
    const { call, path, put } = folderWith({});
    put('sub/a.txt', 'here');
    const { text } = await call(Read, { file_path: 'a.txt' }, { memory: { cwd: path('sub') } });
    expect(text).toContain('here');
  });

  it('of gigabytes takes no memory: its end is not counted', async () => {
    const { call, path } = folderWith({ 'a.txt': 'first\n' });
    truncateSync(path('a.txt'), 3 * 1024 ** 3);
    const { text } = await call(Read, { file_path: 'a.txt', limit: 1 });
    expect(text).toContain('is a binary file'); // a hole is read as NULs
    writeFileSync(path('big'), `${'z'.repeat(9_000)}\n`.repeat(1_000));
    const big = await call(Read, { file_path: 'big', offset: 1_000 });
    expect(big.text).toContain('  1000\tzzz');
  });
});

describe('what is seen rather than read', () => {
  it.each([
    ['image/png', PNG],
    ['image/jpeg', Buffer.from(JPEG, 'latin1')],
    ['image/gif', Buffer.from(GIF, 'latin1')],
    ['image/webp', Buffer.from('RIFF....WEBPVP8L....\x2f\x01\x80\0\0', 'latin1')],
  ])('an image is a block of its own: %s, whatever its name', async (media_type, bytes) => {
    const { call } = folderWith({ 'picture.txt': bytes });
    const { content } = await call(Read, { file_path: 'picture.txt' });
    const data = bytes.toString('base64');
    expect(content).toEqual([{ type: 'image', source: { type: 'base64', media_type, data } }]);
  });

  it('a PDF is a document', async () => {
    const { call } = folderWith({ 'a.pdf': '%PDF-1.7 ...' });
    const { content } = await call(Read, { file_path: 'a.pdf', pages: '' });
    expect(content).toMatchObject([
      { type: 'document', source: { media_type: 'application/pdf' } },
    ]);
  });

  it('an image that is too large for the API is refused with its size', async () => {
    const { call } = folderWith({ 'a.png': Buffer.concat([PNG, Buffer.alloc(MAX_IMAGE_BYTES)]) });
    const { isError, text } = await call(Read, { file_path: 'a.png' });
    expect(isError).toBe(true);
    expect(text).toContain(`at most ${MAX_IMAGE_BYTES}`);
  });

  it.each([
    ['that is damaged', PNG.subarray(0, 20), 'begins like image/png and is damaged'],
    ['without a size', Buffer.from('GIF89a\0\0\0\0'), 'is damaged'],
    ['that is too wide', png(8_001, 1), 'is 8001 by 1 pixels; at most 8000'],
    ['with a password', '%PDF-1.7 trailer << /Encrypt 12 0 R >>', 'is a PDF with a password'],
    ['of too many pages', `%PDF-1.7${'<</Type /Page/Parent 1 0 R>>'.repeat(101)}`, '101 pages'],
  ])('one %s, which would have the whole session refused, is refused', async (_, bytes, why) => {
    const { call } = folderWith({ it: bytes });
    const { isError, text } = await call(Read, { file_path: 'it' });
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it('a notebook is its cells with what they put out', async () => {
    const image = { data: { 'image/png': [PNG.toString('base64'), '\n'] } };
    const cells = [
      { cell_type: 'markdown', id: 'a', source: ['# Title\n', 'text'] },
      {
        cell_type: 'code',
        source: 'print(1)',
        outputs: [{ text: ['1\n'] }, { ename: 'E', evalue: 'why' }, image],
      },
    ];
    const { call } = folderWith({ 'a.ipynb': JSON.stringify({ cells }) });
    const { content } = await call(Read, { file_path: 'a.ipynb' });
    expect(content).toMatchObject([
      {
        text: '<cell id="a" type="markdown">\n# Title\ntext\n</cell>\n<cell id="cell-1" type="code">\nprint(1)\n<output>\n1\n\n</output>\n<output>\nE: why\n</output>\n</cell>',
      },
      { type: 'image', source: { media_type: 'image/png', data: PNG.toString('base64') } },
    ]);
  });

  it('a notebook that is none is text', async () => {
    const { call } = folderWith({ 'a.ipynb': '{"cells": 1}' });
    expect((await call(Read, { file_path: 'a.ipynb' })).text).toBe('     1\t{"cells": 1}');
  });
});

describe('what is no plain file is refused at once', () => {
  const refused = async (prepare: (path: string) => void | Promise<void>) => {
    const { call, path } = folderWith({});
    await prepare(path('it'));
    const { isError, text } = await call(Read, { file_path: 'it' });
    expect(isError).toBe(true);
    return text;
  };

  it('a folder', async () => {
    expect(await refused((path) => mkdirSync(path))).toContain('is a folder. Use Glob');
  });

  it('a pipe that nobody writes to', async () => {
    expect(await refused((path) => void execFileSync('mkfifo', [path]))).toContain('named pipe');
  });

  it('a link to a device', async () => {
    expect(await refused((path) => symlinkSync('/dev/zero', path))).toContain('is a device');
  });

  it('a socket', async () => {
    const said = await refused(
      (path) =>
        new Promise<void>((resolve) => {
          const server = createServer().listen(path, resolve);
          onTestFinished(() => void server.close());
        }),
    );
    expect(said).toContain('a socket');
  });

  it('nothing at all, and a circle of links', async () => {
    expect(await refused(() => undefined)).toContain('/it does not exist.');
    expect(await refused((path) => symlinkSync(path, path))).toContain('circle of links');
  });

  it('a binary file', async () => {
    expect(await refused((path) => writeFileSync(path, 'a\0b'))).toContain(
      'binary file of 3 bytes',
    );
  });
});

describe('the file that was allowed', () => {
  it('is read when the path still leads to it', async () => {
    const { call, path } = folderWith({ allowed: 'fine' });
    symlinkSync(path('allowed'), path('link'));
    const { text } = await call(Read, { file_path: 'link' }, { realPath: path('allowed') });
    expect(text).toContain('fine');
  });

  it('and no other one: a link that was swapped meanwhile, also on the way, is refused unread', async () => {
    const { call, path } = folderWith({ 'allowed/a': 'fine', 'secret/a': 'secret' });
    symlinkSync(path('secret/a'), path('link'));
    symlinkSync(path('secret'), path('folder'));
    for (const file_path of ['link', 'folder/a']) {
      const { isError, text } = await call(Read, { file_path }, { realPath: path('allowed/a') });
      expect(isError).toBe(true);
      expect(text).toContain('by now, and the permission was given for');
    }
  });
});

describe('input that does not fit', () => {
  it.each([
    [{}, '`file_path` is missing'],
    [{ file_path: 7 }, '`file_path`: invalid input: expected string, received number'],
    [{ file_path: 'a', offset: 0 }, '`offset`: too small'],
    [{ file_path: 'a', ofset: 1 }, '`ofset` is not a field'],
    [{ file_path: 'a\0b' }, 'NUL'],
    [{ file_path: 'a', pages: '1-2' }, 'is no PDF: leave `pages` out'],
  ])('is an error that names the field: %j', async (input, said) => {
    const { call } = folderWith({ a: 'x' });
    const { isError, text } = await call(Read, input);
    expect(isError).toBe(true);
    expect(text).toContain(said);
  });
});
