/**
 * The turn's part of the state machine: accept, start, finish a step, cancel, resume, close.
 *
 * 1. The first open turn is the one that runs; the others are queued in order of acceptance.
 * 2. A step's outcome counts only for the attempt that is under way: late ones are dropped.
 * 3. An assistant message and the results of its tool uses are written in one commit, so that no
 *    crash leaves an orphan `tool_use`.
 */
import { type Draft, makeIfAbsent } from './draft.ts';
import type { MessageEntry } from './entry.ts';
import { GreenroomError } from './errors.ts';
import type { TurnEventBody } from './event.ts';
import type { StepError, StepOutcome, ToolUse } from './executor.ts';
import { type Head, mustBeAlive, type Settings, statusFrom } from './head.ts';
import type { TurnId } from './ids.ts';
import type { Input, NewTurn, Rules } from './machine.ts';
import { addTags } from './tags.ts';
import type { ClosedStatus, ClosedTurn, OpenTurn, TurnError } from './turn.ts';
import { addUsage, emptyUsage } from './usage.ts';

const NANO = 1e9;

export const acceptTurn = (
  draft: Draft,
  turn: NewTurn,
  known: ClosedTurn | undefined,
  rules: Rules,
): void => {
  if (answerKnown(draft, turn, known)) return;
  if (draft.head.version === 0 && !turn.create)
    throw new GreenroomError(
      'session_not_found',
      `there is no session ${draft.head.key.sessionId}`,
    );
  makeIfAbsent(draft, settingsOf(turn), 'turn', rules);
  mustTakeTurn(draft, turn, rules);
  if (turn.tags.length > 0) draft.patch({ tags: addTags(draft.head.tags, turn.tags) });
  const seq = draft.message(
    { role: 'user', body: turn.body, atMs: draft.nowMs },
    { turnId: turn.turnId },
  );
  const open: OpenTurn = {
    turnId: turn.turnId,
    status: 'queued',
    seq,
    lastSeq: seq,
    promptHash: turn.promptHash,
    acceptedAtMs: draft.nowMs,
    usage: emptyUsage,
    costNanoUsd: 0,
    steps: 0,
    attempt: 1,
    retries: 0,
    options: turn.options,
  };
  draft.write({ type: 'newTurn', turnId: turn.turnId });
  draft.patch({ openTurns: [...draft.head.openTurns, open] });
  publish(draft, open, { type: 'turn.accepted', seq });
  if (draft.head.openTurns.length === 1) startNext(draft, turn.body);
  draft.patch({ status: statusFrom(draft.head.openTurns) });
  draft.answer = { type: 'turn', turnId: turn.turnId, isNew: true };
};

/** A session that a turn makes is called after its prompt, unless the sender says otherwise. */
const settingsOf = ({ settings, excerpt }: NewTurn): Settings =>
  excerpt === '' ? settings : { title: excerpt, ...settings };

/** A turn id that is known already is answered with its record (P3). */
const answerKnown = (draft: Draft, turn: NewTurn, closed: ClosedTurn | undefined): boolean => {
  const known = draft.head.openTurns.find((open) => open.turnId === turn.turnId) ?? closed;
  if (known === undefined) return false;
  if (known.promptHash !== turn.promptHash)
    throw new GreenroomError('turn_id_reused', `turn ${turn.turnId} is known with another prompt`);
  draft.answer = {
    type: 'turn',
    turnId: turn.turnId,
    isNew: false,
    ...(closed === undefined ? {} : { closed }),
  };
  return true;
};

const mustTakeTurn = (draft: Draft, turn: NewTurn, rules: Rules): void => {
  const { head } = draft;
  mustBeAlive(head);
  const waiting = head.openTurns.length;
  if (waiting > 0 && (turn.onBusy ?? head.onBusy) === 'reject')
    throw new GreenroomError('invalid_state', 'a turn is open and the policy is to reject');
  if (waiting >= rules.queuePerSession)
    throw new GreenroomError('queue_full', `${waiting} turns wait in this session, the limit`, {
      retryAfterMs: 1_000,
    });
  const queued = head.openTurns.filter((open) => open.status === 'queued').length;
  if (head.limits?.maxTurns !== undefined && head.numTurns + queued >= head.limits.maxTurns)
    throw new GreenroomError(
      'max_turns_reached',
      `the session may run ${head.limits.maxTurns} turns and has`,
    );
  mustHaveProvider(head, turn, rules);
  mustAfford(head, turn, rules, draft.nowMs);
};

