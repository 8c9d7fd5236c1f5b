/**
 * A transcript line as people read it: what somebody said, or a note about what the program put in or
 * wrote down, which lists for people cut to a line. The model's view is another one.
 */
import { attached } from './attachments.ts';
import { blocksOf, isObject, messageOf, type RawBlock, type RawLine, text } from './raw-line.ts';

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

export const readable = (line: unknown): Readable => {
  if (!isObject(line)) return note('a line', []);
  const record: RawLine = line;
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
