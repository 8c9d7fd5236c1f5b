/** `Read`: some lines of a text, or an image, a PDF or a notebook as the model sees them. */
import { closeSync, readSync } from 'node:fs';
import { z } from 'zod';
import type { ToolMemory } from '../../model/tool-memory.ts';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import { encodingOf, isBinary, readableText } from '../files/file-text.ts';
import { type Lines, linesOf, readLines, type Wanted } from '../files/line-reader.ts';
import { remembered } from '../files/marks.ts';
import { type MediaType, maxBytesOf, mediaBlock, mediaTypeOf, PDF_TYPE } from '../files/media.ts';
import { MAX_NOTEBOOK_BYTES, notebookBlocks } from '../files/notebook.ts';
import { type OpenFile, openFile, readWhole } from '../files/open-file.ts';
import { MAX_PAGED_BYTES, MAX_PICKED_PAGES, pageRange, pagesOf } from '../files/pdf-pages.ts';
import { pathOf } from '../files/place.ts';
import { said } from '../tool/outcome.ts';
import { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { builtinTool } from '../tool/tool.ts';

/** Lines of one call that names no limit. */
export const DEFAULT_LINES = 2_000;
/** Characters of one call. */
export const MAX_TEXT = 100_000;
/** The same with `allow_large`. */
export const MAX_LARGE_TEXT = 400_000;
/** Bytes of a text in UTF-16, which is read whole. */
const MAX_WIDE_BYTES = 16 * 1024 * 1024;
const PROBE_BYTES = 8_192;

const Input = z.strictObject({
  file_path: z
    .string()
    .min(1)
    .describe('The file: an absolute path, or one from the working folder'),
  offset: z.int().min(1).max(1e9).optional().describe('The first line to read, from 1'),
  limit: z.int().min(1).max(1e9).optional().describe(`Lines to read; default ${DEFAULT_LINES}`),
  pages: z
    .string()
    .optional()
    .describe(
      `Of a PDF: the pages to read, as in 3, 1-5 or 10-; at most ${MAX_PICKED_PAGES}. Default: all`,
    ),
  allow_large: z
    .boolean()
    .optional()
    .describe(`Read up to ${MAX_LARGE_TEXT} characters at once in place of ${MAX_TEXT}`),
});
type ReadInput = z.output<typeof Input>;

export const Read = builtinTool({
  name: 'Read',
  description: `Reads a file. Text comes with line numbers (number, tab, line), at most ${DEFAULT_LINES} lines and ${MAX_TEXT} characters at a time; a result that says PARTIAL view goes on with offset. PNG, JPEG, GIF and WebP images, PDFs and Jupyter notebooks are shown as what they are. For folders use Glob. A file must be read before Edit or Write may change it.`,
  effect: 'pure',
  input: Input,
  work: async (input, job, signal) => {
    const path = pathOf(input.file_path, job);
    const file = openFile(path, { expected: job.realPath });
    try {
      return await read(file, input, new Pauses(signal));
    } finally {
      closeSync(file.fd);
    }
  },
});

const read = async (file: OpenFile, input: ReadInput, pauses: Pauses): Promise<ToolOutcome> => {
  const { fd, realPath, stats } = file;
  const memory = remembered(realPath, stats);
  const probe = Buffer.allocUnsafe(PROBE_BYTES);
  const head = probe.subarray(0, readSync(fd, probe, 0, PROBE_BYTES, 0));
  const media = mediaTypeOf(head);
  const pages = (input.pages ?? '').trim();
  if (pages !== '') return said([await pickedPages(file, media, pages, pauses)], memory);
  if (media !== undefined) return said([await mediaOf(file, media, pauses)], memory);
  if (isBinary(head))
    throw new Refusal(
      `${realPath} is a binary file of ${stats.size} bytes, and not one that can be shown.`,
    );
  if (realPath.endsWith('.ipynb') && stats.size <= MAX_NOTEBOOK_BYTES && !isPaged(input)) {
    const blocks = notebookBlocks(readableText(await readWhole(file, MAX_NOTEBOOK_BYTES, pauses)));
    if (blocks !== undefined) return said(blocks, memory);
  }
  return textOf(file, input, memory, encodingOf(head) === 'utf-16le', pauses);
};

const isPaged = ({ offset, limit }: ReadInput): boolean =>
  offset !== undefined || limit !== undefined;

const mediaOf = async (file: OpenFile, type: MediaType, pauses: Pauses) => {
  const { stats, realPath } = file;
  const max = maxBytesOf(type);
  if (stats.size > max)
    throw new Refusal(
      `${realPath} has ${stats.size} bytes; of ${type} at most ${max} can be shown. ${type === PDF_TYPE ? 'Read some of its `pages`' : 'Make it smaller first'}.`,
    );
  return mediaBlock(type, await readWhole(file, max, pauses), realPath);
};

const pickedPages = async (
  file: OpenFile,
  media: MediaType | undefined,
  pages: string,
  pauses: Pauses,
) => {
  const { stats, realPath } = file;
  if (media !== PDF_TYPE)
    throw new Refusal(`${realPath} is no PDF: leave \`pages\` out, and use offset and limit.`);
  const range = pageRange(pages);
  if (stats.size > MAX_PAGED_BYTES)
    throw new Refusal(
      `${realPath} has ${stats.size} bytes; of a PDF with at most ${MAX_PAGED_BYTES} some pages can be read.`,
    );
  const some = await pagesOf(await readWhole(file, MAX_PAGED_BYTES, pauses), range, realPath);
  return mediaBlock(PDF_TYPE, some, `${realPath}, pages ${pages}:`);
};

const textOf = async (
  file: OpenFile,
  { offset: from = 1, limit, allow_large: isLarge = false }: ReadInput,
  memory: ToolMemory,
  isWide: boolean,
  pauses: Pauses,
): Promise<ToolOutcome> => {
  const { stats, realPath } = file;
  const wanted: Wanted = {
    from,
    count: limit ?? (isLarge ? Number.MAX_SAFE_INTEGER : DEFAULT_LINES),
    maxChars: isLarge ? MAX_LARGE_TEXT : MAX_TEXT,
  };
  if (isWide && stats.size > MAX_WIDE_BYTES)
    throw new Refusal(`${realPath} is in UTF-16 and larger than ${MAX_WIDE_BYTES} bytes.`);
  const lines = isWide
    ? linesOf(Buffer.from(readableText(await readWhole(file, MAX_WIDE_BYTES, pauses))), wanted)
    : await readLines(file, wanted, pauses);
  return said(shown(lines, from), memory);
};

const shown = ({ lines, total, isMore }: Lines, from: number): string => {
  if (total === 0) return '[The file is there and is empty.]';
  const all = isMore ? `more than ${total}` : `${total}`;
  if (lines.length === 0) return `[The file has ${all} lines: there is no line ${from}.]`;
  const last = from + lines.length - 1;
  const text = lines.map((line, at) => `${String(from + at).padStart(6)}\t${line}`).join('\n');
  if (from === 1 && last === total && !isMore) return text;
  const next = last < total ? ` Read on with offset ${last + 1}.` : '';
  return `${text}\n[PARTIAL view: lines ${from} to ${last} of ${all}.${next}]`;
};
