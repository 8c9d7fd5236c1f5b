/** A transcript entry as people read it: who, and the text; other blocks in a word, or not at all. */

import { type Readable, readables } from '../claude-code/readable.ts';
import { jsonText } from '../platform/printable.ts';
import type { EntryView } from '../session/verbs/reply-schemas.ts';
import type { Output } from './output.ts';
import { oneLine } from './width.ts';

type Painter = Pick<Output, 'paint'>;

const TOOL_WIDTH = 100;
const NOTE_WIDTH = 100;

export const messageLines = (entry: EntryView, out: Painter): string => {
  switch (entry.type) {
    case 'message':
      return block(placeOf(entry), entry.message.role, entry.message.content, out);
    case 'imported':
      return importedLines(placeOf(entry), entry.line, out);
    case 'view':
      return `${out.paint('dim', `#${placeOf(entry)} (what the model sees was changed here)`)}\n`;
  }
};

/** Where it stands, and the branch that it is of where the model does not see it. */
const placeOf = ({ seq, branch }: EntryView): string =>
  branch === undefined ? `${seq}` : `${seq} (branch ${branch})`;

const importedLines = (place: string, line: unknown, out: Painter): string =>
  readables(line)
    .map((each) => readableLines(place, each, out))
    .join('');

/** What the program put in for the model is told in a line, so that the talk can be read. */
const readableLines = (place: string, { kind, who, content }: Readable, out: Painter): string => {
  if (kind === 'talk') return block(place, who, content, out);
  const words = oneLine(content.map(blockText).join(' '), NOTE_WIDTH);
  return `${out.paint('dim', `#${place} (${who})${words === '' ? '' : ` ${words}`}`)}\n`;
};

const block = (
  place: string,
  who: string,
  content: string | readonly unknown[],
  out: Painter,
): string => {
  const texts = typeof content === 'string' ? [content] : content.map(blockText);
  return spoken(place, who, texts.filter((each) => each !== '').join('\n'), out);
};

const spoken = (place: string, role: string, text: string, out: Painter): string =>
  `${out.paint('bold', `#${place} ${oneLine(String(role), TOOL_WIDTH)}`)}\n${text.replace(/^/gm, '  ')}\n`;

/** Also of tools that the API runs, or calls. */
const USES: readonly unknown[] = ['tool_use', 'server_tool_use', 'mcp_tool_use'];

const blockText = (raw: unknown): string => {
  if (typeof raw === 'string') return raw;
  const { type, text, thinking, name, input, content } = asRecord(raw);
  if (type === 'text') return String(text);
  if (type === 'thinking')
    return thinking ? `(thinking) ${oneLine(String(thinking), TOOL_WIDTH)}` : '';
  if (USES.includes(type)) return `(${String(name)} ${oneLine(jsonText(input), TOOL_WIDTH)})`;
  if (type === 'tool_result' || type === 'mcp_tool_result')
    return `(result: ${oneLine(typeof content === 'string' ? content : jsonText(content), TOOL_WIDTH)})`;
  return `(${String(type)})`;
};

/** Whether somebody said something here: the text of a person or of the model. */
export const isTalk = (entry: EntryView): boolean => talkOf(entry).length > 0;

/** Only that. */
export const talkLines = (entry: EntryView, out: Painter): string =>
  talkOf(entry)
    .map(({ role, text }) => spoken(placeOf(entry), role, text, out))
    .join('');

interface Talk {
  readonly role: string;
  readonly text: string;
}

const talkOf = (entry: EntryView): readonly Talk[] => {
  if (entry.type === 'view') return [];
  const said = entry.type === 'message' ? [entry.message] : importedTalk(entry.line);
  return said.flatMap(({ role, content }) => {
    const blocks = typeof content === 'string' ? [content] : content.map(textOf);
    const text = blocks.filter((each) => each !== '').join('\n');
    return text.trim() === '' ? [] : [{ role, text }];
  });
};

const importedTalk = (line: unknown) =>
  readables(line).flatMap(({ kind, who, content }) =>
    kind === 'talk' ? [{ role: who, content }] : [],
  );

const textOf = (raw: unknown): string => {
  const { type, text } = asRecord(raw);
  return type === 'text' ? String(text) : '';
};

interface Loose {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly thinking?: unknown;
  readonly name?: unknown;
  readonly input?: unknown;
  readonly content?: unknown;
}

const asRecord = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? value : {};
