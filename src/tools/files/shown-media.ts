/**
 * An image or a PDF that somebody else's tool gives, as the API takes it. What it would refuse is left out, and said: in a transcript
 * it would have every later request of the session refused.
 */
import type { ResultBlock } from '../../session/ports/tools.ts';
import { Refusal } from '../tool/refusal.ts';
import { mediaBlock, mediaTypeOf } from './media.ts';

type Media = Exclude<ResultBlock, { readonly type: 'text' }>;

/** By its first bytes: a name for them that is another one is put right. */
export const shownMedia = (mimeType: string, data: string): ResultBlock => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data)) return leftOut(mimeType, data);
  const bytes = Buffer.from(data, 'base64');
  const type = mediaTypeOf(bytes);
  if (type === undefined) return leftOut(mimeType, data);
  try {
    return mediaBlock(type, bytes, mimeType);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { type: 'text', text: `[left out: ${error.message}]` };
  }
};

export const leftOut = (mimeType: string, { length }: string): ResultBlock => ({
  type: 'text',
  text: `[${mimeType} of ${Math.ceil((length * 3) / 4)} bytes is left out]`,
});

export const isMedia = (block: ResultBlock): block is Media => block.type !== 'text';

/** The same of each block that is none of text. */
export const withShownMedia = (blocks: readonly ResultBlock[]): readonly ResultBlock[] =>
  blocks.map((block) =>
    isMedia(block) ? shownMedia(block.source.media_type, block.source.data) : block,
  );
