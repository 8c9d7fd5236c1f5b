/**
 * One classic turn: a user's message, a call of the API, its answer, over any store. Nothing is kept between two turns;
 * all of it is read from the store and written there.
 *
 * 1. Nothing happens before the first part is asked for. The user's message is stored and given first; a caller that leaves then
 *    makes no call.
 * 2. A failed call leaves the user's message, and counters as they were.
 * 3. Counters are added to what stands in the store at that moment: a change that came between is read again.
 * 4. What a store returns may be its own live data: it is copied before it is used.
 */
import { Message, SessionMetadata, type StoredMessage } from '../classic/models.ts';
import { notFound, type SessionStore } from '../classic/session-store.ts';
import type { MessagesClient } from '../executor/models/messages-client.ts';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { nanoUsdOf, usdOf } from '../model/money.ts';
import type { Usage } from '../model/usage.ts';
import type { Clock } from '../otp/clock.ts';
import type { CheckedOptions } from './options.ts';
import { createRequest, requestMessages } from './request.ts';
import { type AnswerCost, StreamedAnswer } from './streamed-answer.ts';
import { type Place, turnLinesOf } from './turn-lines.ts';

export type TurnEnding = 'success' | 'error_max_turns' | 'error_during_execution';

export interface TurnEnd {
  readonly subtype: TurnEnding;
  /** Turns of the session. */
  readonly numTurns: number;
  /** Of the session, in dollars; null: the price of this turn is not known. */
  readonly totalCostUsd: number | null;
  /** Of this turn, by the API's names; empty where none was told. */
  readonly usage: Readonly<Record<string, number>>;
}

export type TurnPart =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'end'; readonly end: TurnEnd };

export interface TurnOrder {
  readonly store: SessionStore;
  readonly client: MessagesClient;
  readonly options: CheckedOptions;
  readonly sessionId: string;
  readonly prompt: string;
  readonly clock: Clock;
  /** Ends the call; the turn then ends as one that was interrupted. */
  readonly signal?: AbortSignal | undefined;
}

/** A session as a turn found it. */
export interface Found {
  readonly metadata: SessionMetadata;
  readonly messages: readonly StoredMessage[];
  /** undefined: the store has none. */
  readonly version: number | undefined;
}

/** What the two messages of a plain turn add to a version. */
const CHANGES = 2;
/** How long a conflict with other processes is tried again. */
const CONFLICT_MS = 30_000;

/** Throws `invalid_request` for what the API would refuse in every later request too. */
export function mustBePrompt(prompt: unknown): asserts prompt is string {
  if (typeof prompt === 'string' && prompt.trim() !== '') return;
  throw new GreenroomError('invalid_request', 'a prompt is a text that is not empty');
}

export async function* runTurn(order: TurnOrder): AsyncGenerator<TurnPart, void> {
  const { store, options, sessionId, prompt, clock } = order;
  mustBePrompt(prompt);
  const place = await turnLinesOf(store, clock).take(sessionId);
  try {
    const found = await openSession(order);
    if (found.metadata.numTurns >= options.maxTurns)
      return yield endOf('error_max_turns', found.metadata);
    const user = newMessage('user', prompt, found.metadata.numTurns);
    await store.appendMessage(sessionId, user);
    place.pause();
    yield { type: 'message', message: user };
    const hadToWait = await place.resume();
    yield* answered(order, place, hadToWait ? await openSession(order) : withUser(found, user));
  } finally {
    place.release();
  }
}

const withUser = ({ messages, ...found }: Found, user: Message): Found => ({
  ...found,
  messages: [...messages, user],
});

/** The second half of a turn: what the API says to the history that ends with the user's message. */
async function* answered(
  order: TurnOrder,
  place: Place,
  found: Found,
): AsyncGenerator<TurnPart, void> {
  const { store, sessionId, clock, signal } = order;
  const { metadata, messages } = found;
  let answer: StreamedAnswer;
  try {
    answer = await ask(order, requestMessages(messages, metadata.compactionState));
  } catch (error) {
    place.release();
    yield endOf('error_during_execution', metadata);
    if (signal?.aborted === true) return;
    throw error;
  }
  const message = newMessage('assistant', answer.content, metadata.numTurns);
  await store.appendMessage(sessionId, message);
  const cost = answer.cost(clock.now());
  const now = await count(order, found, cost);
  place.release();
  yield { type: 'message', message };
  yield endOf('success', now, cost);
}

export const newMessage = (
  role: 'user' | 'assistant',
  content: Message['content'],
  numTurns: number,
): Message => Message.parse({ role, content, id: `msg-${numTurns}-${role}` });

