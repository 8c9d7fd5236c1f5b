/**
 * The line of a text: code, emphasis and links, as values that are shown as text in elements of our own. Pure.
 *
 * It takes time in proportion to the text: what is too long, or nested too deep, stays as it was written.
 */
export type Inline =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em'; readonly parts: readonly Inline[] };

/** A line that is longer is no prose. */
export const MAX_INLINE = 2_000;
export const MAX_DEPTH = 6;

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