const mustHaveProvider = (head: Head, turn: NewTurn, rules: Rules): void => {
  if (turn.provider !== undefined && turn.provider !== rules.provider)
    throw new GreenroomError(
      'provider_mismatch',
      `this daemon answers by ${rules.provider}, the turn asks for ${turn.provider}`,
    );
  if (
    head.provider !== undefined &&
    head.provider !== rules.provider &&
    turn.provider === undefined
  )
    throw new GreenroomError(
      'provider_mismatch',
      `the session holds answers by ${head.provider}, this daemon answers by ${rules.provider}: ask for it with provider: "${rules.provider}"`,
    );
};

const mustAfford = (head: Head, turn: NewTurn, rules: Rules, nowMs: number): void => {
  const limits = [head.limits?.maxCostUsd, turn.options.maxCostUsd].filter(
    (usd) => usd !== undefined,
  );
  if (limits.length === 0) return;
  const model = modelOf(head, turn.options.model, rules);
  if (!rules.hasPrice(model, nowMs))
    throw new GreenroomError(
      'price_unknown',
      `${model} has no known price, so a money limit cannot hold`,
    );
  if (head.limits?.maxCostUsd !== undefined && head.costNanoUsd >= head.limits.maxCostUsd * NANO)
    throw new GreenroomError(
      'budget_exceeded',
      `the session has cost its ${head.limits.maxCostUsd} dollars`,
    );
};

export const modelOf = (head: Head, ofTurn: string | undefined, rules: Rules): string =>
  ofTurn ?? head.model ?? rules.defaultModel;

/** A refusal that has no caller to hear it: kept in the ledger, told on the events. */
export const rejectTurn = (draft: Draft, turnId: TurnId, error: TurnError): void => {
  if (draft.head.openTurns.some((open) => open.turnId === turnId)) return;
  const record: ClosedTurn = {
    turnId,
    status: 'rejected',
    seq: 0,
    lastSeq: 0,
    promptHash: '',
    acceptedAtMs: draft.nowMs,
    finishedAtMs: draft.nowMs,
    usage: emptyUsage,
    costNanoUsd: 0,
    steps: 0,
    attempt: 1,
    retries: 0,
    stopReason: null,
    error,
  };
  draft.write({ type: 'newTurn', turnId });
  recordClosed(draft, record, '');
};

/** Starts the first open turn. `body` is its prompt, where it is at hand. */
const startNext = (draft: Draft, body: Uint8Array | undefined): void => {
  const [first, ...others] = draft.head.openTurns;
  if (first === undefined) return;
  const running: OpenTurn = { ...first, status: 'running', startedAtMs: draft.nowMs };
  draft.patch({ openTurns: [running, ...others], numTurns: draft.head.numTurns + 1 });
  publish(draft, running, { type: 'turn.started' });
  draft.effect({ type: 'see', seq: running.seq, body });
  draft.effect({ type: 'startStep', turnId: running.turnId });
};

export const finishStep = (
  draft: Draft,
  input: Extract<Input, { type: 'step' }>,
  rules: Rules,
): void => {
  const turn = draft.head.openTurns[0];
  if (turn?.turnId !== input.turnId || turn.attempt !== input.attempt || turn.status !== 'running')
    return;
  const counted = { ...turn, retries: turn.retries + input.retries };
  draft.patch({ retryCount: draft.head.retryCount + input.retries });
  const { outcome } = input;
  if (outcome.type === 'message') addAnswer(draft, counted, outcome, rules);
  else endEarly(draft, counted, outcome);
  if (draft.head.openTurns[0]?.turnId !== turn.turnId) settle(draft);
};

type Answered = Extract<StepOutcome, { type: 'message' }>;

const addAnswer = (draft: Draft, turn: OpenTurn, outcome: Answered, rules: Rules): void => {
  const isSeen = outcome.stopReason !== 'refusal' && !isEmpty(outcome.body);
  const seq = draft.message(
    { role: 'assistant', body: outcome.body, id: outcome.messageId, atMs: draft.nowMs },
    answerFacts(turn, outcome, isSeen),
  );
  const next = countAnswer(draft, turn, outcome, seq);
  publish(draft, next, { type: 'message', seq, body: outcome.body });
  if (isSeen) draft.effect({ type: 'see', seq, body: outcome.body });
  const answered = isSeen ? answerTools(draft, next, outcome.toolUses) : next;
  endOrGoOn(draft, answered, outcome, rules);
};