export const endOf = (
  subtype: TurnEnding,
  { numTurns, totalCostUsd }: SessionMetadata,
  cost?: AnswerCost,
): TurnPart => {
  const isUnknown = subtype === 'success' && (cost === undefined || cost.costNanoUsd === null);
  const usage = cost === undefined ? {} : apiUsage(cost.usage);
  const total = isUnknown ? null : totalCostUsd;
  return { type: 'end', end: { subtype, numTurns, totalCostUsd: total, usage } };
};

/** By the API's names. */
export const apiUsage = (usage: Usage): Record<string, number> => ({
  input_tokens: usage.inputTokens,
  output_tokens: usage.outputTokens,
  cache_creation_input_tokens: usage.cacheCreationInputTokens,
  cache_read_input_tokens: usage.cacheReadInputTokens,
});

// ── the session ──────────────────────────────────────────────────────────────────────────────────

/** As it is stored; one that is not there is made, and not read again: the executor goes on with what it gave. */
export const openSession = async ({
  store,
  sessionId,
  options,
}: Pick<TurnOrder, 'store' | 'sessionId' | 'options'>): Promise<Found> => {
  const found = await load(store, sessionId);
  if (found !== undefined) return found;
  const metadata = SessionMetadata.parse({
    model: options.model,
    workingDirectory: options.workingDirectory,
    permissionMode: options.permissionMode,
    disallowedTools: options.disallowedTools,
  });
  try {
    await store.createSession(sessionId, metadata);
    return { metadata, messages: [], version: 1 };
  } catch (error) {
    // Another process made it meanwhile.
    const made = codeOf(error) === 'session_exists' ? await load(store, sessionId) : undefined;
    if (made === undefined) throw error;
    return made;
  }
};

const load = async (store: SessionStore, sessionId: string): Promise<Found | undefined> => {
  const state = await store.loadSession(sessionId);
  if (state === null || state === undefined) return undefined;
  const { messages, metadata, version } = state;
  return {
    metadata: { ...SessionMetadata.parse({}), ...metadata },
    messages: [...messages],
    version,
  };
};

/** Adds one turn to the counters. @param changes what the turn's messages have added to the version. */
export const count = async (
  { store, sessionId, clock }: Pick<TurnOrder, 'store' | 'sessionId' | 'clock'>,
  { metadata, version }: Found,
  cost: AnswerCost | undefined,
  changes = CHANGES,
): Promise<SessionMetadata> => {
  const untilMs = clock.monotonic() + CONFLICT_MS;
  let before = metadata;
  let expectedVersion = version === undefined ? undefined : version + changes;
  for (;;) {
    const after = counted(before, cost);
    try {
      if (expectedVersion === undefined) await store.updateMetadata(sessionId, after);
      else await store.updateMetadata(sessionId, after, { expectedVersion });
      return after;
    } catch (error) {
      if (codeOf(error) !== 'version_conflict' || clock.monotonic() > untilMs) throw error;
    }
    const now = await load(store, sessionId);
    if (now === undefined) throw notFound(sessionId);
    before = now.metadata;
    expectedVersion = now.version;
  }
};

const counted = (before: SessionMetadata, cost: AnswerCost | undefined): SessionMetadata => {
  const numTurns = before.numTurns + 1;
  if (cost === undefined) return { ...before, numTurns };
  const usage: Record<string, number> = { ...before.usage };
  for (const [name, tokens] of Object.entries(apiUsage(cost.usage)))
    usage[name] = (usage[name] ?? 0) + tokens;
  const totalCostUsd = usdOf(nanoUsdOf(before.totalCostUsd) + (cost.costNanoUsd ?? 0));
  return { ...before, numTurns, usage, totalCostUsd };
};

// ── the call ─────────────────────────────────────────────────────────────────────────────────────

/** Throws what the API said; an answer without its end is none. */
const ask = async (
  { client, options, signal }: TurnOrder,
  messages: ReturnType<typeof requestMessages>,
): Promise<StreamedAnswer> => {
  signal?.throwIfAborted();
  const answer = new StreamedAnswer(options.model);
  const request = createRequest(options, messages);
  const stream = await (signal === undefined
    ? client.messages.create(request)
    : client.messages.create(request, { signal }));
  for await (const event of stream) {
    signal?.throwIfAborted();
    answer.see(event);
    if (answer.isOver) break;
  }
  signal?.throwIfAborted(); // the official client ends the stream without a word
  if (answer.isBroken)
    throw new GreenroomError('unavailable', 'the answer broke off before its end');
  return answer;
};
