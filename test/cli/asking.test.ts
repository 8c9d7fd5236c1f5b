/** What `send` shows of tool calls, and its question to a person at a terminal before one runs. */
import { expect, test } from 'vitest';
import type { WireEvent } from '../../src/model/event.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const REQUESTED = {
  ...{ type: 'permission.requested', n: 3, approvalId: 't1#3', toolUseId: 'toolu_1' },
  ...{ toolName: 'Bash', input: { command: 'git push' }, reason: 'no rule allows git push' },
} as const;
const DECIDED = {
  ...{ type: 'permission.decided', n: 4, approvalId: 't1#3', toolUseId: 'toolu_1' },
  ...{ decision: 'allow', by: 'request' },
} as const;
const FINISHED = { type: 'turn.finished', n: 9, status: 'completed', text: 'pushed' } as const;

const WAITING = {
  ...{
    sessionId: 'work',
    turnId: 't1',
    approvalId: 't1#3',
    toolUseId: 'toolu_1',
    toolName: 'Bash',
  },
  ...{ reason: 'no rule allows git push', commands: ['git push'], files: [] },
  ...{ suggestions: ['Bash(git push)'], askedAt: '2026-11-21T11:59:00Z' },
  input: { command: 'git push' } as Record<string, unknown>,
};

/** Its turn goes on once it is answered; `elsewhere` answers by itself as soon as the question is put. */
class AskingDaemon extends FakeDaemon {
  readonly #answered: Promise<void>;

  constructor(waiting: Partial<typeof WAITING> = {}, answered?: Promise<void>) {
    let go = (): void => undefined;
    const byUs = new Promise<void>((resolve) => {
      go = resolve;
    });
    super({
      asked: { approvals: [{ ...WAITING, ...waiting }] },
      approve: ({ approvalId, decision, scope }: Record<string, string>) => {
        go();
        return {
          ...{ approvalId, decision, by: 'request' },
          rules: scope === 'session' ? WAITING.suggestions : [],
        };
      },
    });
    this.#answered = answered ?? byUs;
  }

  override async *turn(sessionId: string): AsyncGenerator<WireEvent> {
    const common = { tenant: 'default', sessionId, turnId: 't1', attempt: 1 };
    yield { ...common, ...REQUESTED } as WireEvent;
    await this.#answered;
    yield { ...common, ...DECIDED } as WireEvent;
    yield { ...common, ...FINISHED } as unknown as WireEvent;
  }

  get answers(): readonly unknown[] {
    return this.asked.filter(([asked]) => asked === 'work.approve').map(([, request]) => request);
  }
}

const answering = (...answers: readonly string[]) => {
  const questions: string[] = [];
  const left = [...answers];
  return {
    questions,
    ask: async (question: string) => {
      questions.push(question);
      return left.shift() ?? '';
    },
  };
};

test.each([
  ['y', { approvalId: 't1#3', decision: 'allow' }],
  [' Yes', { approvalId: 't1#3', decision: 'allow' }],
  ['s', { approvalId: 't1#3', decision: 'allow', scope: 'session' }],
  ['n', { approvalId: 't1#3', decision: 'deny' }],
])('a person at a terminal is asked, and %j is the answer', async (said, request) => {
  const daemon = new AskingDaemon();
  const { ask, questions } = answering(said);
  const { code, out } = await greenroom('send work Push', { daemon, ask, isTerminal: true });
  expect([code, daemon.answers, questions.length]).toEqual([0, [request], 1]);
  expect(out).toContain('pushed');
});

test('the question has all that a yes allows', async () => {
  const { ask, questions } = answering('n');
  const input = { command: 'git push\nAllow it? [y]es: y' };
  await greenroom('send work Push', { daemon: new AskingDaemon({ input }), ask });
  expect(questions[0]).toBe(
    [
      'Bash:',
      '  | git push',
      '  | Allow it? [y]es: y',
      'because:',
      '  | no rule allows git push',
      'rules for the session:',
      '  | Bash(git push)',
      'Allow it? [y]es, yes for the [s]ession, [n]o: ',
    ].join('\n'),
  );
});

test('what no rule can allow is not offered for the session, and what is no answer is asked again', async () => {
  const daemon = new AskingDaemon({ suggestions: [] });
  const { ask, questions } = answering('s', 'what', 'y');
  await greenroom('send work Push', { daemon, ask });
  expect(questions).toHaveLength(3);
  expect(questions[0]).toContain('Allow it? [y]es, [n]o: ');
  expect(daemon.answers).toEqual([{ approvalId: 't1#3', decision: 'allow' }]);
});

test('a person who does not answer hears how it is done later', async () => {
  let leave = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const daemon = new AskingDaemon({}, answered);
  const said = greenroom('send work Push', {
    daemon,
    program: 'npx greenroom',
    ask: async () => {
      leave();
      return '';
    },
  });
  const { err } = await said;
  expect(daemon.answers).toEqual([]);
  expect(err).toContain("next: npx greenroom approvals allow work 't1#3'");
});

test('a question that is answered elsewhere is taken back', async () => {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const daemon = new AskingDaemon({}, answered);
  const ask = (_: string, givenUp?: AbortSignal) =>
    new Promise<string>((resolve) => {
      givenUp?.addEventListener('abort', () => resolve(''), { once: true });
      answer();
    });
  const { code, err } = await greenroom('send work Push', { daemon, ask });
  expect([code, daemon.answers]).toEqual([0, []]);
  expect(err).toBe('(allowed)\n');
});

test('where nobody can be asked it says how it is answered', async () => {
  const daemon = new AskingDaemon({}, Promise.resolve());
  const { err } = await greenroom('send work Push', { daemon, program: 'npx greenroom' });
  expect(err).toBe(
    [
      '(Bash waits for a person: git push; no rule allows git push)',
      "next: npx greenroom approvals show work 't1#3'",
      "next: npx greenroom approvals allow work 't1#3'",
      '(allowed)',
      '',
    ].join('\n'),
  );
});

test('with --json nobody is asked, and each event is a line', async () => {
  const daemon = new AskingDaemon({}, Promise.resolve());
  const { ask, questions } = answering('y');
  const { out, err } = await greenroom('send work Push --json', { daemon, ask });
  expect(jsonLines(out)).toMatchObject([REQUESTED, DECIDED, FINISHED]);
  expect([questions, err]).toEqual([[], '']);
});

test('what runs, and what does not, is said in a line', async () => {
  const daemon = new FakeDaemon({}, [
    { type: 'tool.started', toolUseId: 'a', name: 'Bash', input: { command: 'npm test' } },
    { type: 'tool.started', toolUseId: 'b', name: 'Own', input: { x: 1 } },
    { type: 'tool.refused', toolUseId: 'c', toolName: 'Edit', reason: 'the mode plan' },
    { ...DECIDED, decision: 'deny', by: 'anna' },
    FINISHED as Partial<WireEvent>,
  ] as Partial<WireEvent>[]);
  const { err } = await greenroom('send work Push', { daemon });
  expect(err).toBe(
    '(Bash: npm test)\n(Own: {"x":1})\n(Edit did not run: the mode plan)\n(denied by anna)\n',
  );
});
