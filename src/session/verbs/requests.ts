/** Requests as they come from a border, in the form that the state machine takes: bodies as bytes, hashes, limits checked. */
import { hash } from 'node:crypto';
import { wellCut, wellFormed } from '../../model/bounds.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { ChildOf } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import { isTooDeep, MAX_DEPTH } from '../../model/json-depth.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { Prompt, TurnOptions } from '../../model/turn.ts';
import type { NewMessage, NewTurn } from '../machine/input.ts';
import { bytesOfAll } from '../memory/mapped.ts';
import type { ImportRequest } from '../prepare/import.ts';
import type { RestoreRequest } from '../transfer/restore.ts';
import type { TurnRequest } from './turn-request.ts';

/** Largest prompt or appended message, as JSON, in bytes. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Longest title taken from a prompt, in characters. */
const EXCERPT_LENGTH = 100;

interface Said {
  readonly role: 'user' | 'assistant';
  readonly content: unknown;
}

/** Messages as the API takes them, as bytes. Throws `too_large`. */
const messageBodies = (messages: readonly Said[]): readonly Uint8Array[] => {
  const bodies = bytesOfAll(messages.map(({ role, content }) => json({ role, content })));
  for (const body of bodies) mustBeTakeable(body);
  return bodies;
};

const mustBeTakeable = (body: Uint8Array): void => {
  if (isTooDeep(body)) throw nestedTooDeeply();
  if (body.byteLength > MAX_MESSAGE_BYTES)
    throw new GreenroomError(
      'too_large',
      `a message is at most ${MAX_MESSAGE_BYTES} bytes, this one has ${body.byteLength}`,
    );
};

/** What a program in this process gives may be nested deeper than anybody could write. */
const json = (message: object): string => {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw nestedTooDeeply(cause);
  }
};

const nestedTooDeeply = (cause?: unknown): GreenroomError =>
  new GreenroomError('invalid_request', `a message is nested deeper than ${MAX_DEPTH} levels`, {
    cause,
  });

const OPTIONS = [
  ...(['model', 'maxSteps', 'maxCostUsd', 'includePartialMessages', 'metadata'] as const),
  ...(['thinking', 'effort', 'outputFormat'] as const),
] as const;

const optionsOf = (request: TurnRequest): TurnOptions => {
  const given = OPTIONS.filter((name) => request[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, request[name]]));
};

/** The first words of a prompt, on one line. */
const excerptOf = (prompt: Prompt): string => {
  const text =
    typeof prompt === 'string'
      ? prompt
      : prompt.map((block) => block['text']).find((part) => typeof part === 'string');
  const line = wellFormed(wellCut(String(text ?? ''), 4 * EXCERPT_LENGTH))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= EXCERPT_LENGTH ? line : [...line].slice(0, EXCERPT_LENGTH).join('');
};

/** @param childOf whose sub-agent a session becomes that the turn makes. */
export const newTurn = (
  turnId: TurnId,
  traceId: TraceId,
  request: TurnRequest,
  childOf?: ChildOf,
): NewTurn => {
  const [body = NO_BYTES] = messageBodies([{ role: 'user', content: request.prompt }]);
  return {
    turnId,
    traceId,
    excerpt: excerptOf(request.prompt),
    body,
    promptHash: hash('sha256', body).slice(0, 16),
    options: optionsOf(request),
    create: request.create ?? true,
    tags: request.tags ?? [],
    settings: childOf === undefined ? (request.session ?? {}) : { ...request.session, childOf },
    onBusy: request.onBusy,
    deliverAtMs: request.deliverAt === undefined ? undefined : Date.parse(request.deliverAt),
    provider: request.provider,
  };
};

/** A message of `append`, as its schema gives it. */
interface InputMessage extends Said {
  readonly id?: string | undefined;
  readonly timestamp?: string | undefined;
}

export const newMessages = (
  messages: readonly InputMessage[],
  nowMs: number,
): readonly NewMessage[] => {
  const bodies = messageBodies(messages);
  return messages.map(({ id, role, timestamp }, at) => ({
    role,
    body: bodies[at] ?? NO_BYTES,
    atMs: timestamp === undefined ? nowMs : Date.parse(timestamp),
    ...(id === undefined ? {} : { id }),
  }));
};

/** A piece of an export. */
interface ExportLines {
  readonly fromLine: number;
  readonly lines: readonly string[];
  readonly session?: string | undefined;
}

export const restoreRequest = ({ fromLine, lines, session }: ExportLines): RestoreRequest => ({
  type: 'restoreChunk',
  fromLine,
  lines: bytesOfAll(lines),
  session: session === undefined ? undefined : Buffer.from(session),
});

/** A piece of a foreign transcript. */
interface ImportChunk {
  readonly subpath: string;
  readonly externalKey: string;
  readonly fromLine: number;
  readonly lines: readonly string[];
  readonly base64: boolean;
  readonly endsAtMs?: number | undefined;
  readonly fileAtMs?: number | undefined;
  readonly followsLines?: number | undefined;
}

export const importRequest = (chunk: ImportChunk): ImportRequest => ({
  type: 'importChunk',
  subpath: chunk.subpath,
  externalKey: chunk.externalKey,
  fromLine: chunk.fromLine,
  ...{ endsAtMs: chunk.endsAtMs, fileAtMs: chunk.fileAtMs, followsLines: chunk.followsLines },
  lines: chunk.base64
    ? chunk.lines.map((line) => Buffer.from(line, 'base64'))
    : bytesOfAll(chunk.lines),
});
