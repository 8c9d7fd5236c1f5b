/** The tool calls of a turn: decided, asked about, started, ended, and answered to the model as one message. */
import { describe, expect, it } from 'vitest';
import { duesOf } from '../../../src/model/due.ts';
import type { TurnId } from '../../../src/model/ids.ts';
import { awaitedRuns, runIdOf } from '../../../src/model/turn.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import { foldBatch } from '../../../src/session/machine/fold.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { SessionState } from '../../../src/session/machine/machine.ts';
import {
  asks,
  CANCEL,
  calling,
  decided,
  effects,
  ended,
  entriesOf,
  eventsOf,
  fresh,
  NOW,
  prompt,
  RULES,
  recordsOf,
  refuses,
  resultsOf,
  run,
  said,
  starts,
  step,
} from './support.ts';

const runId = (number: number) => runIdOf('a' as TurnId, number);
const callsOf = (state: ReturnType<typeof run>['state']) => {
  const phase = state.head.openTurns[0]?.phase;
  return phase?.kind === 'tools' ? phase.calls : [];
};
const statesOf = (state: ReturnType<typeof run>['state']) =>
  callsOf(state).map((call) => call.state);
const told = (body: Uint8Array | undefined) =>
  JSON.parse(Buffer.from(body ?? []).toString()) as {
    content: { tool_use_id: string; content: string; is_error?: boolean }[];
  };
/** The message that goes to the model with the last change. */
const answered = (change: ReturnType<typeof run>['last']) =>
  told(
    entriesOf(change)
      .flatMap((each) => (each.kind === 'message' ? [each.body] : []))
      .at(-1),
  );
const approve = (number: number, approval: object = { decision: 'allow', rules: [] }): Input =>
  ({ type: 'approve', approvalId: runId(number), approval, by: 'ann' }) as Input;

const BEGUN = [prompt('a'), step('a', calling('x', 'y'))];

describe('an answer that asks for tools', () => {
  it('is committed with its calls before anything is decided about them', () => {
    const { last, state } = run(...BEGUN);
    expect(entriesOf(last)).toHaveLength(1);
    expect(effects(last)).toEqual(['message', 'see', 'startTools']);
    expect(statesOf(state)).toEqual(['undecided', 'undecided']);
    expect(awaitedRuns(state.head.openTurns[0] as never)).toEqual([runId(2)]);
    expect(state.head).toMatchObject({ status: 'running', toolCallCount: 2 });
  });

  it('is committed with what is decided about them, where that is known at once', () => {
    const before = run(prompt('a')).state;
    const input = step('a', calling('x', 'y'));
    const seen: unknown[] = [];
    const folded = foldBatch(before, [{ input }], new Map(), RULES, NOW, ({ head }, all) => {
      seen.push(head.openTurns[0]?.phase?.kind, all.map(({ type }) => type).includes('startTools'));
      return decided('a', 2, starts('x'), refuses('y'));
    });
    expect(seen).toEqual(['tools', true]);
    expect(statesOf(folded.state)).toEqual(['started', 'failed']);
    expect(folded.state.head.version).toBe(before.head.version + 1);
    expect(folded.answers).toHaveLength(1);
  });

  it('runs none where the turn ends with it, and answers each', () => {
    const { last } = run(prompt('a', { options: { maxSteps: 1 } }), step('a', calling('x', 'y')));
    expect(
      answered(last).content.map(({ tool_use_id, is_error }) => [tool_use_id, is_error]),
    ).toEqual([
      ['x', true],
      ['y', true],
    ]);
    expect(recordsOf(last)).toMatchObject([{ status: 'completed', stopReason: 'max_steps' }]);
  });

  it('runs none that an early end may have cut off', () => {
    const cut = { ...calling('x'), stopReason: 'max_tokens' } as ReturnType<typeof calling>;
    const { last } = run(prompt('a'), step('a', cut));
    expect(answered(last).content).toMatchObject([{ tool_use_id: 'x', is_error: true }]);
    expect(recordsOf(last)).toMatchObject([{ status: 'completed', stopReason: 'max_tokens' }]);
  });
});

