/** Random lives of a session: arbitrary inputs, and a world that carries out what the machine says and checks it. */
import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { expect } from 'vitest';
import { duesOf } from '../../src/model/due.ts';
import type { Entry, MessageEntry } from '../../src/model/entry.ts';
import { type Head, newHead } from '../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import {
  awaitedModelRun,
  type ClosedTurn,
  type OpenCall,
  type OpenTurn,
  type RunId,
  runIdOf,
} from '../../src/model/turn.ts';
import { addUsage, emptyUsage } from '../../src/model/usage.ts';
import { foldBatch, toChange } from '../../src/session/machine/fold.ts';
import type { Input, NewTurn, Verdict } from '../../src/session/machine/input.ts';
import type { Effect, SessionState } from '../../src/session/machine/machine.ts';
import type { Rules } from '../../src/session/machine/rules.ts';
import type { StepOutcome } from '../../src/session/ports/executor.ts';
import type { SessionWrite } from '../../src/session/ports/journal.ts';

export const RULES: Rules = {
  queuePerSession: 3,
  maxSteps: 3,
  provider: 'rehearsal',
  defaultModel: 'claude-sonnet-5',
  retry: { maxRetries: 3, delayMs: 1, timeoutMs: 1_000 },
  hasPrice: (model) => model.startsWith('claude'),
};

export const freshState = (): SessionState => ({
  head: newHead(sessionKey('default', 's'), 0),
  cancelling: undefined,
});

/** What a sender, an operator or the executor may say next. A step's outcome is for the step under way. */
export type Said =
  | { readonly input: Input }
  | { readonly outcome: StepOutcome; readonly isLate: boolean }
  | { readonly tool: ToolNews };

/** What may become of the tool calls of the turn that is at them. `which`: of those that it can be about. */
export interface ToolNews {
  readonly kind: 'decide' | 'end' | 'gather' | 'allow' | 'deny' | 'stop' | 'lose';
  readonly which: number;
  readonly verdicts: readonly ('pure' | 'at_most_once' | 'alone' | 'ask' | 'refuse')[];
}

const turnId = fc.constantFrom('a', 'b', 'c', 'd', 'e').map((id) => id as TurnId);
const body = (text: string) => Buffer.from(JSON.stringify({ role: 'user', content: text }));

const newTurn: fc.Arbitrary<NewTurn> = fc
  .record({
    turnId,
    isOther: fc.boolean(),
    create: fc.boolean(),
    onBusy: fc.constantFrom(
      'reject' as const,
      'interrupt' as const,
      'rollback' as const,
      undefined,
      undefined,
    ),
    tags: fc.subarray(['x', 'y']),
    maxSteps: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  })
  .map(({ isOther, maxSteps, ...turn }) => ({
    ...turn,
    body: body(turn.turnId),
    promptHash: `${turn.turnId}${isOther ? ' otherwise' : ''}`,
    excerpt: turn.turnId,
    options: maxSteps === undefined ? {} : { maxSteps },
    settings: {},
    provider: undefined,
  }));

const toolUsesOf = (stopReason: string, tools: number) =>
  stopReason === 'tool_use'
    ? ['tu1', 'tu2', 'tu3'].slice(0, tools).map((id) => ({ id, name: 'Bash', input: {} }))
    : [];

const answer: fc.Arbitrary<StepOutcome> = fc
  .record({
    stopReason: fc.constantFrom('end_turn', 'tool_use', 'pause_turn', 'refusal', 'max_tokens'),
    text: fc.constantFrom('', 'words'),
    outputTokens: fc.nat(9),
    costNanoUsd: fc.option(fc.nat(99)),
    tools: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ stopReason, text, outputTokens, costNanoUsd, tools }) => ({
    type: 'message' as const,
    body: Buffer.from(
      JSON.stringify({
        role: 'assistant',
        content: [
          ...(text === '' ? [] : [{ type: 'text', text }]),
          ...toolUsesOf(stopReason, tools).map((use) => ({ type: 'tool_use', ...use })),
        ],
      }),
    ),
    text,
    toolUses: toolUsesOf(stopReason, tools),
    stopReason,
    messageId: 'msg',
    model: 'claude-sonnet-5',
    provider: 'rehearsal' as const,
    usage: { ...emptyUsage, outputTokens },
    costNanoUsd,
  }));

