/** Random lives of a session: arbitrary inputs, and a world that carries out what the machine says and checks it. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { duesOf } from '../../src/model/due.ts';
import type { MessageEntry } from '../../src/model/entry.ts';
import { type Head, newHead } from '../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import { awaitedRun, type ClosedTurn, type RunId, runIdOf } from '../../src/model/turn.ts';
import { addUsage, emptyUsage } from '../../src/model/usage.ts';
import { foldBatch, toChange } from '../../src/session/machine/fold.ts';
import type {
  Effect,
  Input,
  NewTurn,
  Rules,
  SessionState,
} from '../../src/session/machine/machine.ts';
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
  | { readonly outcome: StepOutcome; readonly isLate: boolean };

const turnId = fc.constantFrom('a', 'b', 'c', 'd', 'e').map((id) => id as TurnId);
const body = (text: string) => Buffer.from(JSON.stringify({ role: 'user', content: text }));

const newTurn: fc.Arbitrary<NewTurn> = fc
  .record({
    turnId,
    isOther: fc.boolean(),
    create: fc.boolean(),
    onBusy: fc.constantFrom('reject' as const, undefined),
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

const answer: fc.Arbitrary<StepOutcome> = fc
  .record({
    stopReason: fc.constantFrom('end_turn', 'tool_use', 'pause_turn', 'refusal', 'max_tokens'),
    text: fc.constantFrom('', 'words'),
    outputTokens: fc.nat(9),
    costNanoUsd: fc.option(fc.nat(99)),
  })
  .map(({ stopReason, text, outputTokens, costNanoUsd }) => ({
    type: 'message' as const,
    body: Buffer.from(
      JSON.stringify({ role: 'assistant', content: text === '' ? [] : [{ type: 'text', text }] }),
    ),
    text,
    toolUses: stopReason === 'tool_use' ? [{ id: 'tu', name: 'Bash', input: {} }] : [],
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

export const said: fc.Arbitrary<Said> = fc.oneof(
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
  run: RunId | undefined;
  /** What the journal's index would hold. */
  readonly dues = new Set<number>();

  commit(batch: readonly Said[]): void {
    const inputs = batch.map((one) => ({ input: this.#input(one) }));
    const before = this.state;
    const folded = foldBatch(before, inputs, this.ledger, RULES, 1_000);
    const change = toChange(before, folded, { owner: 'me', epoch: 1 });
    if (change?.kind === 'write') this.#store(change);
    this.state = folded.state;
    for (const effect of folded.effects) this.#carryOut(effect);
    this.check();
  }

  /** Everything that must hold after each commit. */
  check(): void {
    const { head } = this.state;
    expect(this.entries.map(({ seq }) => seq)).toEqual(this.entries.map((_, at) => at + 1));
    expect(head.seq).toBe(this.entries.length);
    const [first, ...others] = head.openTurns;
    if (first !== undefined) expect(['running', 'waiting']).toContain(first.status);
    expect(this.dues).toEqual(new Set(duesOf(head).map(({ atMs }) => atMs)));
    for (const other of others) expect(other.status).toBe('queued');
    expect(this.run).toBe(first && awaitedRun(first));
    const known = [...head.openTurns.map((open) => open.turnId), ...this.ledger.keys()];
    expect(known.toSorted()).toEqual([...this.accepted].toSorted());
    checkSums(
      head,
      this.entries.filter((entry) => entry.kind === 'message'),
      this.ledger,
    );
  }

  #input(one: Said): Input {
    if ('input' in one) return one.input;
    const [first] = this.state.head.openTurns;
    const { turnId: id = 'a' as TurnId, runs = 1 } = first ?? {};
    const { outcome: ended } = one;
    return {
      type: 'step',
      runId: runIdOf(id, runs - (one.isLate ? 1 : 0)),
      retries: 0,
      outcome: ended,
    };
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
    if (effect.type === 'publish' && effect.body.type === 'retry') this.run = undefined;
    if (effect.type === 'closed' && this.run?.startsWith(`${effect.record.turnId}#`))
      this.run = undefined;
  }
}

const checkSums = (
  head: Head,
  messages: readonly MessageEntry[],
  ledger: ReadonlyMap<TurnId, ClosedTurn>,
): void => {
  const answers = messages.filter(({ usage }) => usage !== undefined);
  const usage = answers.reduce((sum, one) => addUsage(sum, one.usage ?? emptyUsage), emptyUsage);
  expect(head.usage).toEqual(usage);
  expect(head.costNanoUsd).toBe(answers.reduce((sum, one) => sum + (one.costNanoUsd ?? 0), 0));
  expect(head.unpricedAnswers).toBe(answers.filter((one) => one.costNanoUsd === null).length);
  expect(head.messageCount).toBe(messages.filter(({ isPartial }) => !isPartial).length);
  const turns = [...ledger.values(), ...head.openTurns];
  const ofTurns = turns.reduce((sum, turn) => addUsage(sum, turn.usage), emptyUsage);
  expect(ofTurns).toEqual(usage);
  expect(head.numTurns).toBe(turns.filter((turn) => turn.startedAtMs !== undefined).length);
};
