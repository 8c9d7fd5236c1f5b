/**
 * What completes a value that is being typed at a shell: the last part of a query, a tag, a model. What words there are is
 * known here; what names there are, the daemon knows. Pure: whoever asks the daemon gives the names.
 */
import { KEYS, keyNamed, keyWords } from '../query/keys.ts';
import { print } from '../query/print.ts';
import { SORT_KEYS } from '../query/syntax.ts';
import type { SessionsRequests } from '../session/verbs/registry.ts';
import { LAST } from './session-name.ts';

/** What names can be of: values that sessions have, and sessions. */
export type Names =
  | Extract<
      SessionsRequests['facets']['by'],
      'tag' | 'model' | 'tool' | 'owner' | 'workingDirectory'
    >
  | 'session';

/** What may be typed: options of one kind of name, sessions, and queries. */
export const TYPED = ['query', 'tag', 'model', 'tool', 'owner', 'session'] as const;
export type Typed = (typeof TYPED)[number];

export interface Completing {
  /** What stands before it, and stays. */
  readonly before: string;
  /** How it begins. */
  readonly start: string;
  /** Names that are asked for; undefined: none. */
  readonly names?: Names;
  /** Words that it may be. */
  readonly words: readonly string[];
  /** A name, as it is written there. */
  readonly written: (name: string) => string;
}

/** Names of a query's keys; a directory is completed with a star by nobody. */
const NAMES_OF: Readonly<Record<string, Names>> = {
  tag: 'tag',
  model: 'model',
  tool: 'tool',
  owner: 'owner',
  dir: 'workingDirectory',
};

const asItIs = (name: string): string => name;

/** What is a name beside those that there are. */
const WORDS: Readonly<Partial<Record<Typed, readonly string[]>>> = { session: [LAST] };

export const completing = (typed: Typed, text: string): Completing => {
  if (typed !== 'query')
    return { before: '', start: text, names: typed, words: WORDS[typed] ?? [], written: asItIs };
  const begun = /[^\s(]*$/.exec(text)?.[0] ?? '';
  const minus = begun.startsWith('-') ? '-' : '';
  const before = text.slice(0, text.length - begun.length) + minus;
  const word = begun.slice(minus.length);
  const colon = word.indexOf(':');
  if (colon < 0) {
    const words = keyWords().map((key) => `${key}:`);
    return { before, start: word, words, written: asItIs };
  }
  const typedKey = word.slice(0, colon);
  return ofKey(typedKey, { before: `${before}${typedKey}:`, start: word.slice(colon + 1) });
};

const ofKey = (typedKey: string, place: { readonly before: string; readonly start: string }) => {
  if (typedKey.toLowerCase() === 'sort') return { ...place, words: SORT_KEYS, written: asItIs };
  const key = keyNamed(typedKey) ?? '';
  const facts = KEYS.get(key);
  const names = NAMES_OF[key];
  return {
    ...place,
    words: facts?.takes === 'word' ? facts.words : [],
    ...(names === undefined ? {} : { names }),
    written: (name: string) => written(key, name),
  };
};

/** With quotation marks where a query needs them. */
const written = (key: string, text: string): string =>
  print({ where: { kind: 'term', key, value: { kind: 'text', text }, column: 1 } }).slice(
    key.length + 1,
  );

/** Whole texts, each of which may take the place of what was typed. */
export const offered = (
  { before, start, words, written: write }: Completing,
  names: readonly string[],
): readonly string[] => {
  const sought = start.toLowerCase().replace(/^"/, '');
  const isMeant = (text: string): boolean => text.toLowerCase().startsWith(sought);
  const all = [...words.filter(isMeant), ...names.filter(isMeant).map(write)];
  return [...new Set(all)].map((text) => before + text);
};
