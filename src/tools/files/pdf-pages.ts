/**
 * Some pages of a PDF, as a PDF of their own. The package that takes it apart is an optional peer, loaded by the first call that
 * needs it; its name is no literal where it is imported, so that bundlers leave it alone.
 */
import { Refusal } from '../tool/refusal.ts';
import { boundUnpacking } from './pdf-unpacking.ts';

/** Of a PDF of which some pages are wanted; it is taken apart in memory. */
export const MAX_PAGED_BYTES = 64 * 1024 * 1024;
/** Pages of one call, as in Claude Code. */
export const MAX_PICKED_PAGES = 20;

/** From 1, both included. */
export interface PageRange {
  readonly from: number;
  /** Undefined: the last one. */
  readonly to: number | undefined;
}

type Pdf = typeof import('@cantoo/pdf-lib');
const PACKAGE = '@cantoo/pdf-lib';

/** `3`, `1-5`, `10-`. Throws a `Refusal` for anything else. */
export const pageRange = (pages: string): PageRange => {
  const [, first, dash, last] = /^\s*(\d{1,7})\s*(?:(-)\s*(\d{1,7})?\s*)?$/.exec(pages) ?? [];
  if (first === undefined)
    throw new Refusal(`\`pages\` is a page or a range, as in 3, 1-5 or 10-, and not ${pages}.`);
  const from = Number(first);
  const to = dash === undefined ? from : last === undefined ? undefined : Number(last);
  if (from === 0) throw new Refusal('`pages` counts from 1.');
  if (to !== undefined && to < from)
    throw new Refusal(`\`pages\` ${pages.trim()} ends before it begins.`);
  if (to !== undefined && to - from >= MAX_PICKED_PAGES)
    throw new Refusal(
      `\`pages\` ${pages.trim()} is too many: at most ${MAX_PICKED_PAGES} at once.`,
    );
  return { from, to };
};

/** Throws a `Refusal`. @param what how the file is named in it. */
export const pagesOf = async (
  bytes: Uint8Array,
  range: PageRange,
  what: string,
  load: Load = importByName,
): Promise<Buffer> => {
  const pdf = await loadPackage(load);
  boundUnpacking(pdf);
  const { PDFDocument, EncryptedPDFError } = pdf;
  try {
    const whole = await PDFDocument.load(bytes, QUIETLY);
    const count = whole.getPageCount();
    if (count === 0) throw new Error('what holds its pages could not be read'); // the package passes over it
    const indices = indicesOf(range, count, what);
    const some = await PDFDocument.create(QUIETLY);
    for (const page of await some.copyPages(whole, indices)) some.addPage(page);
    return Buffer.from(await some.save());
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(
      error instanceof EncryptedPDFError
        ? `${what} is a PDF with a password, and cannot be shown.`
        : `${what} is a damaged PDF: its pages cannot be told apart.`,
    );
  }
};

const QUIETLY = { updateMetadata: false, warnOnInvalidObjects: false };

const indicesOf = ({ from, to }: PageRange, count: number, what: string): number[] => {
  if (from > count) throw new Refusal(`${what} has ${count} pages: there is no page ${from}.`);
  const last = Math.min(to ?? count, count);
  const most = from + MAX_PICKED_PAGES - 1;
  if (last > most)
    throw new Refusal(
      `${what} has ${count} pages, and at most ${MAX_PICKED_PAGES} can be read at once: say which, as in ${from}-${most}.`,
    );
  return Array.from({ length: last - from + 1 }, (_, at) => from - 1 + at);
};

type Load = (name: string) => Promise<unknown>;

const importByName: Load = (name) => import(/* webpackIgnore: true */ /* @vite-ignore */ name);

const loadPackage = async (load: Load): Promise<Pdf> => {
  try {
    return (await load(PACKAGE)) as Pdf;
  } catch (error) {
    if (!isNotInstalled(error)) throw error;
    throw new Refusal(
      `Some pages of a PDF can only be read where the package ${PACKAGE} is installed, and it is not. Leave \`pages\` out to read all of it.`,
    );
  }
};

const isNotInstalled = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  error.message.includes(`'${PACKAGE}'`);
