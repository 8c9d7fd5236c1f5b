/**
 * Bytes of a transcript line to JSON objects. Never throws, whatever the bytes.
 *
 * Writers that race for a file leave two objects on one line without a newline between them; both
 * are recovered. A line that a crash cut short, or that is no object, is malformed: it is kept and
 * counted by the importer, and read by nobody.
 */
import { isTooDeep } from '../json-depth.ts';
import { isObject, type RawLine } from './raw-line.ts';

export type ReadLine =
  | { readonly kind: 'blank'; readonly isJson: false }
  | {
      readonly kind: 'objects';
      readonly objects: readonly RawLine[];
      /** The line was not one object and nothing else. */
      readonly isRecovered: boolean;
    }
  | {
      readonly kind: 'malformed';
      readonly reason: string;
      /** One value, though not an object. */
      readonly isJson: boolean;
    };

export const readLine = (line: Uint8Array | string): ReadLine => {
  const json = textOf(line);
  if (json.trim() === '') return { kind: 'blank', isJson: false };
  if (isTooDeep(json)) return { kind: 'malformed', reason: 'nested too deeply', isJson: false };
  const whole = parse(json);
  if (isObject(whole)) return { kind: 'objects', objects: [whole], isRecovered: false };
  if (whole !== undefined)
    return { kind: 'malformed', reason: 'JSON, but not an object', isJson: true };
  const objects = splitObjects(json);
  return objects.length === 0
    ? { kind: 'malformed', reason: 'not JSON', isJson: false }
    : { kind: 'objects', objects, isRecovered: true };
};

/** The whole objects that a line begins with; what follows the last whole one is not looked at. */
export const splitObjects = (line: Uint8Array | string): readonly RawLine[] => {
  const json = textOf(line);
  const objects: RawLine[] = [];
  let start = 0;
  while (start < json.length) {
    const end = endOfObject(json, start);
    const value = end === undefined ? undefined : parse(json.slice(start, end));
    if (end === undefined || !isObject(value)) break;
    objects.push(value);
    start = end;
  }
  return objects;
};

/** The objects of a line, however many were found. */
export const objectsOf = (line: Uint8Array | string): readonly RawLine[] => {
  const read = readLine(line);
  return read.kind === 'objects' ? read.objects : [];
};

const textOf = (line: Uint8Array | string): string =>
  typeof line === 'string' ? line : new TextDecoder().decode(line);

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

/** Just behind the brace that closes the object beginning at `start`, past leading space. */
const endOfObject = (json: string, start: number): number | undefined => {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < json.length; at += 1) {
    const character = json[at];
    if (isInString) {
      if (character === '\\') at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth <= 0) return depth === 0 ? at + 1 : undefined;
    }
  }
  return undefined;
};
