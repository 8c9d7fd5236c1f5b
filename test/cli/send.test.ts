import { describe, expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import type { WireEvent } from '../../src/model/event.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { gate, until } from '../support/until.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, jsonLines } from './run-cli.ts';

const finished = (more: object = {}): Partial<WireEvent> =>
  ({
    type: 'turn.finished',
    status: 'completed',
    stopReason: 'end_turn',
    usage: emptyUsage,
    costUsd: 0,
    durationMs: 5,
    text: 'Hello there.',
    ...more,
  }) as Partial<WireEvent>;

const delta = (text: string, attempt = 1): Partial<WireEvent> => ({
  type: 'delta',
  block: 0,
  text,
  attempt,
});

test('the answer is streamed as it comes and ends its line', async () => {
  const daemon = new FakeDaemon({}, [delta('Hello '), delta('there.'), finished()]);
  const { code, out } = await greenroom('send demo hi you', { daemon });
  expect([code, out]).toEqual([0, 'Hello there.\n']);
  const turnId = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(daemon.asked).toEqual([['demo.turn', { prompt: 'hi you', turnId }]]);
});

test('--no-stream prints the whole answer at the end', async () => {
  const daemon = new FakeDaemon({}, [delta('Hel'), delta('lo'), finished()]);
  expect((await greenroom('send demo hi --no-stream', { daemon })).out).toBe('Hello there.\n');
});

test('an answer that came without deltas is printed once', async () => {
  const daemon = new FakeDaemon({}, [finished()]);
  expect((await greenroom('send demo hi', { daemon })).out).toBe('Hello there.\n');
});

test('options become fields of the request', async () => {
  const daemon = new FakeDaemon({}, [finished()]);
  await greenroom(
    'send demo hi --tag a --model m --turn-id t --on-busy reject --max-cost 0.5 --no-create',
    { daemon },
  );
  expect(daemon.asked[0]?.[1]).toEqual({
    prompt: 'hi',
    tags: ['a'],
    model: 'm',
    turnId: 't',
    onBusy: 'reject',
    maxCostUsd: 0.5,
    create: false,
  });
});

test('a prompt of - is read from the standard input, verbatim', async () => {
  const daemon = new FakeDaemon({}, [finished()]);
  await greenroom('send demo -', { daemon, stdin: 'two\nlines\n' });
  expect(daemon.asked[0]?.[1]).toMatchObject({ prompt: 'two\nlines\n' });
});

test('an empty standard input is a wrong call', async () => {
  const daemon = new FakeDaemon();
  expect((await greenroom('send demo -', { daemon })).code).toBe(2);
});

test('--json gives every event on a line', async () => {
  const daemon = new FakeDaemon({}, [delta('Hi'), finished()]);
  const { out } = await greenroom('send demo hi --json', { daemon });
  expect(jsonLines(out)).toMatchObject([{ type: 'delta', text: 'Hi' }, { type: 'turn.finished' }]);
});

test('a retry voids what was streamed: it says so and the text begins again', async () => {
  const retry = { type: 'retry', delayMs: 2_000, error: { type: 'e', message: 'Overloaded' } };
  const daemon = new FakeDaemon({}, [delta('Hel'), retry as never, delta('Hello'), finished()]);
  const { out, err } = await greenroom('send demo hi', { daemon });
  expect(out).toBe('Hel\nHello\n');
  expect(err).toBe('(Overloaded: trying again in 2 s)\n');
});

test('a higher attempt is a session that was restarted', async () => {
  const daemon = new FakeDaemon({}, [delta('Hel'), delta('Hello', 2), finished({ attempt: 2 })]);
  const { out, err } = await greenroom('send demo hi', { daemon });
  expect(out).toBe('Hel\nHello\n');
  expect(err).toContain('the session was restarted');
});

test('a higher attempt after a wait that was announced is no restart', async () => {
  const error = { type: 'overloaded_error', message: 'Overloaded' };
  const waits: Partial<WireEvent> = { type: 'retry', attempt: 1, delayMs: 5_000, error };
  const daemon = new FakeDaemon({}, [waits, delta('Hello', 2), finished({ attempt: 2 })]);
  const { err } = await greenroom('send demo hi', { daemon });
  expect(err).toBe('(Overloaded: trying again in 5 s)\n');
});

test.each([
  ['failed', 'failed', 1],
  ['rejected', 'was rejected', 4],
])('a turn that %s ends, as it %s, with exit code %i', async (status, words, exitCode) => {
  const error = { code: 'queue_full', message: 'too many turns wait', retryable: true };
  const daemon = new FakeDaemon({}, [finished({ status, error, text: '' })]);
  const { code, err } = await greenroom('send demo hi', { daemon });
  expect(code).toBe(exitCode);
  expect(err).toContain(`the turn ${words}: too many turns wait (queue_full)`);
});

test('a stream that breaks off is a failure', async () => {
  const { code, err } = await greenroom('send demo hi', { daemon: new FakeDaemon({}, []) });
  expect(code).toBe(1);
  expect(err).toContain('the stream ended before the turn did');
});

/** A turn that goes on until it is cancelled, and somebody at the keys. */
const endless = () => {
  const { opened, open } = gate();
  const daemon = new FakeDaemon({ cancel: { turn: {} } });
  daemon.turn = async function* (sessionId, { turnId = '' }) {
    const at = { tenant: 'default', sessionId, turnId, attempt: 1, at: '' };
    yield { ...at, ...delta('One') } as WireEvent;
    isHeard = true;
    await opened;
    yield { ...at, ...finished({ status: 'cancelled', text: '' }) } as WireEvent;
  };
  const { session } = daemon;
  daemon.session = async (...asked) => {
    open();
    return session(...asked);
  };
  let isHeard = false;
  let listener: (() => void) | undefined;
  const onInterrupt = (hear: () => void) => {
    listener = hear;
    return () => undefined;
  };
  const press = async (isTime = () => isHeard) => {
    await until(() => listener !== undefined && isTime());
    listener?.();
  };
  return { daemon, onInterrupt, press };
};

