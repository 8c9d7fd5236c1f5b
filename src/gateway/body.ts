/**
 * Bodies of requests: bytes from outside become values that a schema has checked, or a clear refusal.
 * Invariant: nothing that is too large, nested too deeply, not UTF-8 or not JSON gets past this file.
 */
import type { z } from 'zod';
import { type ErrorCode, GreenroomError } from '../model/errors.ts';
import { TurnId } from '../model/id-schemas.ts';
import { isTooDeep } from '../model/json-depth.ts';
import { checked } from '../model/parse.ts';
import { TurnRequest } from '../session/verbs/turn-request.ts';
import { TURN_ID_HEADER } from './headers.ts';

/** Largest body of a request, in bytes, whatever would be let through before us. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Objects and arrays inside each other. */
export const MAX_JSON_DEPTH = 100;

const OPEN_BRACE = 0x7b;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a verb's request says; an empty body means `{}`. */
export const parseBody = (body: Uint8Array): unknown => (body.length === 0 ? {} : parseJson(body));

/** The request of a verb. Throws `invalid_request`, or the verb's code for a well-typed field with a bad value. */
export const checkRequest = ({ request, refusal }: Requesting, value: unknown): unknown =>
  checked(request, value, refusal);

/**
 * The same for one who checks many. That nothing is said means the same each time, and more requests say nothing than
 * anything: so a schema is asked once whether it takes `{}` as it is.
 */
export class RequestChecks {
  readonly #takesNothing = new WeakMap<z.ZodType, boolean>();

  check(verb: Requesting, value: unknown): unknown {
    if (!isNothing(value)) return checkRequest(verb, value);
    if (this.#takesNothing.get(verb.request) === true) return {};
    const request = checkRequest(verb, value);
    this.#takesNothing.set(verb.request, isNothing(request));
    return request;
  }
}

/** An object of `JSON.parse`, or made like one, without fields. */
const isNothing = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const _ in value) return false;
  return true;
};

interface Requesting {
  readonly request: z.ZodType;
  readonly refusal: ErrorCode;
}

export interface TurnBody {
  /** The sender's name for the turn: the body's, else the header's. */
  readonly turnId: TurnId | undefined;
  readonly request: TurnRequest;
}

/** A turn request: JSON, or, if the first non-space byte is not `{`, the prompt itself, verbatim. */
export const parseTurn = (body: Uint8Array, turnIdHeader: string | undefined): TurnBody => {
  const json = body[firstNonSpace(body)] === OPEN_BRACE;
  const request = checked(
    TurnRequest,
    json ? parseJson(body) : { prompt: text(body) },
    'invalid_request',
  );
  const turnId = request.turnId ?? (turnIdHeader ? headerTurnId(turnIdHeader) : undefined);
  return { turnId, request };
};

/** The turn id of a request that may be wrong otherwise, so that its refusal can be found under it. */
export const turnIdIn = (
  body: Uint8Array,
  turnIdHeader: string | undefined,
): TurnId | undefined => {
  try {
    const named = TurnId.safeParse((parseJson(body) as { turnId?: unknown }).turnId);
    if (named.success) return named.data;
  } catch {
    // no JSON: only the header can tell
  }
  return TurnId.safeParse(turnIdHeader).data;
};

const headerTurnId = (value: string): TurnId => {
  const parsed = TurnId.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new GreenroomError('invalid_request', `the header ${TURN_ID_HEADER} is not a turn id`);
};

/** JSON of bounded size and depth. */
export const parseJson = (body: Uint8Array): unknown => {
  const json = text(body);
  if (isTooDeep(body, MAX_JSON_DEPTH))
    throw new GreenroomError('invalid_json', `JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  try {
    return JSON.parse(json);
  } catch (error) {
    const why = (error as Error).message.slice(0, 200);
    throw new GreenroomError('invalid_json', `the body is not JSON: ${why}`);
  }
};

const text = (body: Uint8Array): string => {
  if (body.length > MAX_BODY_BYTES)
    throw new GreenroomError(
      'too_large',
      `the body has ${body.length} bytes; the limit is ${MAX_BODY_BYTES}`,
      { details: { limitBytes: MAX_BODY_BYTES } },
    );
  try {
    return utf8.decode(body);
  } catch {
    throw new GreenroomError('invalid_request', 'the body is not UTF-8');
  }
};

const firstNonSpace = (body: Uint8Array): number => {
  let at = 0;
  while (at < body.length && isSpace(body[at])) at++;
  return at;
};

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
