import { expect, test } from 'vitest';
import type { WireEvent } from '../../src/session/event.ts';
import { emptyUsage } from '../../src/session/usage.ts';
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
  expect(daemon.asked).toEqual([['demo.turn', { prompt: 'hi you' }]]);
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
  expect(daemon.asked[0]?.[1]).toEqual({ prompt: 'two\nlines\n' });
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

test('a higher attempt is a daemon that came back', async () => {
  const daemon = new FakeDaemon({}, [delta('Hel'), delta('Hello', 2), finished({ attempt: 2 })]);
  const { out, err } = await greenroom('send demo hi', { daemon });
  expect(out).toBe('Hel\nHello\n');
  expect(err).toContain('the daemon restarted');
});

test.each([
  ['failed', 1],
  ['rejected', 4],
])('a turn that %s ends with exit code %i', async (status, exitCode) => {
  const error = { code: 'queue_full', message: 'too many turns wait', retryable: true };
  const daemon = new FakeDaemon({}, [finished({ status, error, text: '' })]);
  const { code, err } = await greenroom('send demo hi', { daemon });
  expect(code).toBe(exitCode);
  expect(err).toContain(`the turn was ${status}: too many turns wait (queue_full)`);
});

test('a stream that breaks off is a failure', async () => {
  const { code, err } = await greenroom('send demo hi', { daemon: new FakeDaemon({}, []) });
  expect(code).toBe(1);
  expect(err).toContain('the stream ended before the turn did');
});
