/**
 * One turn as a program reads it: event by event in a loop, or at its end by `text()`, `finalMessage()` and `result()`.
 *
 * 1. It has its id from the start, so each reading asks for the same turn: the first begins it, a later one joins it,
 *    or hears how it ended.
 * 2. Nothing is asked before something is read.
 * 3. It holds no events: who does not read keeps nothing alive but what the door holds for a slow reader.
 */
import type { z } from 'zod';
import { GreenroomError, isErrorCode } from '../../model/errors.ts';
import type { ApiMessage, TurnFinished, WireEvent } from '../../model/event.ts';
import { newTurnId } from '../../model/ids.ts';
import { type Clock, pause } from '../../otp/clock.ts';
import type { SessionsApi, TurnControl } from '../verbs/api.ts';
import type { TurnView } from '../verbs/reply-schemas.ts';
import type { TurnRequest } from '../verbs/turn-request.ts';
import { triedCancel } from './abort.ts';

export type Prompt = z.input<typeof TurnRequest>['prompt'];

/** Fields of a turn request beside its prompt, a signal that cancels it, and the caller's trace. */
export type TurnOptions = Omit<z.input<typeof TurnRequest>, 'prompt'> & TurnControl;

/** The last event of a turn. */
export type FinishedTurn = Extract<WireEvent, { type: 'turn.finished' }>;

interface Ended {
  readonly finished: FinishedTurn;
  /** The answer that was heard last; undefined: the reading began after it, or it is too large for the broker. */
  readonly answer: ApiMessage | undefined;
}

export class TurnStream implements AsyncIterable<WireEvent> {
  readonly sessionId: string;
  /** Given by the options, or new. */
  readonly turnId: string;
  readonly #api: SessionsApi;
  readonly #clock: Clock;
  readonly #read: () => AsyncIterator<WireEvent>;
  #hasBegun = false;
  #ended: Ended | undefined;
  #ending: Promise<Ended> | undefined;

  constructor(
    api: SessionsApi,
    clock: Clock,
    sessionId: string,
    prompt: Prompt,
    { signal, traceId, traceparent, ...options }: TurnOptions = {},
  ) {
    this.#api = api;
    this.#clock = clock;
    this.sessionId = sessionId;
    this.turnId = options.turnId ?? newTurnId(clock.now());
    const request = { ...options, prompt, turnId: this.turnId };
    this.#read = () =>
      api.turn(sessionId, request, { signal, traceId, traceparent })[Symbol.asyncIterator]();
  }

  /** The events from here on, `turn.finished` last. Throws what the turn was refused with, and a signal's reason. */
  [Symbol.asyncIterator](): AsyncIterator<WireEvent, void> {
    const events = this.#read();
    let answer: ApiMessage | undefined;
    const seen = (result: IteratorResult<WireEvent>): IteratorResult<WireEvent, void> => {
      if (result.done === true) return result;
      const event: WireEvent = result.value;
      if (event.type === 'message' && event.message?.role !== 'user') answer = event.message;
      if (event.type === 'turn.finished') this.#ended = { finished: event, answer };
      return result;
    };
    return {
      next: () => {
        this.#hasBegun = true;
        return events.next().then(seen);
      },
      return: async () => {
        await events.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** How it ended, whatever that was: status, usage, cost. Rejects only with what it was refused with. */
  async result(): Promise<FinishedTurn> {
    return (await this.#end()).finished;
  }

  /**
   * The text of its last answer. Rejects where it did not complete: with the code that it failed with, or
   * `invalid_state` where it was cancelled; with `too_large` for an answer that the broker does not carry.
   */
  async text(): Promise<string> {
    const { finished } = await this.#completed();
    // One that is too large for the broker comes without its text.
    return (finished.text as string | undefined) ?? textOf(await this.finalMessage());
  }

  /** Its last answer, as the Claude API gave it. Rejects as `text()` does. */
  async finalMessage(): Promise<ApiMessage> {
    const { answer } = await this.#completed();
    return answer ?? this.#stored();
  }

  /**
   * Stops it; resolves with its record when it has ended, by this or by itself. Its readers get the
   * rest, `turn.finished` last. `turn_not_found`, or `session_not_found`: it was never asked for.
   */
  cancel(): Promise<TurnView> {
    const { sessionId, turnId } = this;
    const wait = this.#hasBegun ? (ms: number) => pause(this.#clock, ms) : undefined;
    return triedCancel(this.#api, sessionId, turnId, wait);
  }

  async #completed(): Promise<Ended> {
    const ended = await this.#end();
    mustBeCompleted(ended.finished);
    return ended;
  }

  /** Reads to the end, unless it was read to its end before. A reading that was lost may be tried again. */
  async #end(): Promise<Ended> {
    if (this.#ended !== undefined) return this.#ended;
    this.#ending ??= this.#readToEnd();
    try {
      return await this.#ending;
    } finally {
      this.#ending = undefined;
    }
  }

  async #readToEnd(): Promise<Ended> {
    for await (const _ of this);
    if (this.#ended !== undefined) return this.#ended;
    throw new GreenroomError('internal', 'a turn ended without turn.finished');
  }

  async #stored(): Promise<ApiMessage> {
    const { sessionId, turnId } = this;
    const { turn } = await this.#api.session(sessionId, 'turn-status', { turnId });
    const from = turn.lastSeq ?? turn.seq;
    const { entries } = await this.#api.session(sessionId, 'messages', { from, limit: 1 });
    const [entry] = entries;
    if (entry?.type === 'message' && entry.message?.role === 'assistant') return entry.message;
    const isLarge = entry !== undefined && 'truncated' in entry;
    throw isLarge
      ? new GreenroomError(
          'too_large',
          `the answer, entry ${entry.seq}, is larger than the broker's messages`,
        )
      : new GreenroomError('invalid_state', 'the turn ended without an answer');
  }
}

/** Throws what the turn failed with. */
export const mustBeCompleted = ({ status, error }: TurnFinished): void => {
  if (status === 'completed') return;
  const code = isErrorCode(error?.code) ? error.code : 'invalid_state';
  throw new GreenroomError(code, error?.message ?? `the turn was ${status}`);
};

const textOf = ({ content }: ApiMessage): string =>
  typeof content === 'string'
    ? content
    : content.flatMap((block) => (block.type === 'text' ? [String(block['text'])] : [])).join('');
