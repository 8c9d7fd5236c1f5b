/**
 * What an assistant writes, as headings, lists, code and emphasis. It gives values that are shown as text in elements of our
 * own: nothing of the text becomes markup, and an address stays text, so nothing leads anywhere. Pure.
 *
 * It takes time in proportion to the text: what is too long, or nested too deep, stays as it was written.
 */
import { partsOf } from './fences.ts';

export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em'; readonly parts: readonly Inline[] };

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
  | { readonly kind: 'rule' };

/** A line that is longer is no prose. */
const MAX_INLINE = 2_000;
/** Of a whole text. */
const MAX_TEXT = 200_000;
const MAX_DEPTH = 6;

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
  for (const line of lines) {
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

/** Code, emphasis and links of a text. */
export const inlineIn = (text: string, depth = 0): readonly Inline[] => {
  if (text.length > MAX_INLINE || depth > MAX_DEPTH) return [{ kind: 'text', text }];
  const parts: Inline[] = [];
  let plainFrom = 0;
  let at = 0;
  const put = (part: Inline, end: number) => {
    if (at > plainFrom) parts.push({ kind: 'text', text: text.slice(plainFrom, at) });
    parts.push(part);
    at = end;
    plainFrom = end;
  };
  while (at < text.length) {
    const found = SPECIAL.has(text[at] ?? '') ? spanAt(text, at, depth) : undefined;
    if (found === undefined) at += 1;
    else put(found.part, found.end);
  }
  if (at > plainFrom) parts.push({ kind: 'text', text: text.slice(plainFrom) });
  return parts;
};

const SPECIAL: ReadonlySet<string> = new Set(['`', '*', '_', '[', '\\']);
const MARKS = /^(?:\*\*|__|\*|_)/;
const LINK = /^\[([^[\]\n]{1,500})\]\(([^()\s]{1,2000})\)/;
const ESCAPED = /^\\([\\`*_[\]#>-])/;
const WORD = /[\p{L}\p{N}]/u;

interface Found {
  readonly part: Inline;
  readonly end: number;
}

const spanAt = (text: string, at: number, depth: number): Found | undefined => {
  const rest = text.slice(at, at + MAX_INLINE);
  switch (text[at]) {
    case '`':
      return codeAt(text, at);
    case '[': {
      const [whole, said = '', address = ''] = LINK.exec(rest) ?? [];
      if (whole === undefined) return undefined;
      const shown = said === address ? said : `${said} (${address})`;
      return { part: { kind: 'text', text: shown }, end: at + whole.length };
    }
    case '\\': {
      const [whole, letter = ''] = ESCAPED.exec(rest) ?? [];
      if (whole === undefined) return undefined;
      return { part: { kind: 'text', text: letter }, end: at + whole.length };
    }
    default:
      return emphasisAt(text, at, MARKS.exec(rest)?.[0] ?? '', depth);
  }
};

const codeAt = (text: string, at: number): Found | undefined => {
  let size = 1;
  while (text[at + size] === '`') size += 1;
  const mark = '`'.repeat(size);
  const end = text.indexOf(mark, at + size);
  if (end === -1 || text[end + size] === '`') return undefined;
  const code = text.slice(at + size, end);
  return { part: { kind: 'code', text: code }, end: end + size };
};

/** Marks stand at words: `2 * 3 * 4` and `snake_case_name` have none. */
const emphasisAt = (text: string, at: number, mark: string, depth: number): Found | undefined => {
  const from = at + mark.length;
  const end = closingAt(text, mark, from);
  if (end <= from || /\s/.test(text[from] ?? ' ') || /\s/.test(text[end - 1] ?? ' '))
    return undefined;
  const isInWord = mark.startsWith('_') && isWord(text[at - 1], text[end + mark.length]);
  if (isInWord) return undefined;
  const parts = inlineIn(text.slice(from, end), depth + 1);
  return { part: { kind: mark.length === 2 ? 'strong' : 'em', parts }, end: end + mark.length };
};

/** Two marks do not close what one has opened. */
const closingAt = (text: string, mark: string, from: number): number => {
  let end = text.indexOf(mark, from);
  while (end !== -1 && mark.length === 1 && text[end + 1] === mark)
    end = text.indexOf(mark, end + 2);
  return end;
};

const isWord = (...letters: readonly (string | undefined)[]): boolean =>
  letters.some((letter) => letter !== undefined && WORD.test(letter));
