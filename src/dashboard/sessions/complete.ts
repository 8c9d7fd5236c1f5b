/** Which word of a query is being typed, and what it could become. Pure. */

export interface Wanted {
  /** Where the word stands. */
  readonly start: number;
  readonly end: number;
  /** undefined: it is a key that is being typed, or a word of the text. */
  readonly key: string | undefined;
  /** What there is of it, without its quotes. */
  readonly value: string;
  readonly isNot: boolean;
}

interface Key {
  readonly name: string;
  readonly says: string;
  readonly facet?: 'tag' | 'model' | 'workingDirectory' | 'mode' | 'owner' | 'tool';
  readonly values?: readonly string[];
}

export const KEYS: readonly Key[] = [
  { name: 'tag', says: 'has the tag', facet: 'tag' },
  { name: 'model', says: 'of this model', facet: 'model' },
  { name: 'dir', says: 'works in this folder, or below', facet: 'workingDirectory' },
  { name: 'owner', says: 'of this owner', facet: 'owner' },
  {
    name: 'status',
    says: 'is in this state',
    values: ['running', 'waiting', 'idle', 'parked', 'completed', 'failed', 'terminated'],
  },
  { name: 'mode', says: 'of this mode', values: ['interactive', 'background', 'forked'] },
  { name: 'cost', says: 'has cost, as >0.5 or 1..2' },
  { name: 'turns', says: 'turns, as >10' },
  { name: 'messages', says: 'messages, as >100' },
  { name: 'updated', says: 'changed, as 7d.. or 2026-11-01..' },
  { name: 'created', says: 'made, the same' },
  { name: 'has', says: 'has', values: ['errors'] },
  { name: 'tool', says: 'has used the tool', facet: 'tool' },
  { name: 'sort', says: 'in this order', values: ['cost', 'updated', 'created', 'turns'] },
];

/** The word that ends where the cursor is; undefined: there is none, or it stands between quotes. */
export const wordAt = (text: string, cursor: number): Wanted | undefined => {
  const before = text.slice(0, cursor);
  const [word = ''] = /(?:[^\s()"]|"[^"]*"?)*$/.exec(before) ?? [];
  const start = cursor - word.length;
  const isNot = word.startsWith('-');
  const plain = isNot ? word.slice(1) : word;
  if (plain.startsWith('"')) return undefined;
  const [, key, value] = /^(\w+):(.*)$/s.exec(plain) ?? [];
  const [rest = ''] = /^[^\s()"]*/.exec(text.slice(cursor)) ?? [];
  return {
    ...{ start, end: cursor + rest.length, isNot },
    key: key?.toLowerCase(),
    value: (value ?? plain).replaceAll('"', ''),
  };
};
