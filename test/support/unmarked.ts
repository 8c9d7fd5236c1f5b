/**
 * Messages of a request as the session has them: without the breakpoints of the prompt cache, which are put in on the way
 * out, and with every text as its one block, because a text that was marked became that.
 */
export interface Unmarked {
  readonly role: string;
  readonly content: readonly Readonly<Record<string, unknown>>[];
}

export const unmarked = (messages: readonly unknown[]): Unmarked[] =>
  messages.map((message) => {
    const { role, content } = message as { role: string; content: string | object[] };
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    return { role, content: blocks.map(withoutMark) };
  });

const withoutMark = (block: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(block).filter(([key]) => key !== 'cache_control'));
