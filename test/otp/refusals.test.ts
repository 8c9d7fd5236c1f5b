/** What the runtime refuses: each with its code, and with words that name who and what. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
} from '../../src/otp/administration.ts';
import { ChildSlot } from '../../src/otp/child-slot.ts';
import { genServer, IGNORE, protocol } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { processOf } from '../../src/otp/system.ts';
import {
  child,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  puppet,
  type World,
  world,
} from './support.ts';

const outcomeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'nothing was refused',
    (error) => error,
  );

const rootWith = (w: World, ...children: ReturnType<typeof child>[]) =>
  startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children }));

describe('a call', () => {
  it('of a dead actor', async () => {
    const w = world();
    const p = await puppet(w, 'p');
    await w.system.stop(p);
    expect(await outcomeOf(p.call('state'))).toMatchObject({
      ...{ code: 'noproc', message: 'p is not alive' },
    });
  });

  it('of the caller itself', async () => {
    const p = await puppet(world(), 'p');
    const inside = await p.call('act', () => ({ asked: outcomeOf(p.call('state')) }));
    expect(await (inside as { asked: Promise<unknown> }).asked).toMatchObject({
      ...{ code: 'calling_self', message: 'p called itself (state) and cannot answer' },
    });
  });

  it('before a full mailbox says how soon it may be tried again', async () => {
    const w = world();
    const opened = deferred();
    const p = await puppet(w, 'p', { mailboxLimit: 1 });
    p.cast('note', 'fills it');
    const full = { code: 'mailbox_full', message: 'the mailbox of p is full (1 messages)' };
    const working = await outcomeOf(p.call('state'));
    expect(working).toMatchObject(full);
    const name = nameOf<Puppet>('beginner');
    const init = () => opened.promise;
    const starting = puppet(w, 'p', { mailboxLimit: 1, name, init });
    const beginner = w.system.fetch(name);
    beginner.cast('note', 'fills it');
    const waiting = await outcomeOf(beginner.call('state'));
    expect(waiting).toMatchObject(full);
    const retryAfterMs = (error: unknown) => (error as { retryAfterMs: number }).retryAfterMs;
    expect(retryAfterMs(working)).toBeGreaterThan(0);
    expect(retryAfterMs(waiting)).toBeGreaterThan(retryAfterMs(working));
    opened.resolve();
    await starting;
  });

  it('that nobody knows', async () => {
    const p = await puppet(world(), 'p');
    for (const name of ['strange', 'toString'])
      expect(await outcomeOf(p.call(name as 'state'))).toMatchObject({
        ...{ code: 'unknown_call', message: `p knows no call ${name}` },
      });
  });

  it('that is not answered in time', async () => {
    const w = world();
    const p = await puppet(w, 'p');
    const asked = outcomeOf(
      p.call('handle', (_, state) => ({ do: 'noreply', state }), { timeoutMs: 100 }),
    );
    await w.clock.advance(101);
    expect(await asked).toMatchObject({
      ...{ code: 'timeout', message: 'p did not answer handle within 100 ms' },
    });
  });

  it('whose callee dies before it answers', async () => {
    const w = world();
    const p = await puppet(w, 'p');
    const asked = outcomeOf(p.call('handle', (_, state) => ({ do: 'noreply', state })));
    await w.clock.settle();
    await kill(w, p);
    expect(await asked).toMatchObject({
      ...{ code: 'callee_died', message: 'p died before it answered handle (killed)' },
      reason: 'killed',
    });
  });
});

describe('a message', () => {
  it.each(['cast', 'info'] as const)('that nobody handles crashes its actor: %s', async (kind) => {
    const w = world();
    const p = await puppet(w, 'p');
    if (kind === 'cast') p.cast('strange' as 'note', 'x');
    else await p.call('act', (self) => self.send('strange' as 'note', 'x'));
    expect(await w.system.exited(p)).toMatchObject({
      crashed: { name: 'TypeError', message: `nobody handles the ${kind} strange` },
    });
  });

  it.each([
    ['undefined', undefined],
    ['object', { do: 'nonsense' }],
  ])('whose handler returns what is no result crashes its actor: %s', async (type, result) => {
    const w = world();
    const p = await puppet(w, 'p');
    void outcomeOf(p.call('handle', () => result as never));
    expect(await w.system.exited(p)).toMatchObject({
      crashed: { message: `bad return from the handler of call handle: ${type}` },
    });
  });
});

describe('a handler of casts', () => {
  it('that returns what is no result crashes its actor', async () => {
    const strange = protocol({ calls: {}, casts: { note: z.void() } });
    const Strangers = genServer(strange, {
      init: (_: undefined) => 0,
      handleCall: {},
      handleCast: { note: () => ({ do: 'nonsense' }) as never },
    });
    const { system } = world();
    const p = await Strangers.start(system, undefined, { id: 'p' });
    p.cast('note', undefined);
    expect(await system.exited(p)).toMatchObject({
      crashed: { message: 'bad return from the handler of cast note: object' },
    });
  });
});

describe('work that an actor has left to its own turn', () => {
  it('and that fails later crashes it', async () => {
    const { system } = world();
    const p = await puppet({ ...world(), system }, 'p');
    const bug = new Error('bug');
    processOf(p).later('work', () => Promise.reject(bug));
    expect(await system.exited(p)).toEqual({ crashed: bug });
  });
});

describe('a start', () => {
  it('under a supervisor that is dead', async () => {
    const w = world();
    const root = await rootWith(w);
    await w.system.stop(root);
    const spec = child(w, 'a');
    const place = { parent: processOf(root), slot: new ChildSlot(spec) };
    const started = await spec.start(w.system, place);
    expect(started).toEqual({ kind: 'failed', reason: 'noproc' });
    expect(w.notes).toEqual([]);
  });

  it('that takes too long, fails or is not wanted', async () => {
    const w = world();
    const slow = outcomeOf(
      puppet(w, 'p', { init: () => new Promise(() => {}), initTimeoutMs: 50 }),
    );
    await w.clock.advance(50);
    expect(await slow).toMatchObject({
      code: 'start_failed',
      reason: { crashed: { code: 'timeout' } },
    });
    expect(((await slow) as Error).message).toBe(
      'p did not start (crashed: p did not start within 50 ms)',
    );
    expect(await outcomeOf(puppet(w, 'p', { init: () => IGNORE }))).toMatchObject({
      ...{ code: 'ignored', message: 'p is not wanted' },
    });
  });

  it('under a name that is taken', async () => {
    const w = world();
    const name = nameOf<Puppet>('taken');
    const p = await puppet(w, 'p', { name });
    const refused = await outcomeOf(puppet(w, 'q', { name }));
    expect(refused).toMatchObject({ code: 'already_started', ref: p });
    expect((refused as Error).message).toContain('taken is registered already');
  });
});

describe('a name', () => {
  it('that is taken, or that nothing has', async () => {
    const w = world();
    const p = await puppet(w, 'p');
    const name = nameOf<unknown>('n');
    expect(() => w.system.fetch(name)).toThrow('nothing is registered as n');
    await p.call('act', (self) => self.register(name, 1));
    const again = await outcomeOf(p.call('act', (self) => self.register(name, 2)));
    expect(again).toMatchObject({ code: 'callee_died' });
    expect((again as Error).message).toContain('n is registered already');
    expect(() => w.system.fetch(name)).toThrow('nothing is registered as n');
  });

  it('that its owner gives back is free again', async () => {
    const w = world();
    const p = await puppet(w, 'p');
    const name = nameOf<unknown>('n');
    await p.call('act', (self) => self.register(name, 1));
    expect(w.system.find(name)).toBe(1);
    await p.call('act', (self) => self.unregister(name));
    expect(w.system.find(name)).toBeUndefined();
    await p.call('act', (self) => self.register(name, 2));
    expect(w.system.find(name)).toBe(2);
  });
});

describe('an order', () => {
  it('about a child that is not there', async () => {
    const w = world();
    const root = await rootWith(w, child(w, 'a'));
    for (const asked of [terminateChild, restartChild, deleteChild])
      expect(await outcomeOf(asked(root, 'x'))).toMatchObject({
        ...{ code: 'not_found', message: 'root has no child x' },
      });
  });

  it('about a child that is running', async () => {
    const w = world();
    const root = await rootWith(w, child(w, 'a'));
    for (const asked of [restartChild, deleteChild])
      expect(await outcomeOf(asked(root, 'a'))).toMatchObject({
        ...{ code: 'running', message: 'root/a is running' },
      });
    expect(await outcomeOf(startChild(root, child(w, 'a')))).toMatchObject({
      ...{ code: 'already_started', message: 'root has a child a, which is running' },
    });
  });

  it('to start a child that is there and stopped, or that does not start', async () => {
    const w = world();
    const root = await rootWith(w, child(w, 'a'));
    await terminateChild(root, 'a');
    expect(await outcomeOf(startChild(root, child(w, 'a')))).toMatchObject({
      ...{ code: 'already_present', message: 'root has a child a, which is stopped' },
    });
    const init = () => {
      throw new Error('boom');
    };
    expect(await outcomeOf(startChild(root, child(w, 'b', { init })))).toMatchObject({
      ...{ code: 'start_failed', message: 'b did not start (crashed: boom)' },
    });
    expect(await outcomeOf(deleteChild(root, 'b'))).toMatchObject({ code: 'not_found' });
  });

  it('to a worker, and a call to a supervisor', async () => {
    const w = world();
    const root = await rootWith(w, child(w, 'a'));
    expect(await outcomeOf(deleteChild(findPuppet(w, 'a'), 'x'))).toMatchObject({
      ...{ code: 'unknown_call', message: 'root/a has no list of children that could be changed' },
    });
    const call = (root as unknown as Puppet).call('state');
    expect(await outcomeOf(call)).toMatchObject({
      ...{ code: 'unknown_call', message: 'root is a supervisor and knows no call state' },
    });
  });
});

describe('a stop', () => {
  it('that takes too long', async () => {
    const w = world();
    const p = await puppet(w, 'p', { terminate: () => new Promise(() => {}) });
    const stopped = outcomeOf(w.system.stop(p, 'normal', { timeoutMs: 20 }));
    await w.clock.advance(20);
    expect(await stopped).toMatchObject({
      ...{ code: 'timeout', message: 'p did not end within 20 ms' },
    });
  });

  it('of what is no actor', async () => {
    const { system } = world();
    expect(() => system.inspect({ id: 1, label: 'x', alive: true })).toThrow(
      new TypeError('this is not the ref of an actor'),
    );
  });
});

describe('a mailbox', () => {
  it('without room for a single message', async () => {
    expect(
      await outcomeOf((async () => puppet(world(), 'p', { mailboxLimit: 0 }))()),
    ).toMatchObject({
      ...{ code: 'bad_spec', message: 'mailboxLimit must be at least 1: 0' },
    });
  });

  it('that is full lets a cast wait for as long as it takes, without a timer', async () => {
    const w = world();
    const opened = deferred();
    const name = nameOf<Puppet>('beginner');
    const init = () => opened.promise;
    const starting = puppet(w, 'p', {
      mailboxLimit: 1,
      name,
      init,
      initTimeoutMs: Number.POSITIVE_INFINITY,
    });
    const p = w.system.fetch(name);
    p.cast('note', 'first');
    const taken = p.castOrWait('note', 'second', { timeoutMs: Number.POSITIVE_INFINITY });
    await w.clock.settle();
    expect(w.clock.timers).toBe(0);
    opened.resolve();
    await starting;
    await taken;
    await w.clock.settle();
    expect(w.notes).toEqual(['+p', 'first', 'second']);
  });
});

describe('a normal end of a child', () => {
  it('is reported by nobody, and is no crash of it', async () => {
    const w = world();
    const root = await rootWith(w, child(w, 'a', { restart: 'transient' }));
    await w.system.stop(findPuppet(w, 'a'));
    await w.clock.settle();
    expect(w.reports).toEqual([]);
    expect(w.system.tree(root).children).toMatchObject([{ status: 'stopped', restarts: 0 }]);
  });
});
