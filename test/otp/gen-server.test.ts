/** GenServer: calls, casts, infos, replies now and later, and what callers see when something goes wrong. */
import { expect, test } from 'vitest';
import { noreply, reply, replyAfter, stop } from '../../src/otp/gen-server.ts';
import type { From } from '../../src/otp/message.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Self } from '../../src/otp/self.ts';
import { deferred, kill, type Puppet, type PuppetProtocol, puppet, world } from './support.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

test('a call gives the handler its request and the caller its reply', async () => {
  const p = await puppet(world(), 'p');
  expect(await p.call('handle', (_, n) => reply(n + 1, n + 2))).toBe(1);
  expect(await p.call('state')).toBe(2);
});

test('casts and calls of one sender are handled in the order in which they were sent', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  p.cast('note', 'first');
  const second = p.call('act', () => w.notes.push('second'));
  p.cast('note', 'third');
  await second;
  await p.call('state');
  expect(w.notes).toEqual(['+p', 'first', 'second', 'third']);
});

test('a handler may answer later, from outside', async () => {
  const p = await puppet(world(), 'p');
  let from: From<unknown> | undefined;
  const answer = p.call('handle', (given, n) => {
    from = given;
    return noreply(n);
  });
  expect(await p.call('state')).toBe(0);
  from?.reply('late');
  from?.reply('later still');
  expect(await answer).toBe('late');
});

test('a handler may fail its caller with an error of its own, and lives on', async () => {
  const p = await puppet(world(), 'p');
  const refusal = new Error('no such thing');
  const answer = p.call('handle', (from, n) => {
    from.fail(refusal);
    return noreply(n);
  });
  await expect(answer).rejects.toBe(refusal);
  expect(p.alive).toBe(true);
});

test('a call without an answer rejects with timeout when its time is up, and not before', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  let outcome = 'none';
  const call = p.call('handle', (_, n) => noreply(n), { timeoutMs: 200 });
  call.catch((error) => {
    outcome = error.code;
  });
  await w.clock.advance(199);
  expect(outcome).toBe('none');
  await w.clock.advance(1);
  expect(outcome).toBe('timeout');
});

test('a reply after the timeout is dropped', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  let from: From<unknown> | undefined;
  const call = p.call('handle', (given, n) => {
    from = given;
    return noreply(n);
  });
  const rejected = expect(call).rejects.toEqual(code('timeout'));
  await w.clock.advance(5_000);
  from?.reply('too late');
  await rejected;
});

test('a request whose deadline passed while it waited is not carried out', async () => {
  const w = world();
  const opened = deferred<number>();
  const me = nameOf<Puppet>('p');
  const init = (self: Self<PuppetProtocol>) => {
    self.register(me, self.ref);
    return opened.promise;
  };
  const starting = puppet(w, 'p', { init });
  const p = w.system.fetch(me);
  const late = expect(p.call('act', () => w.notes.push('done'))).rejects.toEqual(code('timeout'));
  await w.clock.advance(6_000);
  opened.resolve(0);
  await starting;
  await late;
  expect(await p.call('state')).toBe(0);
  expect(w.notes).not.toContain('done');
});

test('a deadline that passes while another handler blocks the loop is seen before the next one runs', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const blocking = p.call('act', () => w.clock.jump(6_000));
  const late = expect(p.call('act', () => w.notes.push('done'))).rejects.toEqual(code('timeout'));
  await blocking;
  await late;
  expect(w.notes).not.toContain('done');
});

test('a call to a dead actor rejects with noproc, a cast does nothing', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await w.system.stop(p);
  p.cast('note', 'hello');
  await expect(p.call('state')).rejects.toEqual(code('noproc'));
});

test('a crash rejects the call that caused it, with the error as cause', async () => {
  const p = await puppet(world(), 'p');
  const error = await p.call('crash').catch((thrown) => thrown);
  expect(error).toEqual(code('callee_died'));
  expect(error.cause.message).toBe('boom');
  expect(p.alive).toBe(false);
});

test('callers who still wait when an actor dies are told why', async () => {
  const p = await puppet(world(), 'p');
  const owed = p.call('handle', (_, n) => noreply(n)).catch((thrown) => thrown);
  await p.call('state');
  const crash = p.call('crash').catch((thrown) => thrown);
  const queued = p.call('state').catch((thrown) => thrown);
  for (const error of await Promise.all([owed, crash, queued])) {
    expect(error).toMatchObject({ code: 'callee_died', reason: { crashed: expect.any(Error) } });
  }
});

test('an actor that calls itself is told so at once', async () => {
  const p = await puppet(world(), 'p');
  const inner = await p.call('act', () => p.call('state').catch((error) => error.code));
  expect(inner).toBe('calling_self');
});

test('a handler may call another actor and answer when that has', async () => {
  const w = world();
  const [a, b] = [await puppet(w, 'a'), await puppet(w, 'b', { init: () => 7 })];
  const answer = a.call('handle', () =>
    replyAfter(b.call('state'), (n, got) => reply(got, n + got)),
  );
  expect(await answer).toBe(7);
  expect(await a.call('state')).toBe(7);
});

test('stop with a reply answers its caller, then ends', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  expect(await p.call('handle', (_, n) => stop('normal', n, 'bye'))).toBe('bye');
  expect(await w.system.exited(p)).toBe('normal');
});

