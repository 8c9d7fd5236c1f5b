/** Where in its turn a request stands: the prompt that began the turn and how often the model answered since. */
import type { RequestBlock, RequestMessage } from './seen-request.ts';

export interface Prompt {
  /** The text of the last user message that has any; '' where there is none. */
  readonly text: string;
  /** Assistant messages after it: 0 for the turn's first model call, 1 after the first tool call, ... */
  readonly step: number;
}

const textOf = (content: string | readonly RequestBlock[]): string => {
  if (typeof content === 'string') return content;
  if (content.length === 1) return content[0]?.text ?? '';
  return content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : [])).join('\n');
};

export const promptOf = (messages: readonly RequestMessage[]): Prompt => {
  let step = 0;
  for (let i = messages.length - 1; i >= 0; i -= 1) {
    const message = messages[i];
    if (message?.role === 'assistant') step += 1;
    const text = message?.role === 'user' ? textOf(message.content) : '';
    if (text !== '') return { text, step };
  }
  return { text: '', step };
};

/** The text of the last message's first tool result, if the last message brings one. */
export const toolResultOf = (messages: readonly RequestMessage[]): string | undefined => {
  const content = messages.at(-1)?.content;
  if (content === undefined || typeof content === 'string') return undefined;
  const result = content.find((block) => block.type === 'tool_result');
  if (result === undefined) return undefined;
  if (typeof result.content === 'string') return result.content;
  return Array.isArray(result.content) ? textOf(result.content as RequestBlock[]) : '';
};