const answerFacts = (
  turn: OpenTurn,
  outcome: Answered,
  isSeen: boolean,
): Partial<MessageEntry> => ({
  turnId: turn.turnId,
  model: outcome.model,
  provider: outcome.provider,
  stopReason: outcome.stopReason,
  usage: outcome.usage,
  costNanoUsd: outcome.costNanoUsd,
  ...(isSeen ? {} : { isPartial: true }),
});

/** An answer without a block is legal from the API and illegal to send back. */
const isEmpty = (body: Uint8Array): boolean => Buffer.from(body.slice(-3)).toString() === '[]}';

const countAnswer = (draft: Draft, turn: OpenTurn, outcome: Answered, seq: number): OpenTurn => {
  const { head } = draft;
  const { usage, costNanoUsd, toolUses } = outcome;
  const next: OpenTurn = {
    ...turn,
    lastSeq: seq,
    steps: turn.steps + 1,
    usage: addUsage(turn.usage, usage),
    costNanoUsd:
      costNanoUsd === null || turn.costNanoUsd === null ? null : turn.costNanoUsd + costNanoUsd,
  };
  draft.patch({
    openTurns: [next, ...head.openTurns.slice(1)],
    usage: addUsage(head.usage, usage),
    costNanoUsd: head.costNanoUsd + (costNanoUsd ?? 0),
    unpricedAnswers: head.unpricedAnswers + (costNanoUsd === null ? 1 : 0),
    toolCallCount: head.toolCallCount + toolUses.length,
    ...(head.provider === undefined ? { provider: outcome.provider } : {}),
  });
  return next;
};

/** No tools are offered yet; a model that asks for one all the same is told so. */
const answerTools = (draft: Draft, turn: OpenTurn, toolUses: readonly ToolUse[]): OpenTurn => {
  if (toolUses.length === 0) return turn;
  const content = toolUses.map(({ id, name }) => ({
    type: 'tool_result',
    tool_use_id: id,
    is_error: true,
    content: `There is no tool ${name} in this session.`,
  }));
  const body = Buffer.from(JSON.stringify({ role: 'user', content }));
  for (const { id, name, input } of toolUses) {
    publish(draft, turn, { type: 'tool.started', toolUseId: id, name, input });
    publish(draft, turn, { type: 'tool.finished', toolUseId: id, isError: true, durationMs: 0 });
  }
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId: turn.turnId });
  publish(draft, turn, { type: 'message', seq, body });
  draft.effect({ type: 'see', seq, body });
  const next = { ...turn, lastSeq: seq };
  draft.patch({ openTurns: [next, ...draft.head.openTurns.slice(1)] });
  return next;
};

/** `tool_use` and `pause_turn` want another model call; everything else ends the turn. */
const endOrGoOn = (draft: Draft, turn: OpenTurn, outcome: Answered, rules: Rules): void => {
  const { stopReason, text } = outcome;
  const close = (status: ClosedStatus, reason: string | null, error?: TurnError) =>
    closeTurn(draft, turn, {
      status,
      stopReason: reason,
      text,
      ...(error === undefined ? {} : { error }),
    });
  if (draft.cancelling === turn.turnId) return close('cancelled', stopReason);
  if (stopReason === 'refusal') {
    draft.view({
      type: 'rollback',
      fromSeq: turn.seq,
      throughSeq: draft.head.seq,
      turnId: turn.turnId,
    });
    return close('failed', stopReason, {
      code: 'refusal',
      message: 'the model refused; the turn is out of its view',
      retryable: false,
    });
  }
  if (stopReason !== 'tool_use' && stopReason !== 'pause_turn')
    return close('completed', stopReason);
  const limit = overLimit(draft.head, turn, rules);
  if (limit !== undefined) return close('completed', limit);
  draft.effect({ type: 'startStep', turnId: turn.turnId });
};

const overLimit = (head: Head, turn: OpenTurn, rules: Rules): string | undefined => {
  if (turn.steps >= (turn.options.maxSteps ?? head.limits?.maxSteps ?? rules.maxSteps))
    return 'max_steps';
  const ofTurn = turn.options.maxCostUsd;
  if (ofTurn !== undefined && (turn.costNanoUsd ?? 0) >= ofTurn * NANO) return 'budget_exceeded';
  const ofSession = head.limits?.maxCostUsd;
  return ofSession !== undefined && head.costNanoUsd >= ofSession * NANO
    ? 'budget_exceeded'
    : undefined;
};

