/**
 * What an assistant writes, as headings, lists, tables, code and emphasis. It gives values that are shown as text in elements of our
 * own: nothing of the text becomes markup, and an address stays text, so nothing leads anywhere. Pure.
 *
 * It takes time in proportion to the text: what is too long, or nested too deep, stays as it was written.
 */
import { partsOf } from './fences.ts';
import { type Inline, inlineIn, MAX_DEPTH, MAX_INLINE } from './inline.ts';
import { type Table, tableAt } from './table.ts';

export interface Item {
  /** From 0. */
  readonly depth: number;
  /** `•`, or the number as it was written. */
  readonly mark: string;
  readonly parts: readonly Inline[];
}

export type Block =
  | { readonly kind: 'code'; readonly text: string; readonly language: string }
  | { readonly kind: 'paragraph' | 'quote'; readonly parts: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly parts: readonly Inline[] }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | Table
  | { readonly kind: 'rule' };

/** Of a whole text. */
const MAX_TEXT = 200_000;

// Each takes a line to its end, whatever is in it: one that could fail there would be tried again from each blank.
const HEADING = /^ {0,3}(#{1,6}) +(.*)$/s;
const ITEM = /^( {0,24})([-*+]|\d{1,9}[.)]) +(.*)$/s;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})$/;
const QUOTE = /^ {0,3}> ?(.*)$/s;

export const blocksIn = (text: string): readonly Block[] =>
  partsOf(text).flatMap(({ isCode, language, text: part }): readonly Block[] => {
    if (isCode) return [{ kind: 'code', text: part, language }];
    if (text.length > MAX_TEXT)
      return [{ kind: 'paragraph', parts: [{ kind: 'text', text: part }] }];
    return proseIn(part.split('\n'));
  });

/** A block that is being read, line by line. */
type Open =
  | { readonly kind: 'paragraph' | 'quote'; readonly lines: string[] }
  | { readonly kind: 'list'; readonly items: { depth: number; mark: string; lines: string[] }[] };

const proseIn = (lines: readonly string[]): readonly Block[] => {
  const blocks: Block[] = [];
  let open: Open | undefined;
  const close = () => {
    if (open !== undefined) blocks.push(closed(open));
    open = undefined;
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const table = tableAt(lines, at);
    if (table !== undefined) {
      close();
      blocks.push(table.block);
      at = table.end - 1;
      continue;
    }
    const single = singleLine(line);
    if (single !== undefined || line.trim() === '') {
      close();
      if (single !== undefined) blocks.push(single);
      continue;
    }
    const [, indent = '', mark = '', said = ''] = ITEM.exec(line) ?? [];
    const [, quoted] = QUOTE.exec(line) ?? [];
    if (mark !== '') {
      if (open?.kind !== 'list') close();
      open ??= { kind: 'list', items: [] };
      const item = { depth: depthOf(indent), mark: /\d/.test(mark) ? mark : '•', lines: [said] };
      if (open.kind === 'list') open.items.push(item);
    } else if (quoted !== undefined) {
      if (open?.kind !== 'quote') close();
      open ??= { kind: 'quote', lines: [] };
      if (open.kind === 'quote') open.lines.push(quoted);
    } else {
      open ??= { kind: 'paragraph', lines: [] };
      const into = open.kind === 'list' ? open.items.at(-1)?.lines : open.lines;
      into?.push(open.kind === 'list' ? line.trim() : line);
    }
  }
  close();
  return blocks;
};

const singleLine = (line: string): Block | undefined => {
  if (RULE.test(line.trimEnd())) return { kind: 'rule' };
  if (line.length > MAX_INLINE) return undefined;
  const [, marks, said = ''] = HEADING.exec(line.trimEnd()) ?? [];
  return marks === undefined
    ? undefined
    : { kind: 'heading', level: marks.length, parts: inlineIn(withoutEnd(said)) };
};

/** A heading may end with marks, behind a blank. */
const withoutEnd = (said: string): string => {
  let end = said.length;
  while (said[end - 1] === '#') end -= 1;
  if (end === said.length) return said;
  return end === 0 || said[end - 1] === ' ' ? said.slice(0, end).trimEnd() : said;
};

const depthOf = (indent: string): number => Math.min(MAX_DEPTH, Math.floor(indent.length / 2));

const closed = (open: Open): Block =>
  open.kind === 'list'
    ? {
        kind: 'list',
        items: open.items.map(({ depth, mark, lines }) => ({
          ...{ depth, mark, parts: inlineIn(lines.join('\n')) },
        })),
      }
    : { kind: open.kind, parts: inlineIn(open.lines.join('\n')) };
