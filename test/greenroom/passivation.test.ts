/** Sessions come and go: what a live one costs, when it leaves, and what wakes it. */
import { describe, expect, it } from 'vitest';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { gate, until } from '../support/until.ts';

const MINUTE_MS = 60_000;
const asleep = (test: TestGreenroom, ...names: string[]) =>
  until(() => names.every((name) => test.live(name) === undefined));

describe('a live session', () => {
  it('reads nothing from the journal for a get and for a turn', async () => {
    const test = await testGreenroom();
    await test.run('s', 'first');
    const { reads } = test.journal.stats();
    await test.sessions.get('s');
    await test.run('s', 'second');
    await test.run('s', '[[rehearse: tool=Bash]] [[rehearse: text=third]]');
    await test.sessions.tag('s', 'x');
    expect(test.journal.stats().reads).toBe(reads);
    expect(JSON.parse(test.lastCall).messages).toHaveLength(7);
  });

  it('reads nothing for turns that had to wait', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    await test.run('s', 'first');
    const { reads } = test.journal.stats();
    const running = test.begin('s', 'hold');
    await running.saw('delta');
    const waiting = ['a', 'b'].map((prompt) => test.begin('s', prompt));
    for (const reading of waiting) await reading.saw('turn.accepted');
    answer.open();
    await Promise.all(waiting.map(({ done }) => done));
    expect(test.journal.stats().reads).toBe(reads);
  });

  it('that has just been woken reads once and then no more', async () => {
    const test = await testGreenroom();
    for (let turn = 0; turn < 5; turn++) await test.run('s', `turn ${turn}`);
    await test.restart();
    await test.run('s', 'awake');
    const { reads } = test.journal.stats();
    await test.run('s', 'again');
    expect(test.journal.stats().reads).toBe(reads);
  });
});

describe('a session goes back to the green room', () => {
  it('when it has been idle for as long as the configuration says', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, passivateMinutes: 5 });
    await test.run('s', 'hello');
    clock.skip(4 * MINUTE_MS);
    await test.sessions.get('s');
    clock.skip(4 * MINUTE_MS);
    expect(test.live('s')).toBeDefined();
    clock.skip(2 * MINUTE_MS);
    await asleep(test, 's');
    expect(test.greenroom.status()).toMatchObject({ liveSessions: 0, liveBytes: 0 });
  });

  it('but not while its turn runs', async () => {
    const answer = gate();
    const clock = skippingClock();
    const test = await testGreenroom({ clock, script: holding(answer.opened) });
    const reading = test.begin('s', 'hold');
    await reading.saw('delta');
    clock.skip(10 * MINUTE_MS);
    await reading.saw('ping');
    expect(test.live('s')).toBeDefined();
    answer.open();
    expect((await reading.finished()).status).toBe('completed');
  });

  it('when others need its place, the longest unused first', async () => {
    const test = await testGreenroom({ cacheSessions: 2 });
    for (const name of ['a', 'b', 'c']) await test.sessions.create(name);
    await asleep(test, 'a');
    await test.sessions.get('b');
    await test.sessions.create('d');
    await asleep(test, 'c');
    expect(test.live('b')).toBeDefined();
    expect(test.greenroom.status().liveSessions).toBe(2);
  });

  it('when the contexts of all take more memory than they may', async () => {
    const test = await testGreenroom({ cacheMb: 1 });
    const big = 'x'.repeat(300_000);
    for (const name of ['a', 'b', 'c', 'd']) await test.run(name, big);
    await asleep(test, 'a');
    await until(() => test.greenroom.status().liveBytes <= 1024 * 1024);
    expect(test.live('d')).toBeDefined();
  });

  it('when its turn has ended, if its place was taken meanwhile', async () => {
    const answer = gate();
    const test = await testGreenroom({ cacheSessions: 1, script: holding(answer.opened) });
    const reading = test.begin('busy', 'hold');
    await reading.saw('delta');
    await test.sessions.create('other');
    expect(test.live('busy')).toBeDefined();
    answer.open();
    expect((await reading.finished()).status).toBe('completed');
    await until(() => test.greenroom.status().liveSessions === 1);
  });
});

