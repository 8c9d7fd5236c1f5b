/** What a file is, told by its beginning: our export, a classic program's file, or perhaps a transcript. */
import { open, readFile } from 'node:fs/promises';
import { isObject } from '../../claude-code/raw-line.ts';
import { parse } from '../../claude-code/salvage.ts';
import { beginsClassicLines } from '../../session/transfer/classic-export.ts';
import { isExport } from '../../session/transfer/format.ts';

/** Where a file is. */
export interface Place {
  /** As people are told of it. */
  readonly path: string;
  /** The bytes of its path where they are no UTF-8. */
  readonly rawPath?: Buffer;
}

/** What opens it. */
export const whereOf = ({ path, rawPath }: Place): string | Buffer => rawPath ?? path;

export interface SizedFile extends Place {
  readonly size: number;
}

export type FileKind = 'transcript' | 'export' | 'classic-lines' | 'classic-json';

const LOOK_BYTES = 64 * 1024;
/** Classic files are read whole, as their programs did. */
export const MAX_CLASSIC_BYTES = 256 * 1024 * 1024;

/** Told by its beginning; a JSON document by its fields. What is none of ours may be a transcript. */
export const kindOfFile = async (file: SizedFile): Promise<FileKind> => {
  const beginning = await beginningOf(file);
  const [first = ''] = beginning.split('\n', 1);
  if (isExport(first)) return 'export';
  if (await isLongClassicLine(file, first)) return 'classic-lines';
  return file.path.endsWith('.json') && (await isClassicJson(file)) ? 'classic-json' : 'transcript';
};

/** A metadata line is small, but its first part may be all that was looked at. */
const isLongClassicLine = async (file: SizedFile, first: string): Promise<boolean> => {
  if (beginsClassicLines(first)) return true;
  if (!first.startsWith('{"type":') || first.length < LOOK_BYTES / 4) return false;
  return (
    file.size <= MAX_CLASSIC_BYTES &&
    beginsClassicLines((await readText(file)).split('\n', 1)[0] ?? '')
  );
};

/** Has a session's id, and one of the two lists that they are known by. Throws what reading it does. */
export const isClassicJson = async (file: SizedFile): Promise<boolean> => {
  if (file.size > MAX_CLASSIC_BYTES) return false;
  const data = parse(await readText(file));
  if (!isObject(data)) return false;
  const { session_id, messages, conversation_history, projectHash } = data as Record<
    string,
    unknown
  >;
  const isList = Array.isArray(messages) || Array.isArray(conversation_history);
  return typeof session_id === 'string' && isList && projectHash === undefined;
};

export const readText = (file: Place): Promise<string> => readFile(whereOf(file), 'utf8');

const beginningOf = async (place: Place): Promise<string> => {
  const file = await open(whereOf(place), 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, 0);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
};
