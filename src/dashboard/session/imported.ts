/** What an entry shows: who says it, and its blocks; also of foreign lines, which are whatever their program wrote. Pure. */
import type { EntryView } from '../ground/replies.ts';

/** A content block of the API, or what looks like one. */
export type ShownBlock = Readonly<Record<string, unknown>> & { readonly type: string };

export interface Line {
  readonly who: 'user' | 'assistant' | 'tool' | 'view' | 'other';
  readonly says: string;
  readonly blocks: readonly ShownBlock[];
  /** Dollars; null: not known; undefined: it is none of the model's. */
  readonly cost: number | null | undefined;
  /** It is shown when it is asked for. */
  readonly isFolded: boolean;
  readonly brief: string;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const shownLine = (entry: EntryView): Line => {
  switch (entry.type) {
    case 'message':
      return said(entry.message.role, entry.message.content, {
        cost: entry.costUsd,
        isPartial: entry.isPartial === true,
      });
    case 'view':
      return viewed(entry.view);
    case 'imported':
      return imported(entry.line);
    default:
      return other('cut', entry);
  }
};

export const blocksOf = (content: unknown): readonly ShownBlock[] => {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.map((block): ShownBlock => {
    const fields = fieldsOf(block);
    return { ...fields, type: textOf(fields['type']) || 'unknown' };
  });
};

const said = (
  role: string,
  content: unknown,
  {
    cost,
    isPartial = false,
  }: { readonly cost?: number | null | undefined; readonly isPartial?: boolean } = {},
): Line => {
  const blocks = blocksOf(content);
  const isTool = blocks.length > 0 && blocks.every(({ type }) => type.endsWith('tool_result'));
  const who = isTool ? 'tool' : role === 'assistant' ? 'assistant' : 'user';
  const names = { tool: 'tool', assistant: 'Claude', user: 'user' };
  const says = isPartial ? `${names[who]}, cut off` : names[who];
  return { who, says, blocks, cost: cost ?? undefined, isFolded: false, brief: '' };
};

/** Of an overlay: what the model sees instead. */
const viewed = (view: unknown): Line => {
  const fields = fieldsOf(view);
  const kind = textOf(fields['kind']) || textOf(fields['type']) || 'overlay';
  const summary = textOf(fields['summary']);
  const blocks: readonly ShownBlock[] =
    summary === '' ? [{ type: 'json', value: view }] : [{ type: 'text', text: summary }];
  return {
    ...{ who: 'view', says: `from here on the model sees: ${kind}`, blocks },
    ...{ cost: undefined, isFolded: true, brief: summary.slice(0, 160) || kind },
  };
};

const imported = (line: unknown): Line => {
  const fields = fieldsOf(line);
  const message = fieldsOf(fields['message']);
  const type = textOf(fields['type']);
  if (message['content'] === undefined || (type !== 'user' && type !== 'assistant'))
    return other(type || 'line', line);
  const shown = said(type, message['content']);
  return fields['isMeta'] === true
    ? {
        ...shown,
        says: `${shown.says}, said by a program`,
        isFolded: true,
        brief: briefOf(shown.blocks),
      }
    : shown;
};

const briefOf = (blocks: readonly ShownBlock[]): string =>
  textOf(blocks[0]?.['text']).replaceAll(/\s+/g, ' ').slice(0, 160);

/** Fields of such a line that say what it is about, the best one first. */
const BRIEF = [
  ...['summary', 'content', 'aiTitle', 'customTitle', 'lastPrompt', 'agentName'],
  ...['permissionMode', 'mode', 'operation', 'subtype'],
];

const other = (what: string, value: unknown): Line => {
  const fields = fieldsOf(value);
  const says = BRIEF.map((name) => textOf(fields[name])).find((text) => text !== '');
  const kind = [fields['data'], fields['attachment']]
    .map((part) => textOf(fieldsOf(part)['type']))
    .find((text) => text !== '');
  const brief = says ?? kind ?? 'the line as it is';
  return {
    ...{ who: 'other', says: what, blocks: [{ type: 'json', value }] },
    ...{ cost: undefined, isFolded: true, brief: brief.slice(0, 160) },
  };
};
