/** What a server answers, as a tool's result that a model can read. */
import { z } from 'zod';
import type { ResultBlock, ToolOutcome } from '../../session/ports/tools.ts';
import { leftOut, shownMedia } from '../files/shown-media.ts';
import { MAX_CHARS, shownText } from '../results/long-text.ts';

/** Of all images and documents, in characters of base64. */
const MAX_MEDIA_TOGETHER = 10 * 1024 * 1024;

const Resource = z.object({
  uri: z.string(),
  mimeType: z.string().optional(),
  text: z.string().optional(),
  blob: z.string().optional(),
});

const Block = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.enum(['image', 'audio']), data: z.string(), mimeType: z.string() }),
  z.object({ type: z.literal('resource'), resource: Resource }),
  z.object({
    type: z.literal('resource_link'),
    uri: z.string(),
    name: z.string(),
    description: z.string().optional(),
  }),
]);
type Block = z.infer<typeof Block>;

const Answer = z.object({
  content: z.array(z.unknown()).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

/** Never rejects. @param path where all of it goes when it is too long. Absolute. */
export const outcomeOfAnswer = async (answer: unknown, path: string): Promise<ToolOutcome> => {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success)
    return {
      type: 'result',
      content: 'The server answered with what is no result.',
      isError: true,
    };
  const { isError } = parsed.data;
  return { type: 'result', content: await fitting(blocksOf(parsed.data), path), isError };
};

const blocksOf = ({ content, structuredContent }: z.infer<typeof Answer>): ResultBlock[] => {
  let room = MAX_MEDIA_TOGETHER;
  const blocks = content.map((one) => {
    const block = blockOf(one);
    if (block.type === 'text') return block;
    const { data, media_type } = block.source;
    if (data.length > room) return leftOut(media_type, data);
    room -= data.length;
    return block;
  });
  const isSaid = blocks.some((block) => block.type === 'text' && block.text !== '');
  if (structuredContent === undefined || isSaid) return blocks;
  return [...blocks, textBlock(JSON.stringify(structuredContent))];
};

const blockOf = (said: unknown): ResultBlock => {
  const { success, data } = Block.safeParse(said);
  if (!success) return textBlock('[something that is not known here is left out]');
  return known(data);
};

const known = (block: Block): ResultBlock => {
  switch (block.type) {
    case 'text':
      return textBlock(block.text);
    case 'image':
    case 'audio':
      return shownMedia(block.mimeType, block.data);
    case 'resource':
      return resourceBlock(block.resource);
    case 'resource_link': {
      const { name, uri, description } = block;
      return textBlock(`[${name}: ${uri}]${description === undefined ? '' : ` ${description}`}`);
    }
  }
};

const textBlock = (text: string): Extract<ResultBlock, { type: 'text' }> => ({
  type: 'text',
  text: text.replaceAll('\0', '\uFFFD'),
});

const resourceBlock = ({ uri, mimeType, text, blob }: z.infer<typeof Resource>): ResultBlock => {
  if (text !== undefined) return textBlock(`[${uri}]\n${text}`);
  if (blob !== undefined) return shownMedia(mimeType ?? 'application/octet-stream', blob);
  return textBlock(`[${uri}]`);
};

/** One text stays text; what is too long together becomes one. */
const fitting = async (
  blocks: readonly ResultBlock[],
  path: string,
): Promise<string | readonly ResultBlock[]> => {
  const media = blocks.filter((block) => block.type !== 'text');
  const texts = blocks.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  const isLong = length > MAX_CHARS;
  if (!isLong && media.length > 0)
    return blocks.filter((block) => block.type !== 'text' || block.text.trim() !== '');
  const text = await shownText(texts.join('\n'), path);
  return media.length === 0 ? text : [textBlock(text), ...media];
};
