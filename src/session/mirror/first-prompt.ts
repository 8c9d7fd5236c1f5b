/**
 * The prompt that names a session in the Agent SDK's lists, found in one transcript entry. The rules
 * are the SDK's, so that its lists read the same over our store; a test compares the two.
 */
import { isObject, type RawLine } from '../../claude-code/raw-line.ts';

const MAX_LENGTH = 200;

export interface PromptFound {
  /** What a person wrote, on one line. */
  readonly prompt?: string;
  /** A slash command's name, for sessions in which nobody wrote anything else. */
  readonly command?: string;
}

/** @param known a command that was found before: the first one stays. */
export const firstPromptIn = (entry: RawLine, known?: string): PromptFound => {
  let command = known;
  for (const words of textsOf(entry)) {
    const text = withoutPasteMarks(words).replaceAll('\n', ' ').trim();
    const name = /<command-name>(.*?)<\/command-name>/.exec(text)?.[1];
    if (name !== undefined) command ||= name;
    else if (text !== '') {
      const prompt = promptIn(text);
      if (prompt !== undefined) return found(prompt, command);
    }
  }
  return found(undefined, command);
};

const found = (prompt: string | undefined, command: string | undefined): PromptFound => ({
  ...(prompt === undefined ? {} : { prompt }),
  ...(command ? { command } : {}),
});

/** Texts of a message that a person may have written: tool results and the program's own are none. */
const textsOf = (entry: RawLine): readonly string[] => {
  if (entry.type !== 'user' || entry.isMeta === true || entry.isCompactSummary === true) return [];
  const { content } = (entry.message ?? {}) as { readonly content?: unknown };
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) return [];
  const blocks = (content as readonly unknown[]).filter(isBlock);
  if (blocks.some(({ type }) => type === 'tool_result')) return [];
  return blocks.flatMap(({ type, text }) =>
    type === 'text' && typeof text === 'string' ? [text] : [],
  );
};

const isBlock = (block: unknown): block is { readonly type?: unknown; readonly text?: unknown } =>
  isObject(block);

/** Text that begins like a tag was put in by the program. */
const PUT_IN = /^\s*(?:<[a-z][\w-]*[\s>]|\[Request interrupted by user[^\]]*\])/;

const promptIn = (text: string): string | undefined => {
  const shell = /<bash-input>([\s\S]*?)<\/bash-input>/.exec(text)?.[1];
  if (shell !== undefined) return `! ${shell.trim()}`;
  if (PUT_IN.test(text)) return undefined;
  return text.length <= MAX_LENGTH ? text : `${cut(text, MAX_LENGTH).trim()}…`;
};

/** Not between the halves of a character. */
const cut = (text: string, length: number): string => {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
};

const PASTE =
  /\n{0,2}<pasted_content id="([0-9a-f]{4})">\n([\s\S]*?)\n<\/pasted_content id="\1">\n{0,2}/g;

/** Text that was pasted stands between marks of its own. */
const withoutPasteMarks = (text: string): string => text.replace(PASTE, '$2');