describe('decisions', () => {
  it('start what is allowed in the commit that stores them, with what is to become of it in a crash', () => {
    const { last, state } = run(...BEGUN, decided('a', 2, starts('x', 'at_most_once'), asks('y')));
    expect(callsOf(state)).toMatchObject([
      { state: 'started', run: 4, effect: 'at_most_once', atMs: 1_000 },
      { state: 'asked', run: 3 },
    ]);
    expect(effects(last)).toEqual(['permission.requested', 'startTools']);
    expect(state.head).toMatchObject({ status: 'running', permissionCheckCount: 2 });
  });

  it('that refuse everything answer the model at once', () => {
    const { last, state } = run(...BEGUN, decided('a', 2, refuses('x'), refuses('y')));
    expect(answered(last).content).toEqual([
      { type: 'tool_result', tool_use_id: 'x', is_error: true, content: 'no such thing' },
      { type: 'tool_result', tool_use_id: 'y', is_error: true, content: 'no such thing' },
    ]);
    expect(last.effects.at(-1)).toEqual({ type: 'startModel', runId: runId(3) });
    expect(state.head.openTurns).toMatchObject([{ steps: 1, runs: 3, lastSeq: 3 }]);
  });

  it('say nothing of a call: it fails, and does not run', () => {
    const { last } = run(...BEGUN, decided('a', 2, refuses('x')));
    expect(answered(last).content[1]).toMatchObject({ tool_use_id: 'y', is_error: true });
  });

  it.each([1, 3])('of a run that is not awaited change nothing: run %i', (number) => {
    const { last } = run(...BEGUN, decided('a', number, starts('x'), starts('y')));
    expect([last.writes, last.effects]).toEqual([[], []]);
  });

  it('are audited, each with what decided', () => {
    const { last } = run(...BEGUN, decided('a', 2, starts('x'), refuses('y')));
    const audits = last.writes.flatMap((each) => (each.type === 'audit' ? [each.record] : []));
    expect(audits).toMatchObject([
      {
        ...{ kind: 'permission', action: 'allowed' },
        details: { turnId: 'a', toolUseId: 'x', tool: 'Bash', reason: 'the mode' },
      },
      { kind: 'permission', action: 'denied', details: { toolUseId: 'y', reason: 'a rule' } },
    ]);
  });
});

describe('calls that run', () => {
  const RUNNING = [...BEGUN, decided('a', 2, starts('x'), starts('y'))];

  it('store each result as it comes, out of the model’s view, and give it all of them in the order of the calls', () => {
    const first = run(...RUNNING, ended('a', 4, resultsOf('y')));
    expect(entriesOf(first.last)).toMatchObject([{ isPartial: true, role: 'user', turnId: 'a' }]);
    expect(effects(first.last)).not.toContain('see');
    const { last } = run(
      ...RUNNING,
      ended('a', 4, resultsOf('y')),
      ended('a', 3, resultsOf('x', 'y')),
    );
    expect(answered(last).content.map(({ tool_use_id }) => tool_use_id)).toEqual(['x', 'y']);
    expect(entriesOf(last)).toHaveLength(1);
    expect(effects(last)).toEqual(['tool.finished', 'message', 'see', 'startModel']);
  });

  it('whose results are not at hand have them gathered first', () => {
    const { last, state } = run(
      ...RUNNING,
      ended('a', 4, resultsOf('y')),
      ended('a', 3, resultsOf('x')),
    );
    expect(statesOf(state)).toEqual(['ended', 'ended']);
    expect(effects(last)).toEqual(['tool.finished', 'startTools']);
    const gathered = run(...RUNNING, ended('a', 4, resultsOf('y')), ended('a', 3, resultsOf('x')), {
      type: 'gathered',
      runId: runId(5),
      results: resultsOf('x', 'y'),
    });
    expect(answered(gathered.last).content).toHaveLength(2);
    expect(effects(gathered.last)).toContain('startModel');
  });

  it('end once: a second outcome changes nothing', () => {
    const { last } = run(...RUNNING, ended('a', 3, resultsOf('x')), ended('a', 3, resultsOf('x')));
    expect([last.writes, last.effects]).toEqual([[], []]);
  });

  it('say how long they took, and are audited', () => {
    const { last } = run(...RUNNING, ended('a', 3, resultsOf('x'), true));
    expect(eventsOf(last)).toEqual([
      { type: 'tool.finished', toolUseId: 'x', isError: true, durationMs: 0 },
    ]);
    expect(last.writes).toContainEqual(
      expect.objectContaining({
        record: expect.objectContaining({ kind: 'tool', action: 'failed' }),
      }),
    );
  });

  it('leave what the session has to remember', () => {
    const remember = {
      memory: { cwd: '/srv/app/x', files: [{ path: '/f', mtimeMs: 1, size: 2 }] },
    };
    const one = { ...ended('a', 3, resultsOf('x')), ...remember } as Input;
    const { state } = run(...RUNNING, one);
    expect(state.head.toolMemory).toEqual(remember.memory);
  });

  it('of a kind that wants to be alone run one after another', () => {
    const alone = { isAlone: true };
    const { state } = run(
      ...BEGUN,
      decided('a', 2, starts('x', 'pure', alone), starts('y', 'pure', alone)),
    );
    expect(statesOf(state)).toEqual(['started', 'allowed']);
    const next = run(
      ...BEGUN,
      decided('a', 2, starts('x', 'pure', alone), starts('y', 'pure', alone)),
      ended('a', 3, resultsOf('x')),
    );
    expect(statesOf(next.state)).toEqual(['ended', 'started']);
  });
});

