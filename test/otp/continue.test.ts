/** What an actor does right after a handler, and what it does when nobody wants anything of it. */
import { expect, test } from 'vitest';
import { noreply, reply, replyAfter } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Self } from '../../src/otp/self.ts';
import { deferred, type Puppet, type PuppetProtocol, puppet, world } from './support.ts';

test('what init leaves to be done is done before anything that was sent meanwhile', async () => {
  const w = world();
  const opened = deferred<number>();
  const name = nameOf<Puppet>('p');
  const starting = puppet(w, 'p', {
    name,
    init: (self) => {
      self.continue('note', 'first');
      return opened.promise;
    },
  });
  w.system.fetch(name).cast('note', 'second');
  opened.resolve(1);
  await starting;
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'first', 'second']);
});

test('what a handler leaves to be done is done before what is in the mailbox', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const told = p.call('act', (self) => {
    self.send('note', 'info');
    self.continue('note', 'step');
  });
  p.cast('note', 'cast');
  await told;
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'step', 'cast', 'info']);
});

test('the answer of a call does not wait for what comes after it', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const told = p.call('act', (self) => {
    self.continue('act', () => void w.notes.push('step'));
    return 'answer';
  });
  expect(await told).toBe('answer');
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'step']);
});

test('several steps are done in the order in which they were asked for', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  p.cast('note', 'later');
  await p.call('act', (self) => {
    for (const text of ['one', 'two', 'three']) self.continue('note', text);
  });
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'later', 'one', 'two', 'three']);
});

test('a step may leave another one', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const told = p.call('act', (self) => {
    self.continue('act', (again) => again.continue('note', 'second step'));
  });
  p.cast('note', 'cast');
  await told;
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', 'second step', 'cast']);
});

test('a handler that throws leaves nothing to be done', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const told = p.call('act', (self) => {
    self.continue('note', 'step');
    throw new Error('boom');
  });
  await expect(told).rejects.toMatchObject({ code: 'callee_died' });
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', '-p']);
});

test('a step that throws crashes its actor', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) =>
    self.continue('act', () => {
      throw new Error('boom');
    }),
  );
  expect(await w.system.exited(p)).toMatchObject({ crashed: { message: 'boom' } });
  expect(w.reports).toMatchObject([{ kind: 'crash', lastMessage: { kind: 'continue' } }]);
});

test('an actor that hears nothing for its idle time is told so, once', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) => self.idleAfter(100));
  await w.clock.advance(99);
  expect(w.notes).toEqual(['+p']);
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p', 'idle']);
});

test('init may set the idle time', async () => {
  const w = world();
  await puppet(w, 'p', { init: (self) => self.idleAfter(100) });
  await w.clock.advance(100);
  expect(w.notes).toEqual(['+p', 'idle']);
});

test('any message ends the idle time', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) => self.idleAfter(100));
  await w.clock.advance(50);
  p.cast('note', 'message');
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p', 'message']);
});

test('a message that waits when the idle time is over counts as having come', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) => self.idleAfter(100));
  w.clock.setTimeout(() => p.cast('note', 'just in time'), 99);
  w.clock.jump(100);
  await w.clock.advance(0);
  expect(w.notes).toEqual(['+p', 'just in time']);
});

test('a message that came during a long init counts as having come too', async () => {
  const w = world();
  const opened = deferred();
  const name = nameOf<Puppet>('p');
  const init = (self: Self<PuppetProtocol>) => {
    self.idleAfter(100);
    return opened.promise;
  };
  const starting = puppet(w, 'p', { name, init });
  w.system.fetch(name).cast('note', 'came first');
  await w.clock.advance(100);
  opened.resolve();
  await starting;
  await w.clock.advance(1_000);
  expect(w.notes).toEqual(['+p', 'came first']);
});

test('a second idle time replaces the first', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await p.call('act', (self) => {
    self.idleAfter(100);
    self.idleAfter(300);
  });
  await w.clock.advance(299);
  expect(w.notes).toEqual(['+p']);
  await w.clock.advance(1);
  expect(w.notes).toEqual(['+p', 'idle']);
});

test('an idle time of nothing comes after what is in the mailbox', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const told = p.call('act', (self) => self.idleAfter(0));
  p.cast('note', 'cast');
  await told;
  await w.clock.advance(10);
  expect(w.notes).toEqual(['+p', 'cast']);
});

test('a change that waits for its commit does not hold up the steps of others', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const commit = deferred();
  const changed = p.call('handle', () => replyAfter(commit.promise, (n) => reply(n, n + 1)));
  await p.call('act', (self) => self.continue('note', 'step'));
  await p.call('handle', (from, n) => {
    from.reply(n);
    return noreply(n);
  });
  expect(w.notes).toEqual(['+p', 'step']);
  commit.resolve();
  await changed;
  expect(await p.call('state')).toBe(1);
});