const error = { type: 'overloaded_error', message: 'later', retryable: true };
const outcome: fc.Arbitrary<StepOutcome> = fc.oneof(
  { weight: 4, arbitrary: answer },
  fc.constantFrom<StepOutcome>(
    { type: 'failed', error, partialText: 'half', provider: 'rehearsal' },
    { type: 'failed', error, partialText: '', provider: 'rehearsal' },
    { type: 'cancelled', partialText: 'half' },
    { type: 'postponed', error, delayMs: 0, tried: 1 },
    { type: 'postponed', error, delayMs: 1, tried: 1 },
  ),
);

const refusal = { code: 'queue_full', message: 'full', retryable: true };
const broken = { code: 'internal', message: 'parked', retryable: false };
const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 6,
    arbitrary: newTurn.map((turn) => ({ type: 'turn' as const, turn, known: undefined })),
  },
  fc.option(turnId, { nil: undefined }).map((id) => ({ type: 'cancel' as const, turnId: id })),
  fc.constantFrom<Input>(
    { type: 'create', settings: {} },
    { type: 'settings', settings: { title: 'another' } },
    { type: 'tag', tags: ['z'] },
    { type: 'untag', tags: ['x', 'z'] },
    { type: 'append', messages: [{ role: 'user', body: body('by hand'), atMs: 1 }] },
    { type: 'resume' },
    { type: 'due' },
    { type: 'park', error: broken },
  ),
  turnId.map((id) => ({ type: 'reject' as const, turnId: id, error: refusal })),
);

const toolNews: fc.Arbitrary<ToolNews> = fc.record({
  kind: fc.constantFrom(
    ...([
      'decide',
      'decide',
      'end',
      'end',
      'end',
      'gather',
      'allow',
      'deny',
      'stop',
      'lose',
    ] as const),
  ),
  which: fc.nat(2),
  verdicts: fc.array(
    fc.constantFrom(...(['pure', 'at_most_once', 'alone', 'ask', 'refuse'] as const)),
    { minLength: 3, maxLength: 3 },
  ),
});

export const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 3, arbitrary: toolNews.map((tool) => ({ tool })) },
  { weight: 3, arbitrary: input.map((one) => ({ input: one })) },
  {
    weight: 2,
    arbitrary: fc.record({ outcome, isLate: fc.boolean() }),
  },
);

/** A journal, an executor and a commit loop of a few lines each: what is committed together is folded together. */
export class World {
  state = freshState();
  readonly entries: SessionWrite['appends'][number]['entries'][number][] = [];
  readonly ledger = new Map<TurnId, ClosedTurn>();
  readonly accepted = new Set<TurnId>();
  /** Turns that made room by `rollback`. */
  readonly rolledBack = new Set<TurnId>();
  run: RunId | undefined;
  /** Results that this process has at hand; a crash takes them. */
  results = new Map<string, Uint8Array>();
  /** How often each `at_most_once` call was begun. */
  readonly #begun = new Map<string, number>();
  /** What the journal's index would hold. */
  readonly dues = new Set<number>();

