/** A transcript entry as people read it: who, and the text; other blocks in a word. */
import type { EntryView } from '../session/api.ts';
import type { ApiMessage } from '../session/event.ts';
import { oneLine } from './format.ts';
import type { Output } from './output.ts';

type Painter = Pick<Output, 'paint'>;

const TOOL_WIDTH = 100;

export const messageLines = (entry: EntryView, out: Painter): string => {
  switch (entry.type) {
    case 'message':
      return block(entry.seq, entry.message, out);
    case 'imported':
      return importedLines(entry.seq, entry.line, out);
    case 'view':
      return `${out.paint('dim', `#${entry.seq} (what the model sees was changed here)`)}\n`;
  }
};

const importedLines = (seq: number, line: unknown, out: Painter): string => {
  const { type, message } = asRecord(line);
  const isMessage = type === 'user' || type === 'assistant';
  if (!isMessage || typeof message !== 'object' || message === null)
    return `${out.paint('dim', `#${seq} (${typeof type === 'string' ? type : 'a line'})`)}\n`;
  return block(seq, message as ApiMessage, out);
};

const block = (seq: number, { role, content }: ApiMessage, out: Painter): string => {
  const texts = typeof content === 'string' ? [content] : content.map(blockText);
  const text = texts.filter((each) => each !== '').join('\n');
  return `${out.paint('bold', `#${seq} ${role}`)}\n${text.replace(/^/gm, '  ')}\n`;
};

const blockText = (raw: unknown): string => {
  if (typeof raw === 'string') return raw;
  const { type, text, thinking, name, input, content } = asRecord(raw);
  if (type === 'text') return String(text);
  if (type === 'thinking')
    return thinking ? `(thinking) ${oneLine(String(thinking), TOOL_WIDTH)}` : '';
  if (type === 'tool_use') return `(${String(name)} ${oneLine(JSON.stringify(input), TOOL_WIDTH)})`;
  if (type === 'tool_result')
    return `(result: ${oneLine(typeof content === 'string' ? content : JSON.stringify(content), TOOL_WIDTH)})`;
  return `(${String(type)})`;
};

interface Loose {
  readonly type?: unknown;
  readonly message?: unknown;
  readonly text?: unknown;
  readonly thinking?: unknown;
  readonly name?: unknown;
  readonly input?: unknown;
  readonly content?: unknown;
}

const asRecord = (value: unknown): Loose =>
  typeof value === 'object' && value !== null ? value : {};
