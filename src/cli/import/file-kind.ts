/** What a file is, told by its beginning: our export, a classic program's file, or perhaps a transcript. */
import { open, readFile } from 'node:fs/promises';
import { beginsClassicLines } from '../../session/transfer/classic-export.ts';
import { isExport } from '../../session/transfer/format.ts';

export interface SizedFile {
  readonly path: string;
  readonly size: number;
}

export type FileKind = 'transcript' | 'export' | 'classic-lines' | 'classic-json';

const LOOK_BYTES = 64 * 1024;
/** Classic files are read whole, as their programs did. */
export const MAX_CLASSIC_BYTES = 256 * 1024 * 1024;

/** Told by its beginning; a JSON document by its fields. What is none of ours may be a transcript. */
export const kindOfFile = async ({ path, size }: SizedFile): Promise<FileKind> => {
  const beginning = await beginningOf(path);
  const [first = ''] = beginning.split('\n', 1);
  if (isExport(first)) return 'export';
  if (await isLongClassicLine(path, size, first)) return 'classic-lines';
  return path.endsWith('.json') && (await isClassicJson({ path, size }))
    ? 'classic-json'
    : 'transcript';
};

/** A metadata line is small, but its first part may be all that was looked at. */
const isLongClassicLine = async (path: string, size: number, first: string): Promise<boolean> => {
  if (beginsClassicLines(first)) return true;
  if (!first.startsWith('{"type":') || first.length < LOOK_BYTES / 4) return false;
  return (
    size <= MAX_CLASSIC_BYTES && beginsClassicLines((await readText(path)).split('\n', 1)[0] ?? '')
  );
};

/** Has a session's id, and one of the two lists that they are known by. */
export const isClassicJson = async ({ path, size }: SizedFile): Promise<boolean> => {
  if (size > MAX_CLASSIC_BYTES) return false;
  try {
    const data: unknown = JSON.parse(await readText(path));
    if (typeof data !== 'object' || data === null) return false;
    const { session_id, messages, conversation_history, projectHash } = data as Record<
      string,
      unknown
    >;
    const isList = Array.isArray(messages) || Array.isArray(conversation_history);
    return typeof session_id === 'string' && isList && projectHash === undefined;
  } catch {
    return false;
  }
};

export const readText = (path: string): Promise<string> => readFile(path, 'utf8');

const beginningOf = async (path: string): Promise<string> => {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, 0);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
};