test('stop without a reply leaves its caller with callee_died', async () => {
  const p = await puppet(world(), 'p');
  await expect(p.call('stop', 'normal')).rejects.toMatchObject({
    code: 'callee_died',
    reason: 'normal',
  });
});

test('a handler that returns nothing is a crash', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await expect(p.call('handle', () => undefined as never)).rejects.toEqual(code('callee_died'));
  expect(await w.system.exited(p)).toMatchObject({ crashed: expect.any(TypeError) });
});

test('a call that the protocol does not have is refused to its caller alone', async () => {
  const p = await puppet(world(), 'p');
  await expect(p.call('nonsense' as 'state')).rejects.toEqual(code('unknown_call'));
  expect(await p.call('state')).toBe(0);
});

test('replyAfter answers from the old state until its promise is fulfilled', async () => {
  const p = await puppet(world(), 'p');
  const commit = deferred();
  const answer = p.call('handle', () => replyAfter(commit.promise, (n) => reply('durable', n + 1)));
  expect(await p.call('state')).toBe(0);
  commit.resolve();
  expect(await answer).toBe('durable');
  expect(await p.call('state')).toBe(1);
});

test('replyAfter sees the state of the moment in which its promise is fulfilled', async () => {
  const p = await puppet(world(), 'p');
  const commit = deferred();
  const answer = p.call('handle', () => replyAfter(commit.promise, (n) => reply(n, n)));
  await p.call('handle', (_, n) => reply(null, n + 10));
  commit.resolve();
  expect(await answer).toBe(10);
});

test('a rejected replyAfter crashes the actor with its error', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const failed = new Error('disk full');
  const call = p.call('handle', () => replyAfter(Promise.reject(failed), (n) => reply(0, n)));
  await expect(call).rejects.toMatchObject({ code: 'callee_died', cause: failed });
  expect(await w.system.exited(p)).toEqual({ crashed: failed });
});

test('system.stop ends an actor after what was in its mailbox before', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  p.cast('note', 'before');
  expect(await w.system.stop(p)).toBe('normal');
  expect(w.notes).toEqual(['+p', 'before', '-p']);
});

test('a cast that nobody handles is a crash', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  p.cast('nonsense' as 'note', '');
  expect(await w.system.exited(p)).toMatchObject({ crashed: expect.any(TypeError) });
});

test('an end by wish is no crash, and is not reported', async () => {
  for (const reason of ['normal', 'shutdown', { shutdown: 'idle' }] as const) {
    const w = world();
    const p = await puppet(w, 'p');
    await p.call('stop', reason).catch(() => {});
    expect([await w.system.exited(p), w.reports]).toEqual([reason, []]);
  }
});

test('a mailbox full of messages does not slow the calls of its actor', async () => {
  const w = world();
  const [p, other] = [await puppet(w, 'p', { mailboxLimit: 100_000 }), await puppet(w, 'other')];
  const answered = p.call('handle', (from, n) => {
    void other.call('state').then(() => from.reply(w.system.inspect(p).mailbox));
    return noreply(n);
  });
  for (let i = 0; i < 100_000 - 1; i++) p.cast('note', '');
  expect(await answered).toBeGreaterThan(99_000);
});

test('a commit that is done after its actor was killed changes nothing and answers nobody', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const commit = deferred();
  let isResumed = false;
  const answer = p.call('handle', () =>
    replyAfter(commit.promise, (n) => {
      isResumed = true;
      return reply('durable', n + 1);
    }),
  );
  const told = expect(answer).rejects.toMatchObject({ code: 'callee_died', reason: 'killed' });
  await w.clock.settle();
  await kill(w, p);
  commit.resolve();
  await told;
  await w.clock.settle();
  expect(isResumed).toBe(false);
});

test('an asynchronous init that was killed leaves no name and no answer behind', async () => {
  const w = world();
  const opened = deferred<number>();
  const name = nameOf<Puppet>('late');
  const starting = puppet(w, 'p', { name, init: () => opened.promise }).catch(({ code }) => code);
  const p = w.system.fetch(name);
  const early = p.call('state').catch(({ code }) => code);
  await kill(w, p);
  opened.resolve(1);
  expect([await starting, await early]).toEqual(['start_failed', 'callee_died']);
  expect([w.system.find(name), w.system.size]).toEqual([undefined, 0]);
});

test.each(['toString', 'constructor', 'valueOf', 'hasOwnProperty', '__proto__'])(
  'a call named %s is as unknown as any other, and the actor lives',
  async (name) => {
    const p = await puppet(world(), 'p');
    await expect(p.call(name as 'state')).rejects.toEqual(code('unknown_call'));
    expect(await p.call('state')).toBe(0);
  },
);

test.each([
  ['cast', (p: Puppet) => p.cast('toString' as 'crash')],
  ['info', (p: Puppet) => p.call('act', (self) => self.send('valueOf' as 'note', 'x'))],
  ['continue', (p: Puppet) => p.call('act', (self) => self.continue('constructor' as 'note', 'x'))],
] as const)('a %s with a name of every object is one that nobody handles', async (kind, send) => {
  const w = world();
  const p = await puppet(w, 'p');
  void send(p);
  const message = expect.stringMatching(`nobody handles the ${kind}`);
  expect(await w.system.exited(p)).toMatchObject({ crashed: { message } });
});