describe('Ctrl-C', () => {
  test('says that the turn goes on, how to cancel it and how it ends, and leaves', async () => {
    const { daemon, onInterrupt, press } = endless();
    const sleeping = gate();
    const sleep = async () => sleeping.opened;
    const ran = greenroom('send demo hi --turn-id t1', { daemon, onInterrupt, sleep });
    await press();
    sleeping.open();
    const { code, err } = await ran;
    expect(code).toBe(130);
    expect(err).toContain('the turn goes on without you');
    expect(err).toContain('greenroom turns cancel demo t1');
    expect(err).toContain('greenroom turns show demo t1');
    expect(daemon.asked).toEqual([]);
  });

  test('before anything was heard of the turn, it promises nothing and leaves at once', async () => {
    const { daemon, onInterrupt, press } = endless();
    daemon.turn = async function* () {
      await new Promise<never>(() => undefined);
      yield finished() as WireEvent;
    };
    const sleep = () => new Promise<void>(() => undefined);
    const ran = greenroom('send demo hi --turn-id t1', { daemon, onInterrupt, sleep });
    await press(() => true);
    const { code, err } = await ran;
    expect(code).toBe(130);
    expect(err).not.toContain('goes on without you');
    expect(err).toContain('sent again with --turn-id t1 it runs once');
  });

  test('once more cancels the turn, and nothing is waited for after its end', async () => {
    const { daemon, onInterrupt, press } = endless();
    const waits: AbortSignal[] = [];
    const sleep = (_: number, givenUp?: AbortSignal) => {
      if (givenUp !== undefined) waits.push(givenUp);
      return new Promise<void>(() => undefined);
    };
    const ran = greenroom('send demo hi --turn-id t1', { daemon, onInterrupt, sleep });
    await press();
    await press();
    const { code, err } = await ran;
    expect(daemon.asked).toEqual([['demo.cancel', { turnId: 't1' }]]);
    expect(code).toBe(1);
    expect(err).toContain('error: the turn was cancelled\n');
    expect(waits.map(({ aborted }) => aborted)).toEqual([true]);
  });
});

test.each([
  [
    'session_deleted',
    'greenroom archives restore demo brings it back if it was archived; its id is free again after 30 days',
  ],
  ['terminated', 'greenroom turns show demo t1 shows what it had cost'],
])('a turn that was cancelled as %s says what can still be done', async (code, next) => {
  const error = { code, message: 'gone', retryable: false };
  const daemon = new FakeDaemon({}, [finished({ status: 'cancelled', text: '', error })]);
  const { err } = await greenroom('send demo hi --turn-id t1', { daemon });
  expect(err).toContain(`  next: ${next}\n`);
});

test('a message is completed from what is stored of it, where pieces were lost', async () => {
  const message = (text: string) =>
    ({
      type: 'message',
      seq: 2,
      message: { role: 'assistant', content: text },
    }) as Partial<WireEvent>;
  const rest = new FakeDaemon({}, [delta('Hel'), message('Hello.'), finished()]);
  expect((await greenroom('send demo hi', { daemon: rest })).out).toBe('Hello.\n');
  const holes = new FakeDaemon({}, [delta('Ho'), delta('o.'), message('Hello.'), finished()]);
  expect((await greenroom('send demo hi', { daemon: holes })).out).toBe('Hoo.\nHello.\n');
});

test('characters that come in two pieces are put together', async () => {
  const pieces = ['a👩', '‍💻 \ud83d', '\ude00 b\r', '\nc'].map((text) => delta(text));
  const daemon = new FakeDaemon({}, [...pieces, finished({ text: 'x' })]);
  expect((await greenroom('send demo hi', { daemon })).out).toBe('a👩‍💻 😀 b\nc\n');
});

test.each([
  ['authentication_error', /set a valid ANTHROPIC_API_KEY/],
  ['not_found_error', /name another one/],
  ['budget_exceeded', /raise limits.maxCostUsd/],
  ['something_new', /turns show demo t1 shows what is known of it/],
])('a turn that fails with %s says what to do next', async (code, next) => {
  const error = { code, message: 'because', retryable: false };
  const daemon = new FakeDaemon({}, [finished({ status: 'failed', error, text: '' })]);
  const { err } = await greenroom('send demo hi --turn-id t1', {
    daemon,
    program: 'npx greenroom',
  });
  const [, line = ''] = err.split('  next: ');
  expect(line).toMatch(next);
  expect(line).not.toMatch(/npx npx|(?<!npx )greenroom [a-z]/);
});

test.each([
  [[delta('One')], 'the turn is safe and goes on: greenroom turns show demo t1'],
  [[], 'sent again with --turn-id t1 the turn runs once'],
])('a daemon that stays away is told with the turn to ask for', async (events, next) => {
  const daemon = new FakeDaemon({}, []);
  daemon.turn = async function* (sessionId) {
    for (const event of events) yield { sessionId, attempt: 1, ...event } as WireEvent;
    throw new GreenroomError('unavailable', 'no Greenroom daemon answers');
  };
  const { code, err } = await greenroom('send demo hi --turn-id t1', { daemon });
  expect(code).toBe(5);
  expect(err).toContain(next);
});
