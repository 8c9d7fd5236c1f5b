/**
 * The grammar of `[[rehearse: key=value key=value ...]]`, without the meaning of the keys
 * (directives.ts). A value is a JSON string, object or array, or a bare word up to the next blank.
 */

const OPENING = '[[rehearse:';
const CLOSING = ']]';

export interface Pair {
  readonly key: string;
  /** What JSON gives, or the bare word as a string. */
  readonly value: unknown;
}

/** A directive that cannot be obeyed: the request is refused with this message and status 400. */
export class DirectiveError extends Error {}

export const hasDirectives = (text: string): boolean => text.includes(OPENING);

/** The index behind the JSON value that starts at `from`; -1 where it does not end. */
const endOfJson = (text: string, from: number): number => {
  let depth = 0;
  let inString = false;
  for (let i = from; i < text.length; i += 1) {
    const char = text[i];
    if (inString && char === '\\') i += 1;
    else if (char === '"') inString = !inString;
    else if (!inString && (char === '{' || char === '[')) depth += 1;
    else if (!inString && (char === '}' || char === ']')) depth -= 1;
    if (depth === 0 && !inString) return i + 1;
  }
  return -1;
};

const endOfWord = (text: string, from: number): number => {
  let end = from;
  while (end < text.length && !/\s/.test(text[end] ?? '') && !text.startsWith(CLOSING, end))
    end += 1;
  return end;
};

const parseJson = (source: string, key: string): unknown => {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    throw new DirectiveError(`rehearsal directive: the value of \`${key}\` is not JSON: ${source}`);
  }
};

const KEY = /\s*([a-z0-9_.-]+)=/iy;

/** One group's pairs, from behind the opening; `end` is the index behind the closing. */
const groupFrom = (text: string, from: number): { pairs: Pair[]; end: number } => {
  const pairs: Pair[] = [];
  const key = new RegExp(KEY);
  for (let at = from; ; ) {
    const rest = text.slice(at).trimStart();
    if (rest.startsWith(CLOSING)) return { pairs, end: text.length - rest.length + CLOSING.length };
    key.lastIndex = at;
    const found = key.exec(text)?.[1];
    if (found === undefined)
      throw new DirectiveError(
        `rehearsal directive: expected key=value or ]] at: ${rest.slice(0, 40)}`,
      );
    const start = key.lastIndex;
    const isJson = /["{[]/.test(text[start] ?? '');
    const end = isJson ? endOfJson(text, start) : endOfWord(text, start);
    if (end === -1) throw new DirectiveError(`rehearsal directive: \`${found}\` does not end`);
    const source = text.slice(start, end);
    pairs.push({ key: found, value: isJson ? parseJson(source, found) : source });
    at = end;
  }
};

/** All groups of a text, in order. @throws DirectiveError */
export const groupsOf = (text: string): Pair[][] => {
  const groups: Pair[][] = [];
  for (let at = text.indexOf(OPENING); at !== -1; at = text.indexOf(OPENING, at)) {
    const { pairs, end } = groupFrom(text, at + OPENING.length);
    groups.push(pairs);
    at = end;
  }
  return groups;
};
