/** A Jupyter notebook as blocks: its cells with what they put out, and the images among that. Pure. */
import { z } from 'zod';
import type { ResultBlock } from '../../session/ports/tools.ts';
import { whole } from '../tool/outcome.ts';
import { Refusal } from '../tool/refusal.ts';
import type { ImageType } from './image-size.ts';
import { mediaBlock, mediaTypeOf } from './media.ts';

/** Bytes of a notebook that is read as one; larger ones are read as text. */
export const MAX_NOTEBOOK_BYTES = 16 * 1024 * 1024;
/** Characters of what one cell puts out. */
const MAX_OUTPUT = 10_000;
/** Characters of all cells. */
const MAX_TEXT = 100_000;
const MAX_IMAGES = 10;

const Text = z.union([z.string(), z.array(z.string())]);
const Output = z.object({
  text: Text.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  ename: z.string().optional(),
  evalue: z.string().optional(),
});
const Notebook = z.object({
  cells: z.array(
    z.object({
      cell_type: z.string(),
      id: z.string().optional(),
      source: Text,
      outputs: z.array(Output).optional(),
    }),
  ),
});
type Cell = z.output<typeof Notebook>['cells'][number];
type CellOutput = z.output<typeof Output>;

/** undefined for what is no notebook: it is read as text then. */
export const notebookBlocks = (text: string): readonly ResultBlock[] | undefined => {
  const parsed = Notebook.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { cells } = parsed.data;
  const shown = cells.map(cellText).join('\n');
  const said =
    shown.length <= MAX_TEXT
      ? shown
      : `${whole(shown.slice(0, MAX_TEXT))}\n[PARTIAL view: ${shown.length - MAX_TEXT} more characters of this notebook are not shown.]`;
  const images = cells.flatMap(({ outputs = [] }) => outputs.flatMap(imagesOf));
  const more = images.length - MAX_IMAGES;
  const note = more > 0 ? `\n[PARTIAL view: ${more} more images are not shown.]` : '';
  return [
    { type: 'text', text: `${said || '[The notebook has no cells.]'}${note}` },
    ...images.slice(0, MAX_IMAGES),
  ];
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const cellText = ({ cell_type: type, id, source, outputs = [] }: Cell, at: number): string => {
  const texts = outputs.map(outputText).filter((text) => text !== '');
  const shown = texts.map((text) => `<output>\n${text}\n</output>\n`).join('');
  return `<cell id="${id ?? `cell-${at}`}" type="${type}">\n${joined(source)}\n${shown}</cell>`;
};

const outputText = ({ text, data, ename, evalue }: CellOutput): string => {
  const plain = Text.safeParse(data?.['text/plain']);
  const said = text ?? (plain.success ? plain.data : '');
  const error = ename === undefined ? '' : `${ename}: ${evalue ?? ''}`;
  const all = [joined(said), error].filter((part) => part !== '').join('\n');
  return all.length <= MAX_OUTPUT
    ? all
    : `${whole(all.slice(0, MAX_OUTPUT))}\n[… ${all.length - MAX_OUTPUT} more characters]`;
};

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const;

const imagesOf = ({ data }: CellOutput): readonly ResultBlock[] =>
  IMAGES.flatMap((type) => {
    const found = Text.safeParse(data?.[type]);
    if (!found.success) return [];
    const bytes = Buffer.from(joined(found.data), 'base64');
    const shown = mediaTypeOf(bytes) === type ? unlessRefused(type, bytes) : undefined;
    return shown === undefined ? [] : [shown];
  });

/** An output that cannot be shown is left out. */
const unlessRefused = (type: ImageType, bytes: Buffer): ResultBlock | undefined => {
  try {
    return mediaBlock(type, bytes, 'an output');
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
};

const joined = (text: string | readonly string[]): string =>
  typeof text === 'string' ? text : text.join('');
