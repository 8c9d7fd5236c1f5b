/** A door to sessions that remembers and decides nothing by itself: tests of the gateway script it. */

import type { TurnEventBody } from '../../src/model/event.ts';
import { keyString, type SessionKey, type TurnId } from '../../src/model/ids.ts';
import type { RequestContext } from '../../src/model/request-context.ts';
import type { OpenTurn } from '../../src/model/turn.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import type { AcceptedTurn, SessionsDoor } from '../../src/session/api/door.ts';
import { Feed, type Listener } from '../../src/session/events/feed.ts';
import type { SessionReplies, SessionsReplies } from '../../src/session/verbs/registry.ts';
import type { TurnRequest } from '../../src/session/verbs/turn-request.ts';

export interface SeenTurn {
  readonly key: string;
  readonly turnId: string;
  readonly prompt: unknown;
}

export class FakeDoor implements SessionsDoor {
  readonly clock = systemClock;
  readonly feed = new Feed((error) => {
    throw error;
  });
  /** Turns in the order of their acceptance, each id once: the ledger. */
  readonly accepted: SeenTurn[] = [];
  /** Of each turn's last request. */
  readonly traces = new Map<string, string>();
  readonly rejected: { key: string; turnId: string; error: unknown }[] = [];
  /** With which context each call came. */
  readonly contexts: RequestContext[] = [];
  readonly calls: { key: string; verb: string; request: unknown }[] = [];
  /** Decides on a turn; a throw refuses it. Default: accepts at once. */
  onTurn: (key: SessionKey, turnId: TurnId, request: TurnRequest) => unknown = () => undefined;
  /** Told before a refusal is recorded. */
  onReject: (turnId: TurnId) => unknown = () => undefined;
  /** Answers verbs. Default: an empty object. */
  onVerb: (key: string, verb: string, request: unknown) => unknown = () => ({});
  /** Follows an acceptance: tells the turn's events. Default: nothing. */
  afterTurn: (key: SessionKey, turnId: TurnId, request: TurnRequest) => void = () => undefined;
  #ids = 0;

  async session<V extends keyof SessionReplies>(
    context: RequestContext,
    key: SessionKey,
    verb: V,
    request: unknown,
  ): Promise<SessionReplies[V]> {
    this.contexts.push(context);
    return (await this.#verb(keyString(key), verb, request)) as SessionReplies[V];
  }

  async sessions<V extends keyof SessionsReplies>(
    context: RequestContext,
    verb: V,
    request: unknown,
  ): Promise<SessionsReplies[V]> {
    this.contexts.push(context);
    return (await this.#verb(context.tenant, verb, request)) as SessionsReplies[V];
  }

  async turn(
    { traceId }: RequestContext,
    key: SessionKey,
    turnId: TurnId = `made-${++this.#ids}` as TurnId,
    request: TurnRequest,
    listener?: Listener,
  ): Promise<AcceptedTurn> {
    await this.onTurn(key, turnId, request);
    const seen = { key: keyString(key), turnId, prompt: request.prompt };
    this.traces.set(turnId, traceId);
    const isNew = !this.accepted.some((turn) => turn.key === seen.key && turn.turnId === turnId);
    if (isNew) this.accepted.push(seen);
    if (listener !== undefined) this.feed.watch(key, turnId, listener);
    queueMicrotask(() => this.afterTurn(key, turnId, request));
    return { turn: openTurn(turnId), isNew };
  }

  async rejectTurn(
    _: RequestContext,
    key: SessionKey,
    turnId: TurnId,
    error: unknown,
  ): Promise<void> {
    await this.onReject(turnId);
    this.rejected.push({ key: keyString(key), turnId, error });
  }

  /** Tells events of a turn, numbered from 1. */
  tell(key: SessionKey, turnId: TurnId, bodies: readonly TurnEventBody[]): void {
    for (const [at, body] of bodies.entries())
      this.feed.publish({ key, turnId, attempt: 1, n: at + 1, atMs: 0, body });
  }

  async #verb(key: string, verb: string, request: unknown): Promise<unknown> {
    this.calls.push({ key, verb, request });
    return await this.onVerb(key, verb, request);
  }
}

export const finished = (text = ''): TurnEventBody => ({
  type: 'turn.finished',
  status: 'completed',
  stopReason: 'end_turn',
  usage: emptyUsage,
  costUsd: 0,
  durationMs: 1,
  text,
});

const openTurn = (turnId: TurnId): OpenTurn => ({
  turnId,
  status: 'queued',
  options: {},
  seq: 1,
  lastSeq: 1,
  promptHash: '',
  acceptedAtMs: 0,
  usage: emptyUsage,
  costNanoUsd: 0,
  steps: 0,
  attempt: 1,
  retries: 0,
  runs: 0,
});