  commit(batch: readonly Said[]): void {
    if (batch.some((one) => 'input' in one && one.input.type === 'resume'))
      this.results = new Map();
    const inputs = batch.map((one) => ({ input: this.#input(one) }));
    const before = this.state;
    const folded = foldBatch(before, inputs, this.ledger, RULES, 1_000);
    const change = toChange(before, folded, { owner: 'me', epoch: 1 });
    if (change?.kind === 'write') this.#store(change);
    this.state = folded.state;
    for (const { turnId: id, yields } of folded.state.head.openTurns)
      if (yields === 'rollback') this.rolledBack.add(id);
    this.#begin();
    for (const effect of folded.effects) this.#carryOut(effect);
    this.check();
  }

  /** Everything that must hold after each commit. */
  check(): void {
    const { head } = this.state;
    deepEqual(
      this.entries.map(({ seq }) => seq),
      this.entries.map((_, at) => at + 1),
    );
    equal(head.seq, this.entries.length);
    const [first] = head.openTurns;
    if (first !== undefined) expect(['running', 'waiting']).toContain(first.status);
    deepEqual(this.dues, new Set(duesOf(head).map(({ atMs }) => atMs)));
    equal(this.run, first && awaitedModelRun(first));
    for (const { status, yields } of head.openTurns.slice(1))
      deepEqual([status, yields], ['queued', undefined]); // what has not begun makes room at once
    const known = [...head.openTurns.map((open) => open.turnId), ...this.ledger.keys()];
    deepEqual(known.toSorted(), [...this.accepted].toSorted());
    for (const record of this.ledger.values()) this.#checkRollback(record);
    checkTools(head, this.entries);
    checkSums(
      head,
      this.entries.filter((entry) => entry.kind === 'message'),
      this.ledger,
    );
  }

  /** Of a turn that was rolled back the model sees nothing. */
  #checkRollback({ turnId, lastSeq }: ClosedTurn): void {
    if (!this.rolledBack.has(turnId)) return;
    const throughs = this.entries.flatMap((entry) =>
      entry.kind === 'view' && entry.view.type === 'rollback' && entry.view.turnId === turnId
        ? [entry.view.throughSeq]
        : [],
    );
    expect(Math.max(...throughs)).toBeGreaterThanOrEqual(lastSeq);
  }

  #input(one: Said): Input {
    if ('input' in one) return one.input;
    const [first] = this.state.head.openTurns;
    if ('tool' in one) return toolInput(first, one.tool, this.results);
    const { turnId: id = 'a' as TurnId, runs = 1 } = first ?? {};
    const { outcome: ended } = one;
    return {
      type: 'step',
      runId: runIdOf(id, runs - (one.isLate ? 1 : 0)),
      retries: 0,
      outcome: ended,
    };
  }

  /** Calls that the commit has started. */
  #begin(): void {
    const [first] = this.state.head.openTurns;
    if (first?.phase?.kind !== 'tools') return;
    for (const call of first.phase.calls) {
      if (call.state !== 'started' || call.effect !== 'at_most_once') continue;
      const id = `${first.phase.answerSeq} ${call.toolUseId}`;
      const begun = this.#begun.get(id);
      expect(begun ?? call.run).toBe(call.run); // another run of it would be another effect
      this.#begun.set(id, call.run);
    }
  }

  #store({ appends, turns, newTurnIds, dues }: SessionWrite): void {
    for (const { atMs } of dues?.removed ?? []) expect(this.dues.delete(atMs)).toBe(true);
    for (const { atMs } of dues?.added ?? []) this.dues.add(atMs);
    for (const { entries } of appends) this.entries.push(...entries);
    for (const id of newTurnIds) {
      expect(this.accepted).not.toContain(id);
      this.accepted.add(id);
    }
    for (const record of turns) {
      expect(this.ledger.has(record.turnId)).toBe(false);
      this.ledger.set(record.turnId, record);
    }
  }

  #carryOut(effect: Effect): void {
    if (effect.type === 'startModel') this.run = effect.runId;
    if (effect.type === 'startTools') this.run = undefined;
    if (effect.type === 'publish' && effect.body.type === 'retry') this.run = undefined;
    if (effect.type === 'closed' && this.run?.startsWith(`${effect.record.turnId}#`))
      this.run = undefined;
  }
}

/** What a piece of news about tools is for the turn that is at them; what fits nothing is an outcome that comes late. */
const toolInput = (
  first: OpenTurn | undefined,
  news: ToolNews,
  results: Map<string, Uint8Array>,
): Input => {
  const phase = first?.phase?.kind === 'tools' ? first.phase : undefined;
  const id = first?.turnId ?? ('a' as TurnId);
  const calls = phase?.calls ?? [];
  const pick = (state: OpenCall['state']) => {
    const all = calls.filter((call) => call.state === state);
    return all[news.which % Math.max(1, all.length)];
  };
  const own = runIdOf(id, phase?.run ?? 0);
  switch (news.kind) {
    case 'decide':
      return { type: 'decided', runId: own, verdicts: verdictsOf(calls, news) };
    case 'gather': {
      // Read from the store: whatever ended has a result.
      for (const call of calls)
        if (call.state === 'ended') results.set(call.toolUseId, resultOf(call));
      return { type: 'gathered', runId: own, results };
    }
    case 'allow':
    case 'deny':
    case 'stop': {
      const asked = pick('asked');
      const run = asked?.state === 'asked' ? asked.run : 0;
      const approval =
        news.kind === 'allow'
          ? ({ decision: 'allow', rules: [] } as const)
          : ({ decision: 'deny', interrupt: news.kind === 'stop' } as const);
      return { type: 'approve', approvalId: runIdOf(id, run), approval, by: 'ann' };
    }
    case 'lose':
    case 'end': {
      const started = pick('started');
      const run = started?.state === 'started' ? started.run : 0;
      const runId = runIdOf(id, run);
      if (news.kind === 'lose') return { type: 'lost', runId };
      if (started !== undefined) results.set(started.toolUseId, resultOf(started));
      return { type: 'toolEnded', runId, isError: false, results };
    }
  }
};

