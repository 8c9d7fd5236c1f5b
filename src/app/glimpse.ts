/**
 * What a message carries, as one short line for people. However large a value is, little of it is looked at, so a busy
 * actor can be watched; what is named like a secret is left out.
 */
const MAX_CHARACTERS = 400;
/** Of a text, where secrets are looked for: one that goes on behind it is not known by its beginning. */
const MAX_SEARCHED = 16_384;
const MAX_TEXT = 80;
const MAX_DEPTH = 3;
const MAX_PARTS = 8;
const SECRET = /key$|token|secret|password|authorization|cookie|ticket|^env$|^headers$/i;

/** @param hide takes known secrets out of a text. */
export const glimpse = (value: unknown, hide: (text: string) => string): string => {
  try {
    return cut(written(value, hide, 0), MAX_CHARACTERS);
  } catch {
    return 'something that cannot be shown'; // a getter may throw
  }
};

/** A line of words that is no message, such as why an actor died. */
export const inShort = (text: string, hide: (text: string) => string): string =>
  cut(hide(text.slice(0, MAX_SEARCHED)).split('\n', 1)[0] ?? '', MAX_CHARACTERS);

const written = (value: unknown, hide: (text: string) => string, depth: number): string => {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(shortened(value, hide));
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : partsOf(value, hide, depth);
    case 'undefined':
      return '';
    default:
      return String(value);
  }
};

/** A secret is found where the text is still longer than what is shown of it. */
const shortened = (text: string, hide: (text: string) => string): string =>
  cut(hide(text.slice(0, MAX_SEARCHED)), MAX_TEXT);

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

const partsOf = (value: object, hide: (text: string) => string, depth: number): string => {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Error) return JSON.stringify(shortened(value.message, hide));
  if (Array.isArray(value)) return listed(value, hide, depth);
  if (value instanceof Map || value instanceof Set) return `${value.size} entries`;
  if (!isPlain(value)) return nameOf(value);
  if (depth === MAX_DEPTH) return '{…}';
  const shown: string[] = [];
  for (const name in value) {
    if (shown.length === MAX_PARTS) return `{ ${shown.join(', ')}, … }`;
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field === undefined) continue;
    shown.push(
      `${shortened(name, hide)}: ${isSecret(name) ? '(hidden)' : written(field, hide, depth + 1)}`,
    );
  }
  return shown.length === 0 ? '{}' : `{ ${shown.join(', ')} }`;
};

const listed = (
  list: readonly unknown[],
  hide: (text: string) => string,
  depth: number,
): string => {
  if (depth === MAX_DEPTH) return `${list.length} entries`;
  const shown = list.slice(0, MAX_PARTS).map((each) => written(each, hide, depth + 1));
  return `[${shown.join(', ')}${list.length > MAX_PARTS ? `, … ${list.length} in all` : ''}]`;
};

/** Numbers of tokens are no tokens. */
const isSecret = (name: string): boolean => SECRET.test(name) && !/tokens$/i.test(name);

const isPlain = (value: object): boolean => {
  const above = Object.getPrototypeOf(value);
  return above === Object.prototype || above === null;
};

/** Of an object that is more than data: what it is, never what it holds. */
const nameOf = (value: object): string => {
  const { name } = value.constructor ?? {};
  return typeof name === 'string' && name !== '' ? `a ${cut(name, MAX_TEXT)}` : 'an object';
};
