/** The session's state machine: what each input makes of a session, what it writes and what it sets off. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { type ClosedTurn, runIdOf } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import { foldBatch, toChange } from '../../../src/session/machine/fold.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { Change, SessionState } from '../../../src/session/machine/machine.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import {
  bytes,
  effects,
  fresh,
  NOW,
  prompt,
  RULES,
  refusedTools,
  run,
  said,
  step,
  written,
} from './support.ts';

describe('a turn', () => {
  it('makes the session, commits its prompt and starts at once', () => {
    const { last, state } = run(prompt('t1'));
    expect(written(last)).toEqual(['audit', 'entry', 'newTurn']);
    expect(effects(last)).toEqual(['turn.accepted', 'turn.started', 'see', 'startModel']);
    expect(state.head).toMatchObject({ status: 'running', seq: 1, numTurns: 1, messageCount: 1 });
  });

  it('on an absent session is refused when it may not make one', () => {
    expect(() => run(prompt('t1', { create: false }))).toThrow(/no session/);
  });

  it('waits behind the one that runs, with its prompt durable', () => {
    const { last, state } = run(prompt('t1'), prompt('t2'));
    expect(effects(last)).toEqual(['turn.accepted']);
    expect(state.head.openTurns.map(({ status, seq }) => [status, seq])).toEqual([
      ['running', 1],
      ['queued', 2],
    ]);
  });

  it('closes with its answer, its usage and its cost, and the next one starts', () => {
    const { last, state } = run(prompt('t1'), prompt('t2'), step('t1', said('hello')));
    expect(written(last)).toEqual(['entry', 'turn']);
    expect(effects(last)).toEqual([
      'message',
      'see',
      'turn.finished',
      'closed',
      'turn.started',
      'see',
      'startModel',
    ]);
    expect(state.head).toMatchObject({ costNanoUsd: 70, status: 'running', numTurns: 2 });
    expect(state.head.openTurns.map(({ turnId }) => turnId)).toEqual(['t2']);
  });

  it('whose id is open already is answered with its record and written nowhere', () => {
    const { last } = run(prompt('t1'), prompt('t1'));
    expect(last.writes).toEqual([]);
    expect(last.answer).toEqual({ type: 'turn', turnId: 't1', isNew: false });
  });

  it('whose id is known with another prompt is refused', () => {
    expect(() => run(prompt('t1'), prompt('t1', { promptHash: 'other' }))).toThrow(
      expect.objectContaining({ code: 'turn_id_reused' }),
    );
  });

  it.each([
    ['queue_full', [prompt('a'), prompt('b'), prompt('c'), prompt('d')]],
    ['invalid_state', [prompt('a'), prompt('b', { onBusy: 'reject' })]],
    ['max_turns_reached', [prompt('a', { settings: { limits: { maxTurns: 1 } } }), prompt('b')]],
    ['price_unknown', [prompt('a', { options: { maxCostUsd: 1, model: 'qwen' } })]],
    [
      'budget_exceeded',
      [
        prompt('a', { settings: { limits: { maxCostUsd: 1e-9 } } }),
        step('a', said('x')),
        prompt('b'),
      ],
    ],
    ['provider_mismatch', [prompt('a', { provider: 'anthropic' })]],
    [
      'provider_mismatch',
      [prompt('a'), step('a', said('x', { provider: 'anthropic' })), prompt('b')],
    ],
  ])('is refused with %s where a limit says so', (code, inputs) => {
    expect(() => run(...inputs)).toThrow(expect.objectContaining({ code }));
  });

  it('of a session with real answers runs rehearsed when it asks for that', () => {
    const { state } = run(
      prompt('a'),
      step('a', said('x', { provider: 'anthropic' })),
      prompt('b', { provider: 'rehearsal' }),
    );
    expect(state.head.openTurns).toHaveLength(1);
    expect(state.head.provider).toBe('anthropic');
  });
});

describe('a step', () => {
  const toolUse = said('look', {
    stopReason: 'tool_use',
    toolUses: [
      { id: 'tu_1', name: 'Bash', input: {} },
      { id: 'tu_2', name: 'Read', input: {} },
    ],
  });

  it('stops at the most steps of a turn', () => {
    const { state, last } = run(
      prompt('t1'),
      ...[1, 3, 5].flatMap((firstRun) => refusedTools('t1', firstRun)),
      step('t1', toolUse, 7),
    );
    expect(state.head.openTurns).toEqual([]);
    expect(last.writes.at(-1)).toMatchObject({
      type: 'turn',
      record: { status: 'completed', stopReason: 'max_steps' },
    });
  });

  it('of a run that is not awaited any more changes nothing', () => {
    const earlier: Input[][] = [
      [{ type: 'resume' }],
      [{ type: 'lost', runId: runIdOf('t1' as TurnId, 1) }],
      [step('t1', said('on', { stopReason: 'pause_turn' }))],
    ];
    for (const inputs of earlier) {
      const { last, state } = run(prompt('t1'), ...inputs, step('t1', said('late'), 1));
      expect(last.writes).toEqual([]);
      expect(last.effects).toEqual([]);
      expect(state.head.openTurns[0]).toMatchObject({ phase: { kind: 'model', run: 2 } });
    }
  });

  it('that is lost is made again as a further run of the same attempt', () => {
    const lost: Input = { type: 'lost', runId: runIdOf('t1' as TurnId, 1) };
    const { last, changes } = run(prompt('t1'), lost, lost);
    expect(changes[1]?.state.head.openTurns[0]).toMatchObject({ attempt: 1, runs: 2 });
    expect(changes[1]?.effects).toEqual([{ type: 'startModel', runId: 't1#2' }]);
    expect(last.effects).toEqual([]);
  });

  it('that is lost when its turn has closed is not made again', () => {
    const lost: Input = { type: 'lost', runId: runIdOf('t1' as TurnId, 1) };
    expect(run(prompt('t1'), step('t1', said('done')), lost).last.effects).toEqual([]);
  });

  it('of a queued turn, which awaits none, changes nothing', () => {
    const { last } = run(prompt('t1'), prompt('t2'), step('t2', said('early')));
    expect(last.writes).toEqual([]);
  });

  it('that was refused takes the turn out of what the model sees', () => {
    const { last } = run(prompt('t1'), step('t1', said('no', { stopReason: 'refusal' })));
    expect(last.writes).toContainEqual(
      expect.objectContaining({ entry: expect.objectContaining({ kind: 'view' }) }),
    );
    expect(last.writes.at(-1)).toMatchObject({
      record: { status: 'failed', error: { code: 'refusal' } },
    });
  });

  it('without a single block is kept for people and not for the model', () => {
    const { last } = run(
      prompt('t1'),
      step('t1', said('', { body: bytes('{"role":"assistant","content":[]}') })),
    );
    expect(last.writes[0]).toMatchObject({ entry: { isPartial: true } });
    expect(effects(last)).not.toContain('see');
  });

  it('by a model without a price makes the total unknown', () => {
    const { state } = run(prompt('t1'), step('t1', said('x', { costNanoUsd: null })));
    expect(state.head).toMatchObject({ costNanoUsd: 0, unpricedAnswers: 1 });
  });

  it('that failed keeps what was said and leaves a usable session', () => {
    const error = { type: 'overloaded_error', message: 'later', retryable: true };
    const { last, state } = run(
      prompt('t1'),
      step('t1', { type: 'failed', error, partialText: 'I wo', provider: 'rehearsal' }),
      prompt('t2'),
    );
    expect(state.head).toMatchObject({ status: 'running', errorCount: 1 });
    expect(last.writes).toHaveLength(2);
  });
});

describe('a step whose next call is far away', () => {
  const error = { type: 'rate_limit_error', message: 'slow down', status: 429, retryable: true };
  const later: StepOutcome = { type: 'postponed', error, delayMs: 40_000, tried: 2 };
  const DUE = NOW + 40_000;
  const waitingTurn = () => run(prompt('t1'), prompt('t2'), step('t1', later)).state;
  const at = (nowMs: number, input: Input) => apply(waitingTurn(), input, RULES, nowMs);

  it('leaves the turn waiting, says until when and why, and lets those behind it wait', () => {
    const { last, state } = run(prompt('t1'), prompt('t2'), step('t1', later));
    expect(state.head).toMatchObject({ status: 'waiting', retryCount: 1, errorCount: 0 });
    expect(state.head.openTurns.map(({ status }) => status)).toEqual(['waiting', 'queued']);
    expect(state.head.openTurns[0]).toMatchObject({
      retries: 1,
      phase: { kind: 'waiting', for: 'retry', dueMs: DUE, tried: 2, error: { code: error.type } },
    });
    expect(last.effects).toEqual([
      expect.objectContaining({ body: { type: 'retry', delayMs: 40_000, error } }),
    ]);
  });

  it('goes on when its time has come, and not before', () => {
    expect(at(DUE - 1, { type: 'due' }).state).toEqual(waitingTurn());
    const { state, effects } = at(DUE, { type: 'due' });
    expect(state.head.status).toBe('running');
    expect(state.head.openTurns[0]).toMatchObject({
      ...{ status: 'running', attempt: 2, runs: 2, phase: { kind: 'model', run: 2, tried: 2 } },
    });
    expect(effects.at(-1)).toEqual({ type: 'startModel', runId: 't1#2' });
    expect(
      apply(state === undefined ? waitingTurn() : state, { type: 'due' }, RULES, DUE).effects,
    ).toEqual([]);
  });

  it('goes on waiting when its session wakes early, and goes on at once when it wakes late', () => {
    const early = at(DUE - 1, { type: 'resume' });
    expect(early.effects).toEqual([]);
    expect(early.state.head.openTurns).toMatchObject([
      { status: 'waiting', attempt: 2, phase: { dueMs: DUE } },
      { status: 'queued', attempt: 2 },
    ]);
    const late = at(DUE, { type: 'resume' });
    expect(late.state.head).toMatchObject({ status: 'running' });
    expect(late.effects.at(-1)).toEqual({ type: 'startModel', runId: 't1#2' });
  });

  it('is cancelled at once, and the next turn starts', () => {
    const { state, writes } = at(NOW, { type: 'cancel', turnId: undefined });
    expect(state.head.openTurns.map(({ turnId, status }) => [turnId, status])).toEqual([
      ['t2', 'running'],
    ]);
    expect(writes.map(({ type }) => type)).toEqual(['turn']);
  });

  it('that was to be cancelled meanwhile ends the turn instead', () => {
    const { last } = run(prompt('t1'), { type: 'cancel', turnId: undefined }, step('t1', later));
    expect(last.writes.at(-1)).toMatchObject({ record: { status: 'cancelled' } });
  });

  it('is due in the journal from the commit in which it begins to wait to the one in which it ends', () => {
    const dues = (before: SessionState, nowMs: number, input: Input) =>
      toChange(before, foldBatch(before, [{ input }], new Map(), RULES, nowMs), {
        ...{ owner: 'me', epoch: 1 },
      })?.dues;
    const running = run(prompt('t1')).state;
    const due = { kind: 'retry', atMs: DUE };
    expect(dues(running, NOW, step('t1', later))).toEqual({ added: [due], removed: [] });
    expect(dues(running, NOW, { type: 'tag', tags: ['x'] })).toBeUndefined();
    const waiting = waitingTurn();
    const before = { ...waiting, head: { ...waiting.head, version: 9 } };
    expect(dues(before, NOW, { type: 'tag', tags: ['x'] })).toEqual({ added: [], removed: [] });
    const parked = { code: 'internal', message: 'x', retryable: false };
    const ends: Input[] = [
      { type: 'due' },
      { type: 'resume' },
      { type: 'cancel', turnId: undefined },
      { type: 'park', error: parked },
      { type: 'delete', by: 'me', ifVersion: undefined, tombstoneMs: 1 },
    ];
    for (const input of ends)
      expect(dues(before, DUE, input)).toEqual({ added: [], removed: [due] });
  });
});

describe('a cancel', () => {
  it('of the running turn waits for its step to end', () => {
    const { changes, last } = run(
      prompt('t1'),
      { type: 'cancel', turnId: undefined },
      step('t1', { type: 'cancelled', partialText: 'half' }),
    );
    expect(changes[1]?.writes).toEqual([]);
    expect(effects(changes[1] as Change)).toEqual(['cancelRun']);
    expect(last.writes.map((write) => write.type)).toEqual(['entry', 'turn']);
    expect(last.writes[1]).toMatchObject({ record: { status: 'cancelled', lastSeq: 2 } });
  });

  it('of a queued turn takes its prompt out of what the model sees', () => {
    const { last, state } = run(prompt('t1'), prompt('t2'), {
      type: 'cancel',
      turnId: 't2' as TurnId,
    });
    expect(last.writes).toContainEqual(
      expect.objectContaining({
        entry: expect.objectContaining({
          view: expect.objectContaining({ type: 'rollback', turnId: 't2' }),
        }),
      }),
    );
    expect(state.head).toMatchObject({ status: 'running' });
  });

  it('of nothing is refused', () => {
    expect(() =>
      run({ type: 'create', settings: {} }, { type: 'cancel', turnId: undefined }),
    ).toThrow(expect.objectContaining({ code: 'invalid_state' }));
  });
});

describe('a session', () => {
  it('that comes back starts its running turn as a further attempt', () => {
    const { last, state } = run(prompt('t1'), { type: 'resume' });
    expect(state.head.openTurns[0]).toMatchObject({ attempt: 2, status: 'running' });
    expect(effects(last)).toEqual(['turn.started', 'startModel']);
  });

  it('that is parked ends its turns as interrupted and says why', () => {
    const { last, state } = run(prompt('t1'), prompt('t2'), {
      type: 'park',
      error: { code: 'internal', message: 'it broke', retryable: false },
    });
    expect(state.head).toMatchObject({
      status: 'parked',
      openTurns: [],
      lastError: { message: 'it broke' },
    });
    expect(last.writes.filter((write) => write.type === 'turn')).toHaveLength(2);
  });

  it('that was parked runs the next turn', () => {
    const { state } = run(
      prompt('t1'),
      { type: 'park', error: { code: 'internal', message: 'x', retryable: false } },
      prompt('t2'),
    );
    expect(state.head.status).toBe('running');
  });

  it('is deleted with its open turns told', () => {
    const { last } = run(prompt('t1'), {
      type: 'delete',
      by: 'me',
      ifVersion: undefined,
      tombstoneMs: 5,
    });
    expect(effects(last)).toEqual(['turn.finished', 'closed', 'cancelRun', 'stop']);
    expect(last.writes).toContainEqual({ type: 'delete', tombstoneUntilMs: NOW + 5 });
  });

  it('is not swept when it changed since it was looked at, or has an open turn', () => {
    const sweep = (ifVersion: number): Input => ({
      type: 'delete',
      by: 'cleaner',
      ifVersion,
      tombstoneMs: 5,
    });
    expect(() => run({ type: 'create', settings: {} }, sweep(7))).toThrow(
      expect.objectContaining({ code: 'invalid_state' }),
    );
    expect(() => run(prompt('t1'), sweep(1))).toThrow(
      expect.objectContaining({ code: 'invalid_state' }),
    );
  });

  it('of mode background ends by itself', () => {
    const { state } = run(
      prompt('t1', { settings: { mode: 'background' } }),
      step('t1', said('done')),
    );
    expect(state.head.status).toBe('completed');
    expect(() => apply(state, prompt('t2'), RULES, NOW)).toThrow(
      expect.objectContaining({ code: 'invalid_state' }),
    );
  });

  it('keeps the first spelling of a tag and each tag once', () => {
    const { state } = run(
      { type: 'create', settings: { tags: [' Billing '] } },
      { type: 'tag', tags: ['billing', 'EU'] },
    );
    expect(state.head.tags).toEqual(['Billing', 'EU']);
  });

  it('refuses a change that names an older version, and keeps what it was', () => {
    expect(() =>
      run(
        { type: 'create', settings: {} },
        { type: 'settings', settings: { title: 'x' }, expectedVersion: 0 },
      ),
    ).toThrow(expect.objectContaining({ code: 'version_conflict' }));
  });
});

describe('inputs that share a commit', () => {
  const waiting = (...inputs: Input[]) => inputs.map((input) => ({ input }));

  it('make one session, once', () => {
    const folded = foldBatch(fresh(), waiting(prompt('t1'), prompt('t2')), new Map(), RULES, NOW);
    expect(folded.writes.filter(({ type }) => type === 'audit')).toHaveLength(1);
    expect(folded.state.head.openTurns).toHaveLength(2);
  });

  it('refuse the second of two creations', () => {
    const create: Input = { type: 'create', settings: {} };
    const folded = foldBatch(fresh(), waiting(create, create), new Map(), RULES, NOW);
    expect(folded.refusals).toMatchObject([{ error: { code: 'session_exists' } }]);
  });

  it('become one change with the version after the one they were computed from', () => {
    const before = fresh();
    const folded = foldBatch(
      before,
      waiting(prompt('t1'), { type: 'tag', tags: ['a'] }),
      new Map(),
      RULES,
      NOW,
    );
    expect(toChange(before, folded, { owner: 'me', epoch: 1 })).toMatchObject({
      expectedVersion: 0,
      head: { version: 1, tags: ['a'] },
    });
  });
});

describe('what went wrong once', () => {
  const failed = (status: number): StepOutcome => ({
    type: 'failed',
    error: { type: 'invalid_request_error', message: 'no', status, retryable: false },
    partialText: '',
    provider: 'rehearsal',
  });

  it('a prompt that the API refuses is out of view, so that the next turn can work', () => {
    const { last } = run(prompt('t1'), step('t1', failed(400)));
    expect(last.writes).toContainEqual(
      expect.objectContaining({
        entry: expect.objectContaining({ view: expect.objectContaining({ turnId: 't1' }) }),
      }),
    );
  });

  it('a prompt that failed for other reasons stays in view', () => {
    const { last } = run(prompt('t1'), step('t1', failed(500)));
    expect(written(last)).toEqual(['turn']);
  });

  it('queued turns end without a model call once the money is spent', () => {
    const settings = { limits: { maxCostUsd: 1e-9 } };
    const { state, last } = run(
      prompt('t1', { settings }),
      prompt('t2'),
      prompt('t3'),
      step('t1', said('dear')),
    );
    expect(state.head).toMatchObject({ openTurns: [], status: 'idle' });
    expect(effects(last)).not.toContain('startModel');
    expect(last.writes.filter(({ type }) => type === 'turn')).toHaveLength(3);
  });

  it('a change of settings is an activity', () => {
    const { state } = run({ type: 'create', settings: {} });
    const later = apply(state, { type: 'settings', settings: { title: 'x' } }, RULES, NOW + 5);
    expect(later.state.head.updatedAtMs).toBe(NOW + 5);
  });

  it('a turn that was rejected before it was a prompt is answered with its record', () => {
    const error = { code: 'invalid_json', message: 'no', retryable: false };
    const { last } = run(
      { type: 'create', settings: {} },
      { type: 'reject', turnId: 't1' as TurnId, error },
    );
    const record = last.writes.find((write) => write.type === 'turn')?.record;
    const known = new Map([['t1' as TurnId, record as ClosedTurn]]);
    const folded = foldBatch(last.state, [{ input: prompt('t1') }], known, RULES, NOW);
    expect(folded.answers).toMatchObject([{ answer: { isNew: false } }]);
  });
});
