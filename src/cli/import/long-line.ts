/**
 * Lines that no message of the broker takes: what is long in them is left out, so that the line keeps its place
 * in the conversation and its session comes in. The same line always becomes the same one, whatever broker there
 * is: so a file is recognised when it is imported again.
 */
import { isUtf8 } from 'node:buffer';
import { isObject } from '../../claude-code/raw-line.ts';
import { onlyObjectOf } from '../../claude-code/read-line.ts';
import { parse } from '../../claude-code/salvage.ts';

/** Longest line as it travels, escaped: what fits into a message of the bundled broker, with its envelope. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024 - 4 * 1024;
/** Texts that are longer may be left out. */
const LONG_TEXT = 16 * 1024;

/** Fields that name a record and its place; they stay when nothing else fits. */
const NAMES = [
  ...(['type', 'subtype', 'uuid', 'parentUuid', 'logicalParentUuid', 'sessionId'] as const),
  ...(['timestamp', 'isSidechain', 'agentId', 'cwd', 'version', 'gitBranch', 'requestId'] as const),
];

/** Bytes of a line in a request, with its quotes; bytes that are no text travel as base64. */
export const travelBytes = (line: Uint8Array): number => {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  return isUtf8(line)
    ? Buffer.byteLength(JSON.stringify(text.toString()))
    : 4 * Math.ceil(line.byteLength / 3) + 2;
};

/** The line, or one that fits in its place. */
export const fitting = (line: Uint8Array): Uint8Array =>
  // Each byte becomes six at most, in JSON.
  line.byteLength * 6 < MAX_LINE_BYTES || travelBytes(line) <= MAX_LINE_BYTES
    ? line
    : Buffer.from(JSON.stringify(shortened(line)));

/** In the place of a line that was not even read to its end. */
export const leftOutLine = (bytes: number): Uint8Array =>
  Buffer.from(JSON.stringify({ type: 'left-out', leftOutBytes: bytes }));

const shortened = (line: Uint8Array): object => {
  const record = parsed(line);
  const leftOutBytes = line.byteLength;
  if (record === undefined) return { type: 'left-out', leftOutBytes };
  const { toolUseResult, ...rest } = record;
  const tries = [
    // It repeats what the tool's result says, and the model is not sent it.
    { ...rest, ...(toolUseResult === undefined ? {} : { toolUseResult: short(toolUseResult) }) },
    short(record) as object,
    { ...named(record), message: short(withoutContent(record['message'])) },
  ];
  const found = tries.find((each) => fits(each)) ?? named(record);
  return { ...found, leftOutBytes };
};

const parsed = (line: Uint8Array): Record<string, unknown> | undefined => {
  const value = parse(Buffer.from(line).toString()) ?? onlyObjectOf(line);
  return isObject(value) ? (value as Record<string, unknown>) : undefined;
};

const fits = (record: object): boolean =>
  travelBytes(Buffer.from(JSON.stringify(record))) <= MAX_LINE_BYTES - LONG_TEXT;

/** The same value with a note in the place of each long text. */
const short = (value: unknown): unknown => {
  if (typeof value === 'string')
    return value.length <= LONG_TEXT ? value : `[${value.length} characters left out]`;
  if (Array.isArray(value)) return value.map(short);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, short(each)]));
};

const named = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    NAMES.flatMap((name) => (name in record ? [[name, short(record[name])]] : [])),
  );

/** Its usage is money. */
const withoutContent = (message: unknown): unknown =>
  isObject(message) ? { ...message, content: '[left out]' } : message;