describe('a call that asks', () => {
  const ASKING = [...BEGUN, decided('a', 2, asks('x'), refuses('y'))];

  it('has its turn wait for a person, and its session may rest', () => {
    const { state, last } = run(...ASKING);
    expect(state.head).toMatchObject({ status: 'waiting', openTurns: [{ status: 'waiting' }] });
    expect(awaitedRuns(state.head.openTurns[0] as never)).toEqual([]);
    expect(eventsOf(last)).toContainEqual({
      ...{ type: 'permission.requested', approvalId: runId(3), toolUseId: 'x', toolName: 'Bash' },
      ...{ input: { a: 1 }, reason: 'nothing allows it' },
    });
  });

  it('waits on after a crash, as long as it takes', () => {
    const { state, last } = run(...ASKING, { type: 'resume' }, { type: 'due' });
    expect(statesOf(state)).toEqual(['asked', 'failed']);
    expect(last.effects).toEqual([]);
  });

  it('that is allowed runs', () => {
    const { state, last } = run(...ASKING, approve(3));
    expect(statesOf(state)).toEqual(['started', 'failed']);
    expect(last.answer).toEqual({ type: 'approved', turnId: 'a' });
    expect(effects(last)).toEqual(['permission.decided', 'startTools']);
    expect(state.head.status).toBe('running');
  });

  it('that is allowed with another input runs with that', () => {
    const found = { effect: 'pure', isAlone: false };
    const input = { b: 2 };
    const { state } = run(...ASKING, approve(3, { decision: 'allow', rules: [], input, found }));
    expect(callsOf(state)[0]).toMatchObject({ state: 'started', input });
  });

  it('that is allowed with another input leaves a record of that input, and of who gave it', () => {
    const approval = { decision: 'allow', rules: [], input: { b: 2 }, found: { effect: 'pure' } };
    const { writes } = run(...ASKING, approve(3, approval)).last;
    const records = writes.flatMap((write) => (write.type === 'audit' ? [write.record] : []));
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ action: 'allowed', by: 'ann' });
    expect(JSON.stringify(writes)).toContain('a person allowed it with this input');
    expect(Object.keys(records[0]?.details ?? {})).toContain('input');
  });

  it('takes no other input that no rule has seen, as of one who answered before it asked', () => {
    expect(() =>
      run(...ASKING, approve(3, { decision: 'allow', rules: [], input: { b: 2 } })),
    ).toThrow(expect.objectContaining({ code: 'approval_not_found' }));
  });

  it('that is allowed with another input has the effect and the place that were found for that', () => {
    const found = { effect: 'at_most_once', isAlone: false, realPath: '/b' };
    const asked = { ...asks('x'), effect: 'pure', isAlone: true, realPath: '/a' } as never;
    const input = { b: 2 };
    const { state } = run(
      ...BEGUN,
      decided('a', 2, asked, starts('y')),
      approve(3, { decision: 'allow', rules: [], input, found }),
    );
    expect(callsOf(state)[0]).toMatchObject({
      ...{ input, effect: 'at_most_once' },
      isAlone: undefined,
      realPath: '/b',
    });
  });

  it('that is allowed with rules leaves them with the session, each once', () => {
    const rules = ['Bash(ls)', 'Bash(ls)'];
    const { state } = run(...ASKING, approve(3, { decision: 'allow', rules }));
    expect(state.head.allowedTools).toEqual(['Bash(ls)']);
  });

  it('that is denied is told to the model, with the reason', () => {
    const { last } = run(
      ...ASKING,
      approve(3, { decision: 'deny', reason: 'not on a Sunday', interrupt: false }),
    );
    expect(answered(last).content[0]).toMatchObject({
      is_error: true,
      content: expect.stringContaining('not on a Sunday'),
    });
    expect(effects(last)).toContain('startModel');
  });

  it('that is denied for good ends the turn, and answers every call', () => {
    const { last } = run(...ASKING, approve(3, { decision: 'deny', interrupt: true }));
    expect(answered(last).content).toHaveLength(2);
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('takes the first answer, and refuses all others', () => {
    expect(() => run(...ASKING, approve(3), approve(3))).toThrow(
      expect.objectContaining({ code: 'already_decided' }),
    );
  });

  it.each(['a#99', 'b#3', 'nonsense', ''])('is not %j', (approvalId) => {
    expect(() => run(...ASKING, { ...approve(3), approvalId } as Input)).toThrow(
      expect.objectContaining({ code: 'approval_not_found' }),
    );
  });
});

