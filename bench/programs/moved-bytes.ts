/**
 * Counts what goes between threads: bytes that are copied (structured clones), handed over
 * (transferred buffers) or shared, and the characters that the main thread parses as JSON. Loaded
 * before everything else in each thread (`--import`), it looks over the shoulder of `postMessage` and
 * `JSON.parse`; so no figure of speed may come from a process that counts.
 */
import { Serializer } from 'node:v8';
import {
  getEnvironmentData,
  isMainThread,
  MessagePort,
  setEnvironmentData,
} from 'node:worker_threads';

export interface Moved {
  readonly messages: number;
  readonly copiedBytes: number;
  readonly transferredBytes: number;
  readonly sharedBytes: number;
  readonly parsedChars: number;
}

const FIELDS = [
  'messages',
  'copiedBytes',
  'transferredBytes',
  'sharedBytes',
  'parsedChars',
] as const;
const SUMS = 'bench-moved';

/** The sums of all threads: the main one makes them, the others inherit them. */
const sums = (): BigInt64Array => {
  const found = getEnvironmentData(SUMS) as BigInt64Array | undefined;
  if (found !== undefined) return found;
  const made = new BigInt64Array(new SharedArrayBuffer(8 * FIELDS.length));
  setEnvironmentData(SUMS, made);
  return made;
};

/** What all threads have counted so far; zeros where nobody counts. */
export const movedSoFar = (): Moved => {
  const counted = sums();
  return Object.fromEntries(
    FIELDS.map((field, at) => [field, Number(counted[at] ?? 0n)]),
  ) as unknown as Moved;
};

const count = (field: keyof Moved, more: number): void => {
  Atomics.add(sums(), FIELDS.indexOf(field), BigInt(more));
};

/** The size of a structured clone; shared memory is a handle in it. */
class CloneSize extends Serializer {
  sharedBytes = 0;

  _getSharedArrayBufferId(buffer: SharedArrayBuffer): number {
    this.sharedBytes += buffer.byteLength;
    return 0;
  }

  /** Ports, which are handed over. */
  _writeHostObject(): void {
    this.writeUint32(0);
  }
}

const countMessage = (message: unknown, transfer: unknown): void => {
  const clone = new CloneSize();
  const buffers = (Array.isArray(transfer) ? transfer : []).filter(
    (it) => it instanceof ArrayBuffer,
  );
  for (const [id, buffer] of buffers.entries()) clone.transferArrayBuffer(id, buffer);
  clone.writeValue(message);
  count('messages', 1);
  count('copiedBytes', clone.releaseBuffer().byteLength);
  count(
    'transferredBytes',
    buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0),
  );
  count('sharedBytes', clone.sharedBytes);
};

/** Counts in this thread from now on. */
export const countMoved = (): void => {
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function counting(message: unknown, transfer?: never) {
    countMessage(message, transfer);
    post.call(this, message, transfer);
  };
  if (!isMainThread) return;
  const parse = JSON.parse;
  JSON.parse = (text: string, ...rest: never[]) => {
    count('parsedChars', String(text).length);
    return parse(text, ...rest);
  };
};