const resultOf = ({ toolUseId }: OpenCall): Uint8Array =>
  Buffer.from(JSON.stringify({ type: 'tool_result', tool_use_id: toolUseId, content: 'done' }));

const verdictsOf = (calls: readonly OpenCall[], { verdicts }: ToolNews): readonly Verdict[] =>
  calls.map(({ toolUseId }, at): Verdict => {
    const kind = verdicts[at] ?? 'pure';
    const facts = { toolUseId, input: {}, reason: kind };
    if (kind === 'refuse') return { ...facts, kind, message: 'no' };
    const isAlone = kind === 'alone';
    if (kind === 'pure' || kind === 'alone')
      return { ...facts, kind: 'start', effect: 'pure', isAlone };
    const permitted = { effect: 'at_most_once', isAlone } as const;
    if (kind === 'at_most_once') return { ...facts, ...permitted, kind: 'start' };
    const asked = { reason: 'why', commands: [], files: [], suggestions: [] };
    return { ...facts, ...permitted, kind, asked };
  });

/** Each tool that an answer asks for is answered, in one message and in their order, or is still awaited. */
const checkTools = ({ openTurns: [first] }: Head, entries: readonly Entry[]): void => {
  const messages = entries.filter(
    (entry): entry is MessageEntry => entry.kind === 'message' && !entry.isPartial,
  );
  const disowned = new Set(
    entries.flatMap((entry) =>
      entry.kind === 'view' && entry.view.type === 'repair' ? [entry.view.afterSeq] : [],
    ),
  );
  const awaited = first?.phase?.kind === 'tools' ? first.phase.answerSeq : undefined;
  for (const asking of messages) {
    const uses = idsIn(asking, 'tool_use');
    if (uses.length === 0) continue;
    const next = messages.find(({ seq, turnId }) => seq > asking.seq && turnId === asking.turnId);
    const isOpen = asking.seq === awaited || disowned.has(asking.seq);
    if (isOpen) equal(next, undefined);
    else deepEqual(next && idsIn(next, 'tool_result'), uses);
  }
};

const idsIn = ({ body: json }: MessageEntry, type: string): readonly string[] => {
  const { content } = JSON.parse(Buffer.from(json).toString()) as {
    content: string | { type: string; id?: string; tool_use_id?: string }[];
  };
  if (typeof content === 'string') return [];
  return content.flatMap((block) =>
    block.type === type ? [block.tool_use_id ?? block.id ?? ''] : [],
  );
};

const checkSums = (
  head: Head,
  messages: readonly MessageEntry[],
  ledger: ReadonlyMap<TurnId, ClosedTurn>,
): void => {
  const answers = messages.filter(({ usage }) => usage !== undefined);
  const usage = answers.reduce((sum, one) => addUsage(sum, one.usage ?? emptyUsage), emptyUsage);
  deepEqual(head.usage, usage);
  const costNanoUsd = answers.reduce((sum, one) => sum + (one.costNanoUsd ?? 0), 0);
  equal(head.costNanoUsd, costNanoUsd);
  equal(head.unpricedAnswers, answers.filter((one) => one.costNanoUsd === null).length);
  equal(head.messageCount, messages.filter(({ isPartial }) => !isPartial).length);
  const turns = [...ledger.values(), ...head.openTurns];
  const ofTurns = turns.reduce((sum, turn) => addUsage(sum, turn.usage), emptyUsage);
  deepEqual(ofTurns, usage);
  equal(head.numTurns, turns.filter((turn) => turn.startedAtMs !== undefined).length);
};
