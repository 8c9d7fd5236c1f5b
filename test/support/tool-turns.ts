/** Turns whose model asks for tools, by script, and what it has seen of their results. */
import type { TestGreenroom } from './greenroom.ts';

/** A prompt whose model makes these calls, one group an answer, and then says `done`. */
export const toolCalls = (...groups: readonly (readonly (readonly [string, object])[])[]): string =>
  [
    ...groups.map(
      (group) =>
        `[[rehearse: ${group.map(([tool, input]) => `tool=${tool} input=${JSON.stringify(input)}`).join(' ')}]]`,
    ),
    '[[rehearse: text=done]]',
  ].join(' ');

interface Told {
  readonly type: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly is_error?: boolean;
}

/** Each result as text, with whether it is an error. */
export const toolResults = async (
  { sessions }: Pick<TestGreenroom, 'sessions'>,
  sessionId: string,
): Promise<readonly { readonly text: string; readonly isError: boolean }[]> => {
  const { entries } = await sessions.messages(sessionId, { limit: 1000 });
  return entries.flatMap((entry) => {
    if (entry.type !== 'message' || entry.message.role !== 'user') return [];
    const { content } = entry.message;
    const blocks = Array.isArray(content) ? (content as readonly Told[]) : [];
    return blocks
      .filter(({ type }) => type === 'tool_result')
      .map(({ content: said = '', is_error: isError = false }) => ({
        text: typeof said === 'string' ? said : said.map(({ text = '' }) => text).join(''),
        isError,
      }));
  });
};