describe('a crash while tools run', () => {
  it.each(['pure', 'idempotent'] as const)('has a %s one run again', (effect) => {
    const { state, last } = run(...BEGUN, decided('a', 2, starts('x', effect), refuses('y')), {
      type: 'resume',
    });
    expect(callsOf(state)[0]).toMatchObject({ state: 'started', run: 4 });
    expect(effects(last)).toEqual(['turn.started', 'startTools']);
  });

  it('tells the model that nobody knows whether an at_most_once one ran', () => {
    const { state, last } = run(
      ...BEGUN,
      decided('a', 2, starts('x', 'at_most_once'), refuses('y')),
      { type: 'resume' },
    );
    expect(state.head.openTurns).toMatchObject([{ phase: { kind: 'model' } }]);
    expect(answered(last).content[0]?.content).toBe('interrupted: it is unknown whether it ran');
  });

  it('has what was not decided yet decided again, and drops what was being decided', () => {
    const { last } = run(...BEGUN, { type: 'resume' }, decided('a', 2, starts('x'), starts('y')));
    expect(last.writes).toEqual([]);
  });

  it('loses one executor: only its call is made again', () => {
    const { state } = run(...BEGUN, decided('a', 2, starts('x'), starts('y')), {
      type: 'lost',
      runId: runId(3),
    });
    expect(callsOf(state)).toMatchObject([{ run: 5 }, { run: 4 }]);
  });
});

