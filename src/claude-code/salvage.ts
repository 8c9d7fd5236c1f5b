/**
 * The whole objects in a line that is not one: what stands at its beginning, and what stands at its end.
 *
 * 1. Each look at a character moves on: the work is linear, however long and however broken the line.
 * 2. What is found at the end counts only if it is a record, for the end of a record that was cut may be a
 *    whole object too: a part of it.
 */
import { isTooDeep } from '../model/json-depth.ts';
import { isObject, type RawLine, text } from './raw-line.ts';

/** A file system that lost the end of a write leaves NULs in its place; JSON has none. */
const NULS = /\0+/;

/** In their order. */
export const salvage = (line: string): readonly RawLine[] => line.split(NULS).flatMap(inPiece);

const inPiece = (piece: string): readonly RawLine[] => {
  const { objects, end } = objectsAtStart(piece);
  return end >= piece.trimEnd().length ? objects : [...objects, ...objectsAtEnd(piece, end)];
};

/** The whole objects that a line begins with; what follows the last whole one is not looked at. */
export const splitObjects = (line: string): readonly RawLine[] => objectsAtStart(line).objects;

const objectsAtStart = (json: string): { readonly objects: RawLine[]; readonly end: number } => {
  const objects: RawLine[] = [];
  let end = 0;
  for (;;) {
    const close = endOfObject(json, end);
    const value = close === undefined ? undefined : parseFlat(json.slice(end, close));
    if (close === undefined || !isObject(value)) return { objects, end };
    objects.push(value);
    end = close;
  }
};

const objectsAtEnd = (json: string, start: number): readonly RawLine[] => {
  const objects: RawLine[] = [];
  let end = json.lastIndexOf('}') + 1;
  while (end > start) {
    const open = startOfObject(json, start, end);
    const value = open === undefined ? undefined : parseFlat(json.slice(open, end));
    if (open === undefined || !isRecord(value)) break;
    objects.unshift(value);
    end = open;
  }
  return objects;
};

/** Says what it is, and which session, record or message it belongs to. */
const isRecord = (value: unknown): value is RawLine => {
  if (!isObject(value)) return false;
  const { type, sessionId, uuid, leafUuid, messageId } = value as RawLine & { messageId?: unknown };
  const ids = [sessionId, uuid, leafUuid, messageId];
  return text(type) !== undefined && ids.some((id) => text(id) !== undefined);
};

export const parse = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

/** What is nested too deeply is not taken from a damaged line either. */
const parseFlat = (json: string): unknown => (isTooDeep(json) ? undefined : parse(json));

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

/** The brace that opens the object whose closing one is the last before `end`. */
const startOfObject = (json: string, start: number, end: number): number | undefined => {
  let depth = 0;
  let isInString = false;
  for (let at = end - 1; at >= start; at -= 1) {
    const character = json[at];
    if (character === '"' && !isEscaped(json, at)) isInString = !isInString;
    else if (isInString) continue;
    else if (character === '}') depth += 1;
    else if (character === '{') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return undefined;
};

/** Behind an odd number of backslashes. */
const isEscaped = (json: string, at: number): boolean => {
  let first = at;
  while (json[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
};
