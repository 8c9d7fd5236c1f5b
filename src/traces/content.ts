/** What is said, as the conventions have it: messages of parts, as JSON. Only for who has asked for contents. Pure. */
import type { Attributes } from '@opentelemetry/api';
import { finishReason } from './attributes.ts';

/** Characters of one attribute; a longer one is cut, and no JSON then. */
export const MAX_CONTENT = 64 * 1024;

type Block = Readonly<Record<string, unknown>>;

export const promptAttributes = (prompt: unknown): Attributes => ({
  'gen_ai.input.messages': json([{ role: 'user', parts: partsOf(prompt) }]),
});

export const answerAttributes = (content: unknown, stopReason: string | undefined): Attributes => ({
  'gen_ai.output.messages': json([
    {
      role: 'assistant',
      parts: partsOf(content),
      ...(stopReason === undefined ? {} : { finish_reason: finishReason(stopReason) }),
    },
  ]),
});

export const argumentAttributes = (input: unknown): Attributes => ({
  'gen_ai.tool.call.arguments': json(input),
});

export const resultAttributes = (content: unknown): Attributes => ({
  'gen_ai.tool.call.result': cut(typeof content === 'string' ? content : json(content)),
});

const partsOf = (content: unknown): readonly object[] =>
  Array.isArray(content)
    ? content.map((block: Block) => partOf(block))
    : [{ type: 'text', content: String(content) }];

/** One of another kind goes by its own name, without what may be large in it. */
const partOf = (block: Block): object => {
  switch (block['type']) {
    case 'text':
      return { type: 'text', content: block['text'] };
    case 'thinking':
      return { type: 'reasoning', content: block['thinking'] };
    case 'tool_use': {
      const { id, name, input } = block;
      return { type: 'tool_call', id, name, arguments: input };
    }
    default:
      return { type: block['type'] };
  }
};

const json = (value: unknown): string => cut(JSON.stringify(value) ?? '');

const cut = (text: string): string =>
  text.length <= MAX_CONTENT
    ? text
    : `${text.slice(0, MAX_CONTENT)}[… ${text.length - MAX_CONTENT} more characters]`;
