/** What a service replies, as a tool's result. */
import { z } from 'zod';
import type { ResultBlock, ToolOutcome } from '../../session/ports/tools.ts';
import { isMedia, withShownMedia } from '../files/shown-media.ts';
import { shownText } from '../results/long-text.ts';

const Block = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.enum(['image', 'document']),
    source: z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
  }),
]);

const Reply = z.object({
  content: z.union([z.string(), z.array(Block)]),
  isError: z.boolean().default(false),
});

/** Never rejects. @param path where all of it goes when it is too long. Absolute. */
export const outcomeOfReply = async (text: string, path: string): Promise<ToolOutcome> => {
  const { content: replied, isError } = replyIn(text);
  if (typeof replied === 'string') return result(await shownText(replied, path), isError);
  const content = withShownMedia(replied);
  const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const media = content.filter(isMedia);
  const shown = await shownText(texts.join('\n'), path);
  if (media.length === 0) return result(shown, isError);
  return result(shown === '' ? media : [{ type: 'text', text: shown }, ...media], isError);
};

const result = (content: string | readonly ResultBlock[], isError: boolean): ToolOutcome => ({
  ...{ type: 'result', content, isError },
});

/** What is not in our form is the result itself. */
const replyIn = (text: string): z.infer<typeof Reply> => {
  try {
    const parsed = Reply.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // plain text
  }
  return { content: text, isError: false };
};
