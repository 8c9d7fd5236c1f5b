/**
 * A transcript line as people read it: what somebody said, or a note about what the program put in or
 * wrote down, which lists for people cut to a line. The model's view is another one, of the same records:
 * also those that are found in a line that is no JSON, behind a byte order mark or NULs, or two on one line.
 */
import { attached } from './attachments.ts';
import { blocksOf, isObject, messageOf, type RawBlock, type RawLine, text } from './raw-line.ts';
import { readLine } from './read-line.ts';

export interface Readable {
  readonly kind: 'talk' | 'note';
  /** Who said it, or what kind of line it is. */
  readonly who: string;
  readonly content: readonly RawBlock[];
}

const note = (who: string, content: readonly RawBlock[]): Readable => ({
  kind: 'note',
  who,
  content,
});

/** @param line as a reply has it: JSON, or the text of a line that is none. What holds no record is one note. */
export const readables = (line: unknown): readonly Readable[] => {
  const records = recordsOf(line);
  return records.length === 0 ? [note('a line', [])] : records.map(readable);
};

const BYTE_ORDER_MARK = /^\ufeff/;

/** A text that is one whole object came from a line that was a JSON string: the model sees nothing of it. */
const recordsOf = (line: unknown): readonly RawLine[] => {
  if (typeof line !== 'string') return isObject(line) ? [line] : [];
  const read = readLine(line.replace(BYTE_ORDER_MARK, ''));
  const isSalvaged = read.kind === 'objects' && (read.isRecovered || BYTE_ORDER_MARK.test(line));
  return isSalvaged ? read.objects : [];
};

const readable = (record: RawLine): Readable => {
  const type = text(record.type) ?? 'a line';
  switch (type) {
    case 'user':
    case 'assistant':
      return said(record, type);
    case 'attachment':
      return attachment(record.attachment);
    case 'queue-operation':
      return queued(record);
    default:
      return note(noteOf(type, record), blocksOf(record.content));
  }
};

const said = (record: RawLine, role: 'user' | 'assistant'): Readable => {
  const content = blocksOf(messageOf(record).content);
  return record.isMeta === true
    ? note(`${role}, for the model`, content)
    : { kind: content.length === 0 ? 'note' : 'talk', who: role, content };
};

const attachment = (value: unknown): Readable => {
  const { type }: { readonly type?: unknown } = isObject(value) ? value : {};
  const content = attached(value);
  if (type === 'queued_command' && content.length > 0)
    return { kind: 'talk', who: 'user', content };
  return note(typeof type === 'string' ? `attachment ${type}` : 'attachment', content.map(plain));
};

/** Without the element that tells the model whose words these are. */
const plain = (block: RawBlock): RawBlock => {
  const words = text(block.text);
  const told = words?.match(/^<system-reminder>\n([\s\S]*)\n<\/system-reminder>$/)?.[1];
  return told === undefined ? block : { ...block, text: told };
};

/** Words in the queue are somebody's: they may stand nowhere else. */
const queued = (record: RawLine & { readonly operation?: unknown }): Readable => {
  const operation = text(record.operation);
  const content = blocksOf(record.content);
  const who = operation === undefined ? 'queue' : `queue: ${operation}`;
  return { kind: content.length === 0 ? 'note' : 'talk', who, content };
};

const noteOf = (type: string, { subtype }: RawLine): string =>
  typeof subtype === 'string' ? `${type} ${subtype}` : type;