describe('a session that is asleep', () => {
  it('is read without being woken', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello', { turnId: 't' });
    await test.restart();
    expect(await test.sessions.get('s')).toMatchObject({ numTurns: 1 });
    expect((await test.sessions.messages('s')).entries).toHaveLength(2);
    expect(await test.sessions.turnStatus('s', 't')).toMatchObject({ status: 'completed' });
    expect(test.live('s')).toBeUndefined();
  });

  it('is woken by the next change, and goes on with its version', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello');
    const { version } = await test.sessions.get('s');
    await test.restart();
    expect(await test.sessions.tag('s', 'x')).toMatchObject({ version: version + 1 });
    expect(test.live('s')).toBeDefined();
  });

  it('is woken once by many messages at once', async () => {
    const test = await testGreenroom();
    await test.sessions.create('s');
    await test.restart();
    const tags = Array.from({ length: 50 }, (_, at) => `tag ${at}`);
    await Promise.all(tags.map((tag) => test.sessions.tag('s', tag)));
    expect((await test.sessions.get('s')).tags).toHaveLength(50);
    expect(test.node('sessions', 'supervisor').children).toHaveLength(1);
  });

  it('takes its turn in a cache that holds far fewer than there are, and loses nothing', async () => {
    const test = await testGreenroom({ cacheSessions: 3 });
    const names = Array.from({ length: 30 }, (_, at) => `s${at}`);
    for (let round = 0; round < 3; round++)
      for (let at = 0; at < names.length; at += 3)
        await Promise.all(
          names.slice(at, at + 3).map((name) => test.run(name, `round ${round} of ${name}`)),
        );
    for (const name of names)
      expect(await test.sessions.get(name)).toMatchObject({ numTurns: 3, messageCount: 6 });
  });

  it('is refused as unavailable, to be tried again, while twice as many as fit are busy', async () => {
    const answer = gate();
    const test = await testGreenroom({ cacheSessions: 1, script: holding(answer.opened) });
    const busy = ['a', 'b'].map((name) => test.begin(name, 'hold'));
    for (const reading of busy) await reading.saw('delta');
    await expect(test.run('c', 'hello')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterMs: expect.any(Number),
    });
    answer.open();
    await Promise.all(busy.map(({ done }) => done));
    await until(() => test.greenroom.status().liveSessions === 1);
    expect((await test.run('c', 'hello')).at(-1)).toMatchObject({ status: 'completed' });
  });
});

describe('an actor of a name that no session has', () => {
  const ASKING: Record<string, (test: TestGreenroom, name: string) => Promise<unknown>> = {
    tag: (test, name) => test.sessions.tag(name, 'x'),
    delete: (test, name) => test.sessions.delete(name),
    cancel: (test, name) => test.sessions.cancel(name, 'a-turn'),
    update: (test, name) => test.sessions.update(name, { title: 'x' }),
    'a refused turn': (test, name) => test.run(name, 'Hello', { provider: 'rehearsal' }),
  };

  it.each(Object.entries(ASKING))('leaves after %s', async (_, ask) => {
    const test = await testGreenroom();
    await expect(ask(test, 'nowhere')).rejects.toThrow();
    await asleep(test, 'nowhere');
    expect(test.greenroom.status()).toMatchObject({ liveSessions: 0 });
  });

  it('leaves when the session was deleted before', async () => {
    const test = await testGreenroom();
    await test.run('s', 'Hello');
    await test.sessions.delete('s');
    await expect(test.run('s', 'again')).rejects.toMatchObject({ code: 'session_deleted' });
    await asleep(test, 's');
  });

  it('loses none of the requests that come behind one that is refused', async () => {
    const test = await testGreenroom();
    const names = Array.from({ length: 50 }, (_, at) => `s${at}`);
    const made = names.flatMap((name) => [
      test.sessions.delete(name).catch(() => undefined),
      test.sessions.cancel(name, 'a-turn').catch(() => undefined),
      test.run(name, 'Hello'),
      test.sessions.get(name).catch(() => undefined),
    ]);
    await Promise.all(made);
    expect(await test.sessions.count({})).toMatchObject({ count: 50 });
    for (const name of names) expect((await test.sessions.turns(name)).turns).toHaveLength(1);
  });
});
