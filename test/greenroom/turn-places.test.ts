/** Limits of owners and of the model on real turns: who waits is told so, loses nothing, and goes on. */
import { describe, expect, it } from 'vitest';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { gate, until } from '../support/until.ts';

const waitsFor = async ({ sessions }: TestGreenroom, name: string) =>
  (await sessions.explain(name)).waitsFor;

const owned = async (test: TestGreenroom, ...names: readonly string[]): Promise<void> => {
  for (const name of names) await test.sessions.create(name, { owner: 'ann' });
};

describe('an owner with a limit of one', () => {
  it('has its second turn wait, which says so, and go on when the first has ended', async () => {
    const answer = gate();
    const script = holding(answer.opened);
    const test = await testGreenroom({ script, ownerInteractive: 1 });
    await owned(test, 'a', 'b');
    const first = test.begin('a', 'hold');
    await first.saw('delta');
    const second = test.begin('b', 'next');
    await until(async () => (await waitsFor(test, 'b')) === 'place');
    await test.run('free', 'not of that owner');
    expect(test.modelCalls).toHaveLength(2);
    const { waits } = await test.sessions.get('b');
    expect(waits).toMatchObject({ what: 'place' });
    expect((await test.sessions.get('free')).waits).toBeUndefined();
    answer.open();
    await Promise.all([first.done, second.done]);
    expect((await second.finished()).status).toBe('completed');
    expect(await waitsFor(test, 'b')).toBe('nothing');
  });

  it('lets one go that has got another owner while it waited', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened), ownerInteractive: 1 });
    await owned(test, 'a', 'b');
    const first = test.begin('a', 'hold');
    await first.saw('delta');
    const second = test.begin('b', 'next');
    await until(async () => (await waitsFor(test, 'b')) === 'place');
    await test.sessions.update('b', { owner: 'bob' });
    expect((await second.finished()).status).toBe('completed');
    answer.open();
    await first.done;
  });

  it('has one that waits cancelled at once, and started again after a restart', async () => {
    const script = holding(new Promise(() => undefined));
    const test = await testGreenroom({ script, ownerInteractive: 1 });
    await owned(test, 'a', 'b', 'c');
    const first = test.begin('a', 'hold');
    await first.saw('delta');
    const second = test.begin('b', 'next');
    const third = test.begin('c', 'next');
    for (const name of ['b', 'c'])
      await until(async () => (await waitsFor(test, name)) === 'place');
    await test.sessions.cancel('b');
    expect((await second.finished()).status).toBe('cancelled');
    void third.done.catch(() => undefined);
    void first.done.catch(() => undefined);
    await test.restart();
    await until(async () => (await waitsFor(test, 'a')) === 'model');
    await until(async () => (await waitsFor(test, 'c')) === 'place');
    await test.sessions.cancel('a');
    await until(async () => (await test.sessions.get('c')).status === 'idle');
    expect((await test.sessions.get('c')).messageCount).toBe(2);
  });
});

it('an owner with many turns does not hold up another one’s', async () => {
  const answer = gate();
  const test = await testGreenroom({ script: holding(answer.opened), concurrentCalls: 1 });
  const names = Array.from({ length: 30 }, (_, n) => `many-${n}`);
  await owned(test, ...names);
  const first = test.begin('many-0', 'hold');
  await first.saw('delta');
  const many = names.slice(1).map((name) => test.begin(name, 'one of many'));
  for (const name of names.slice(1))
    await until(async () => (await waitsFor(test, name)) === 'place');
  const few = test.begin('few', 'one of few');
  await until(async () => (await waitsFor(test, 'few')) === 'place');
  answer.open();
  await Promise.all([first, few, ...many].map(({ done }) => done));
  const asked = test.modelCalls.map(({ rawBody }) => rawBody.toString());
  const place = asked.findIndex((call) => call.includes('one of few'));
  expect(place).toBeGreaterThan(0);
  expect(place).toBeLessThanOrEqual(2);
});

it('says of a model call that it waits for the rate of the API', async () => {
  const test = await testGreenroom();
  const refused = test.begin('a', '[[rehearse: status=429 retry-after=20 times=1]]');
  await refused.saw('retry');
  const held = test.begin('b', 'Hello');
  await until(async () => (await waitsFor(test, 'b')) === 'rate');
  expect((await test.sessions.get('b')).waits).toMatchObject({ what: 'rate' });
  await test.sessions.cancel('b');
  expect(await held.finished()).toMatchObject({ status: 'cancelled' });
  expect(await waitsFor(test, 'b')).toBe('nothing');
  await test.sessions.cancel('a');
  await refused.done;
});
