/**
 * What sessions cost outside the heap, in pieces: not one for each message, session or turn, however many wake and go.
 * Counted where they are made; the process's size says it only after hours.
 */
import { expect, it } from 'vitest';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const SESSIONS = 60;
const MESSAGES = 40;
const CACHED = 6;
const ROUNDS = 3;
const NAMES = Array.from({ length: SESSIONS }, (_, at) => `s${at}`);
const messages = Array.from({ length: MESSAGES }, (_, at) => ({
  role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
  content: `${at}: ${'what was said before, '.repeat(20 + (at % 30))}`,
}));

/** Histories: where reads come late, others are read meanwhile, a few of them. */
const READ_AT_ONCE = process.env['GREENROOM_LATE_READS'] === '1' ? 4 : 1;

const filled = async (options: Parameters<typeof testGreenroom>[0]): Promise<TestGreenroom> => {
  const test = await testGreenroom(options);
  for (const name of NAMES) {
    await test.sessions.create(name);
    await test.sessions.append(name, messages);
  }
  return test;
};

const turns = async (test: TestGreenroom, prompt: string): Promise<void> => {
  for (let at = 0; at < SESSIONS; at += CACHED)
    await Promise.all(NAMES.slice(at, at + CACHED).map((name) => test.run(name, prompt)));
};

it('sessions that wake for every turn cost no piece for a message, a session or a turn', async () => {
  const test = await filled({ cacheSessions: CACHED });
  await turns(test, 'first');
  const { contexts } = test.greenroom.status();
  const { entriesRead, readBuffers } = test.journal.stats();
  for (let round = 0; round < ROUNDS; round += 1) await turns(test, `round ${round}`);
  expect(test.journal.stats().entriesRead - entriesRead).toBeGreaterThan(
    (ROUNDS * SESSIONS * MESSAGES) / 2,
  );
  expect(test.journal.stats().readBuffers).toBe(readBuffers);
  expect(test.greenroom.status().contexts).toEqual(contexts);
  expect(contexts.buffersMade).toBeLessThanOrEqual(1 + READ_AT_ONCE);
});

it('messages that are read and exported cost a piece for many of them', async () => {
  const test = await filled({ cacheSessions: CACHED });
  const before = test.journal.stats();
  for (const name of NAMES)
    expect((await test.sessions.messages(name, { limit: 100 })).entries).toHaveLength(MESSAGES);
  const after = test.journal.stats();
  const pieces = after.readBuffers - before.readBuffers;
  expect(after.entriesRead - before.entriesRead).toBe(SESSIONS * MESSAGES);
  expect(pieces).toBeLessThanOrEqual((SESSIONS * MESSAGES) / 10);
});

it('what live sessions hold is told exactly, and is nothing when they are gone', async () => {
  const clock = skippingClock();
  const test = await filled({ cacheSessions: CACHED, clock, passivateMinutes: 5 });
  await turns(test, 'hello');
  await until(() => test.greenroom.status().liveSessions === CACHED);
  const { liveBytes, contexts } = test.greenroom.status();
  const least = CACHED * JSON.stringify(messages).length;
  await until(() => test.greenroom.status().liveBytes <= 3 * least);
  expect(liveBytes).toBeGreaterThan(least);
  expect(liveBytes).toBeLessThanOrEqual(contexts.slabBytes);
  clock.skip(6 * 60_000);
  await until(() => test.greenroom.status().liveSessions === 0);
  expect(test.greenroom.status().liveBytes).toBe(0);
  await until(() => {
    clock.skip(10_000);
    return test.greenroom.status().contexts.slabBytes === 0;
  });
});