/** A step that gave no message: what it had said is kept for people, never for the model. */
const endEarly = (draft: Draft, turn: OpenTurn, outcome: Exclude<StepOutcome, Answered>): void => {
  let ended = turn;
  if (outcome.partialText !== '') {
    const body = Buffer.from(JSON.stringify({ role: 'assistant', content: outcome.partialText }));
    const facts = { turnId: turn.turnId, isPartial: true };
    ended = {
      ...turn,
      lastSeq: draft.message({ role: 'assistant', body, atMs: draft.nowMs }, facts),
    };
  }
  const text = outcome.partialText;
  if (outcome.type === 'cancelled' || draft.cancelling === turn.turnId)
    return closeTurn(draft, ended, { status: 'cancelled', stopReason: null, text });
  const error = turnError(outcome.error);
  draft.patch({ errorCount: draft.head.errorCount + 1, lastError: error });
  closeTurn(draft, ended, { status: 'failed', stopReason: null, error, text });
};

const turnError = (error: StepError): TurnError => ({
  code: error.type,
  message: error.message,
  retryable: error.retryable,
});

export interface Closing {
  readonly status: ClosedStatus;
  readonly stopReason: string | null;
  readonly error?: TurnError;
  readonly text: string;
}

/** Moves an open turn to the ledger. The turns behind it are the caller's to start (`settle`). */
export const closeTurn = (draft: Draft, turn: OpenTurn, { text, ...closing }: Closing): void => {
  const { options: _, status: __, ...facts } = turn;
  draft.patch({ openTurns: draft.head.openTurns.filter((open) => open.turnId !== turn.turnId) });
  if (draft.cancelling === turn.turnId) draft.cancelling = undefined;
  recordClosed(draft, { ...facts, ...closing, finishedAtMs: draft.nowMs }, text);
};

const recordClosed = (draft: Draft, record: ClosedTurn, text: string): void => {
  draft.write({ type: 'turn', record });
  const { status, stopReason, error, usage, costNanoUsd } = record;
  publish(draft, record, {
    type: 'turn.finished',
    status,
    stopReason,
    ...(error === undefined ? {} : { error }),
    usage,
    costUsd: costNanoUsd === null ? null : costNanoUsd / NANO,
    durationMs: record.finishedAtMs - (record.startedAtMs ?? record.acceptedAtMs),
    text,
  });
  draft.effect({ type: 'closed', record });
};

/** After a turn has closed: the next one starts, or the session rests. */
const settle = (draft: Draft): void => {
  const last = draft.writes.findLast((write) => write.type === 'turn');
  if (draft.head.openTurns[0]?.status === 'queued') startNext(draft, undefined);
  const isDone = draft.head.mode === 'background' && draft.head.openTurns.length === 0;
  const ended = last?.record.status === 'completed' ? 'completed' : 'failed';
  draft.patch({ status: isDone ? ended : statusFrom(draft.head.openTurns) });
};

export const cancelTurn = (draft: Draft, turnId: TurnId | undefined): void => {
  const turn =
    turnId === undefined
      ? draft.head.openTurns[0]
      : draft.head.openTurns.find((open) => open.turnId === turnId);
  if (turn === undefined)
    throw turnId === undefined
      ? new GreenroomError('invalid_state', 'no turn is open in this session')
      : new GreenroomError('turn_not_found', `turn ${turnId} is not open in this session`);
  draft.answer = { type: 'turnClosed', turnId: turn.turnId };
  if (turn.status === 'running') {
    draft.cancelling = turn.turnId;
    return draft.effect({ type: 'cancelStep' });
  }
  // It never ran: its prompt is taken out of what the model sees.
  draft.view({ type: 'rollback', fromSeq: turn.seq, throughSeq: turn.seq, turnId: turn.turnId });
  closeTurn(draft, turn, { status: 'cancelled', stopReason: null, text: '' });
  settle(draft);
};

/**
 * The process that ran the step is gone. A model call is simply made again, as a further attempt; so
 * are the turns behind it, whose events nobody can number on.
 */
export const resumeTurn = (draft: Draft): void => {
  const openTurns = draft.head.openTurns.map((turn) => ({ ...turn, attempt: turn.attempt + 1 }));
  const [first] = openTurns;
  if (first === undefined) return;
  draft.patch({ openTurns });
  if (first.status === 'queued') return startNext(draft, undefined);
  publish(draft, first, { type: 'turn.started' });
  draft.effect({ type: 'startStep', turnId: first.turnId });
};

const publish = (
  draft: Draft,
  turn: { readonly turnId: TurnId; readonly attempt: number },
  body: TurnEventBody,
): void => draft.effect({ type: 'publish', turnId: turn.turnId, attempt: turn.attempt, body });