describe('a cancel while tools run', () => {
  it('ends at once what waits for people, with an answer for each call', () => {
    const { last } = run(...BEGUN, decided('a', 2, asks('x'), asks('y')), CANCEL);
    expect(answered(last).content).toHaveLength(2);
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('tells what runs to end, and waits for it', () => {
    const begun = run(...BEGUN, decided('a', 2, starts('x'), asks('y')), CANCEL);
    expect(begun.last.effects).toContainEqual({ type: 'cancelRun', runId: runId(4) });
    expect(recordsOf(begun.last)).toEqual([]);
    const { last } = run(
      ...BEGUN,
      decided('a', 2, starts('x'), asks('y')),
      CANCEL,
      ended('a', 4, resultsOf('x'), true),
    );
    expect(answered(last).content.map(({ tool_use_id }) => tool_use_id)).toEqual(['x', 'y']);
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled' }]);
  });

  it('starts the turn behind it', () => {
    const { state } = run(...BEGUN, prompt('b'), decided('a', 2, asks('x'), asks('y')), CANCEL);
    expect(state.head.openTurns).toMatchObject([{ turnId: 'b', status: 'running' }]);
  });
});

it('a session that is parked while tools run says that their calls have no result', () => {
  const error = { code: 'internal', message: 'sick', retryable: false };
  const { last } = run(...BEGUN, decided('a', 2, starts('x'), asks('y')), { type: 'park', error });
  expect(entriesOf(last)).toMatchObject([
    { kind: 'view', view: { type: 'repair', afterSeq: 2, toolUseIds: ['x', 'y'] } },
  ]);
});

it('the model goes on from the results', () => {
  const { last } = run(
    ...BEGUN,
    decided('a', 2, starts('x'), refuses('y')),
    ended('a', 3, resultsOf('x')),
    step('a', said('done'), 4),
  );
  expect(recordsOf(last)).toMatchObject([{ status: 'completed', steps: 2 }]);
});

describe('a call that asks and has a deadline', () => {
  const MINUTES = { settings: { limits: { approvalMinutes: 10 } } };
  const DUE = NOW + 600_000;
  const asking = (...verdicts: Parameters<typeof decided>[2][]) =>
    run(prompt('a', MINUTES), step('a', calling('x', 'y')), decided('a', 2, ...verdicts));
  const at = (state: SessionState, nowMs: number, input: Input = { type: 'due' }, rules = RULES) =>
    apply(state, input, rules, nowMs);

  it('is due then, and no more once it is answered', () => {
    const { state } = asking(asks('x'), refuses('y'));
    expect(duesOf(state.head)).toEqual([{ kind: 'approval', atMs: DUE }]);
    expect(duesOf(at(state, NOW, approve(3)).state.head)).toEqual([]);
    expect(duesOf(at(state, NOW, CANCEL).state.head)).toEqual([]);
  });

  it('is denied then and not before, is told why, and the model goes on', () => {
    const { state } = asking(asks('x'), refuses('y'));
    expect(at(state, DUE - 1).state).toEqual(state);
    const last = at(state, DUE);
    const until = '1970-01-01T00:10:01.000Z';
    expect(answered(last).content[0]).toMatchObject({
      ...{ tool_use_id: 'x', is_error: true },
      content: `This was not allowed: no answer came until ${until}.`,
    });
    expect(eventsOf(last)).toContainEqual({
      ...{ type: 'permission.decided', approvalId: runId(3), toolUseId: 'x' },
      ...{ decision: 'deny', by: 'deadline' },
    });
    expect(last.writes).toContainEqual({
      type: 'audit',
      record: expect.objectContaining({
        ...{ kind: 'permission', action: 'denied', by: 'deadline' },
        details: expect.objectContaining({
          tool: 'Bash',
          reason: `no answer came until ${until}`,
        }),
      }),
    });
    expect(last.state.head.openTurns[0]?.phase?.kind).toBe('model');
    expect(() => at(last.state, DUE, approve(3))).toThrow(
      expect.objectContaining({ code: 'already_decided' }),
    );
  });

  it('is denied beside one that runs, which goes on', () => {
    const { state } = asking(asks('x'), starts('y'));
    const last = at(state, DUE);
    expect(statesOf(last.state)).toEqual(['failed', 'started']);
    expect(duesOf(last.state.head)).toEqual([]);
  });

  it('has the daemon’s, unless its session says otherwise', () => {
    const rules = { ...RULES, approvalMs: 5_000 };
    const asked = (fields: object) =>
      [prompt('a', fields), step('a', calling('x')), decided('a', 2, asks('x'))].reduce(
        (state, input) => at(state, NOW, input, rules).state,
        fresh(),
      );
    expect(duesOf(asked({}).head)).toEqual([{ kind: 'approval', atMs: NOW + 5_000 }]);
    expect(duesOf(asked(MINUTES).head)).toEqual([{ kind: 'approval', atMs: DUE }]);
    const never = { settings: { limits: { approvalMinutes: 0 } } };
    expect(duesOf(asked(never).head)).toEqual([]);
  });

  it('keeps the deadline that it was asked with', () => {
    const { state } = asking(asks('x'), refuses('y'));
    const settings: Input = { type: 'settings', settings: { limits: {} } };
    expect(duesOf(at(state, NOW, settings).state.head)).toEqual([{ kind: 'approval', atMs: DUE }]);
  });
});
