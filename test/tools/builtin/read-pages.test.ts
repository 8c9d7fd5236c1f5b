import { deflateSync } from 'node:zlib';
import { PDFDocument } from '@cantoo/pdf-lib';
import { beforeAll, describe, expect, it } from 'vitest';
import { Read } from '../../../src/tools/builtin/read.ts';
import { MAX_PICKED_PAGES, pageRange, pagesOf } from '../../../src/tools/files/pdf-pages.ts';
import { MAX_UNPACKED_BYTES } from '../../../src/tools/files/pdf-unpacking.ts';
import { folderWith } from '../calling.ts';

/** A PDF whose pages are told apart by their widths: 101, 102, … */
const pdfOf = async (pages: number, password?: string): Promise<Buffer> => {
  const pdf = await PDFDocument.create();
  for (let page = 1; page <= pages; page++) pdf.addPage([100 + page, 100]).drawText(`page ${page}`);
  if (password !== undefined) await pdf.encrypt({ userPassword: password });
  return Buffer.from(await pdf.save());
};

const widthsIn = async (bytes: Uint8Array): Promise<number[]> =>
  (await PDFDocument.load(bytes)).getPages().map((page) => page.getWidth());

let thirty: Buffer;
beforeAll(async () => {
  thirty = await pdfOf(30);
});

/** Its page lies in a stream of objects, behind so many bytes of nothing. */
const bombOf = (bytes: number): Buffer => {
  const page = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 101 9]>>';
  const packed = deflateSync(
    Buffer.concat([Buffer.from('3 0 '), Buffer.alloc(bytes, ' '), Buffer.from(page)]),
  );
  return Buffer.concat([
    Buffer.from('%PDF-1.5\n5 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length '),
    Buffer.from(`${packed.length}>>\nstream\n`),
    packed,
    Buffer.from('\nendstream\nendobj\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n'),
    Buffer.from('2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n'),
    Buffer.from('trailer\n<</Root 1 0 R/Size 9>>\n%%EOF'),
  ]);
};

const read = async (bytes: Buffer, pages: string) => {
  const { call } = folderWith({ 'a.pdf': bytes });
  return call(Read, { file_path: 'a.pdf', pages });
};

describe('pages of a PDF', () => {
  it.each([
    ['3', [103]],
    [' 1 - 3 ', [101, 102, 103]],
    ['29-', [129, 130]],
    ['29-40', [129, 130]],
    ['30', [130]],
  ])('come as a PDF of their own: %s', async (pages, widths) => {
    const { content, isError } = await read(thirty, pages);
    expect(isError).not.toBe(true);
    const [{ type, source }] = content as unknown as [
      { type: string; source: { data: string; media_type: string } },
    ];
    expect([type, source.media_type]).toEqual(['document', 'application/pdf']);
    expect(await widthsIn(Buffer.from(source.data, 'base64'))).toEqual(widths);
  });

  it('are as many as one call may have, and no more', async () => {
    expect(await widthsIn(await pagesOf(thirty, pageRange('11-'), 'it'))).toHaveLength(
      MAX_PICKED_PAGES,
    );
    const { isError, text } = await read(thirty, '10-');
    expect(isError).toBe(true);
    expect(text).toContain(
      'has 30 pages, and at most 20 can be read at once: say which, as in 10-29',
    );
  });

  it.each([
    ['31', 'has 30 pages: there is no page 31'],
    ['0', 'counts from 1'],
    ['5-3', 'ends before it begins'],
    ['1-21', 'is too many: at most 20'],
    ['1,3', 'a page or a range, as in 3, 1-5 or 10-'],
    ['-3', 'a page or a range'],
    ['one', 'and not one'],
  ])('that are not there, or none, are an error that says so: %s', async (pages, why) => {
    const { isError, text } = await read(thirty, pages);
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it.each([
    ['with a password', () => pdfOf(2, 'secret'), 'is a PDF with a password'],
    ['that is cut in half', async () => thirty.subarray(0, 60), 'is a damaged PDF'],
    ['that only begins like one', async () => Buffer.from('%PDF-1.7 nothing'), 'is a damaged PDF'],
  ])('of one %s are an error', async (_, bytes, why) => {
    const { isError, text } = await read(await bytes(), '1');
    expect(isError).toBe(true);
    expect(text).toContain(why);
  });

  it('are not unpacked without a bound', async () => {
    const some = await pagesOf(bombOf(1024 * 1024), pageRange('1'), 'it');
    expect(await widthsIn(some)).toEqual([101]);
    const tooMuch = pagesOf(bombOf(MAX_UNPACKED_BYTES), pageRange('1'), 'it');
    await expect(tooMuch).rejects.toThrow('is a damaged PDF');
  });

  it('are refused with the name of the package where that is not installed', async () => {
    const missing = Object.assign(new Error("Cannot find package '@cantoo/pdf-lib'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const without = pagesOf(thirty, pageRange('1'), 'it', () => Promise.reject(missing));
    await expect(without).rejects.toThrow('package @cantoo/pdf-lib is installed, and it is not');
    const broken = pagesOf(thirty, pageRange('1'), 'it', () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
  });

  it('are needed of a PDF of too many, which says how many may be shown', async () => {
    const { call } = folderWith({
      'a.pdf': `%PDF-1.7${'<</Type /Page/Parent 1 0 R>>'.repeat(101)}`,
    });
    const { text } = await call(Read, { file_path: 'a.pdf' });
    expect(text).toContain('at most 100 can be shown at once.');
  });
});
