/**
 * Bytes of a transcript line to JSON objects. Never throws, whatever the bytes.
 *
 * Writers that race for a file leave two objects on one line without a newline between them; both
 * are recovered. So is a whole object in a damaged line, whichever end of the line is damaged. A line
 * that a crash cut short, or that is no object, is malformed: it is kept and counted by the importer,
 * and read by nobody.
 */
import { isTooDeep } from '../model/json-depth.ts';
import { isObject, type RawLine } from './raw-line.ts';
import { parse, salvage } from './salvage.ts';

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
  const isDeep = isTooDeep(json);
  const whole = isDeep ? undefined : parse(json);
  if (isObject(whole)) return { kind: 'objects', objects: [whole], isRecovered: false };
  if (whole !== undefined)
    return { kind: 'malformed', reason: 'JSON, but not an object', isJson: true };
  const objects = salvage(json);
  return objects.length === 0
    ? { kind: 'malformed', reason: isDeep ? 'nested too deeply' : 'not JSON', isJson: false }
    : { kind: 'objects', objects, isRecovered: true };
};

/** The objects of a line, however many were found. */
export const objectsOf = (line: Uint8Array | string): readonly RawLine[] => {
  const read = readLine(line);
  return read.kind === 'objects' ? read.objects : [];
};

/** The object of a line that has one: also where it stands behind a byte order mark or NULs. */
export const onlyObjectOf = (line: Uint8Array | string): RawLine | undefined => {
  const [object, ...others] = objectsOf(line);
  return others.length === 0 ? object : undefined;
};

const textOf = (line: Uint8Array | string): string =>
  typeof line === 'string' ? line : new TextDecoder().decode(line);
