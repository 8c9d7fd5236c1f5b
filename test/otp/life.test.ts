/** How an actor begins and ends: init, its bound and its failures; terminate, releases, kills; names. */
import { expect, test } from 'vitest';
import { IGNORE } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Self } from '../../src/otp/self.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import {
  child,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  type PuppetProtocol,
  puppet,
  world,
} from './support.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const boom = () => {
  throw new Error('boom');
};

test('a throw in init is a failed start, and nothing of the actor is left', async () => {
  const w = world();
  await expect(puppet(w, 'p', { init: boom })).rejects.toMatchObject({
    code: 'start_failed',
    cause: { message: 'boom' },
  });
  expect(w.system.size).toBe(0);
});

test('a rejected init is a failed start', async () => {
  const start = puppet(world(), 'p', { init: () => Promise.reject(new Error('boom')) });
  await expect(start).rejects.toEqual(code('start_failed'));
});

test('an init that does not come back within initTimeoutMs is a failed start', async () => {
  const w = world();
  const start = puppet(w, 'p', { init: () => new Promise(() => {}), initTimeoutMs: 100 });
  const failed = expect(start).rejects.toMatchObject({
    code: 'start_failed',
    cause: { code: 'timeout' },
  });
  await w.clock.advance(100);
  await failed;
});

test('an init that gives IGNORE starts nothing and is no failure of its own', async () => {
  const w = world();
  await expect(puppet(w, 'p', { init: () => IGNORE })).rejects.toEqual(code('ignored'));
  expect(w.reports).toEqual([]);
});

test('messages wait until an asynchronous init is done', async () => {
  const w = world();
  const opened = deferred<number>();
  const me = nameOf<Puppet>('me');
  const init = (self: Self<PuppetProtocol>) => {
    self.register(me, self.ref);
    return opened.promise;
  };
  const start = puppet(w, 'p', { init });
  const early = w.system.fetch(me).call('state');
  opened.resolve(5);
  await start;
  expect(await early).toBe(5);
});

test('what a late init opened is closed by terminate', async () => {
  const w = world();
  const opened = deferred<number>();
  const start = puppet(w, 'p', { init: () => opened.promise, initTimeoutMs: 100 }).catch(
    () => 'failed',
  );
  await w.clock.advance(100);
  expect(await start).toBe('failed');
  expect(w.notes).toEqual(['+p']);
  opened.resolve(1);
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', '-p']);
});

test('terminate runs on a stop, on a crash and on an exit signal', async () => {
  const w = world();
  const ps = await Promise.all(['a', 'b', 'c'].map((name) => puppet(w, name)));
  await ps[0]?.call('stop', 'normal').catch(() => {});
  await ps[1]?.call('crash').catch(() => {});
  if (ps[2]) w.system.exit(ps[2], 'shutdown');
  await w.clock.settle();
  expect(w.notes.slice(3)).toEqual(['-a', '-b', '-c']);
});

test('a kill runs no terminate, but frees what the actor owns', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: (self) => self.own(() => void w.notes.push('freed')) });
  await kill(w, p);
  expect(w.notes).toEqual(['+p', 'freed']);
  expect(await w.system.exited(p)).toBe('killed');
});

test('what an actor owns is freed in reverse, after terminate, before anyone is told', async () => {
  const w = world();
  const own = (name: string) => () => void w.notes.push(name);
  const p = await puppet(w, 'p', {
    init: (self) => {
      self.own(own('first'));
      self.own(own('second'));
    },
  });
  const told = w.system.exited(p).then(() => w.notes.push('told'));
  await w.system.stop(p);
  await told;
  expect(w.notes).toEqual(['+p', '-p', 'second', 'first', 'told']);
});

test('an asynchronous release is waited for, five seconds at most', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: (self) => self.own(() => new Promise(() => {})) });
  w.system.exit(p, 'kill');
  await w.clock.advance(4_999);
  expect(w.system.size).toBe(1);
  await w.clock.advance(1);
  expect(w.system.size).toBe(0);
});

test('an asynchronous terminate is waited for, and cut short by a kill', async () => {
  const w = world();
  const p = await puppet(w, 'p', { terminate: () => new Promise(() => {}) });
  w.system.exit(p, 'shutdown');
  await w.clock.settle();
  expect(w.system.size).toBe(1);
  await kill(w, p);
  expect(await w.system.exited(p)).toBe('killed');
});

test('who would be killed at once when stopped has five seconds for a terminate of its own accord', async () => {
  const w = world();
  const terminate = () => new Promise<void>(() => {});
  const children = [child(w, 'a', { restart: 'transient', shutdownMs: 'brutal_kill', terminate })];
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  const a = findPuppet(w, 'a');
  const ended = w.system.stop(a);
  await w.clock.advance(4_999);
  expect(w.system.size).toBe(2);
  await w.clock.advance(1);
  expect(await ended).toBe('killed');
  await w.system.stop(root);
});

test('a terminate that throws turns a normal end into a crash', async () => {
  const w = world();
  const p = await puppet(w, 'p', { terminate: boom });
  expect(await w.system.stop(p)).toMatchObject({ crashed: { message: 'boom' } });
  expect(w.reports).toMatchObject([{ kind: 'crash', reason: { crashed: { message: 'boom' } } }]);
});

test('a release that throws is reported and stops nothing', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: (self) => self.own(boom) });
  expect(await w.system.stop(p)).toBe('normal');
  expect(w.reports).toMatchObject([{ kind: 'fault', actor: 'p', during: 'a release' }]);
});

test('a name lives as long as its actor', async () => {
  const w = world();
  const name = nameOf<string>('colour');
  const p = await puppet(w, 'p', { init: (self) => self.register(name, 'green') });
  expect(w.system.fetch(name)).toBe('green');
  await w.system.stop(p);
  expect(w.system.find(name)).toBeUndefined();
  expect(() => w.system.fetch(name)).toThrow(code('not_registered'));
});

test('a name that is taken is refused', async () => {
  const w = world();
  const name = nameOf<number>('one');
  await puppet(w, 'a', { init: (self) => self.register(name, 1) });
  const second = puppet(w, 'b', { init: (self) => self.register(name, 2) });
  await expect(second).rejects.toMatchObject({ cause: { code: 'already_registered' } });
  expect(w.system.fetch(name)).toBe(1);
});

test('a dead actor cannot take a name', async () => {
  const w = world();
  let register = () => {};
  const init = (self: {
    register(name: ReturnType<typeof nameOf<number>>, value: number): void;
  }) => {
    register = () => self.register(nameOf<number>('late'), 1);
  };
  await w.system.stop(await puppet(w, 'p', { init }));
  expect(register).toThrow(code('noproc'));
});

test('an actor may end itself from a foreign callback', async () => {
  const w = world();
  let callback = () => {};
  const failure = new Error('socket closed');
  const p = await puppet(w, 'p', {
    init: (self) => {
      callback = () => self.exit({ crashed: failure });
    },
  });
  callback();
  expect(await w.system.exited(p)).toEqual({ crashed: failure });
  expect(w.notes).toEqual(['+p', '-p']);
});

test('two systems in one program know nothing of each other', async () => {
  const [a, b] = [world(), world()];
  await puppet(a, 'p', { init: (self) => self.register(nameOf('p'), 1) });
  expect(b.system.find(nameOf('p'))).toBeUndefined();
  expect([a.system.size, b.system.size]).toEqual([1, 0]);
});

test('a thousand racing starts of one name give one actor, and everyone else its ref', async () => {
  const w = world();
  const name = nameOf<Puppet>('one');
  const opened = deferred<number>();
  const init = () => opened.promise;
  const starts = Array.from({ length: 1_000 }, () => puppet(w, 'p', { name, init }));
  opened.resolve(1);
  const outcomes = await Promise.allSettled(starts);
  const [winner] = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const losers = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect([losers.length, w.notes]).toEqual([999, ['+p']]);
  expect(losers.every(({ code, ref }) => code === 'already_started' && ref === winner)).toBe(true);
});

test('a name that an actor starts under is free when it is dead, or has not started', async () => {
  const w = world();
  const name = nameOf<Puppet>('one');
  await expect(puppet(w, 'p', { name, init: boom })).rejects.toEqual(code('start_failed'));
  const first = await puppet(w, 'p', { name });
  await kill(w, first);
  const second = await puppet(w, 'p', { name });
  expect(w.system.fetch(name)).toBe(second);
});

test('a stop that takes longer than its deadline rejects with timeout, and ends the actor all the same', async () => {
  const w = world();
  const closed = deferred();
  const p = await puppet(w, 'p', { terminate: () => closed.promise });
  const stopped = w.system.stop(p, 'normal', { timeoutMs: 100 }).catch((error) => error.code);
  await w.clock.advance(100);
  expect(await stopped).toBe('timeout');
  closed.resolve();
  expect(await w.system.exited(p)).toBe('normal');
  expect(w.clock.timers).toBe(0);
});

test('a stop of a dead actor gives the reason that it died of', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await kill(w, p);
  expect(await w.system.stop(p)).toBe('killed');
});

test('a stop does not wait for an init that hangs', async () => {
  const w = world();
  const name = nameOf<Puppet>('beginner');
  const begun = puppet(w, 'p', { name, init: () => new Promise(() => {}) });
  const failed = expect(begun).rejects.toEqual(code('start_failed'));
  expect(await w.system.stop(w.system.fetch(name), 'shutdown')).toBe('shutdown');
  await failed;
  expect(w.clock.timers).toBe(0);
});

test('a stop of a tree gives up the child that it is starting again', async () => {
  const w = world();
  let starts = 0;
  const init = () => (++starts === 1 ? undefined : new Promise(() => {}));
  const tree = await startTree(
    w.system,
    supervisor({ id: 'top', strategy: 'one_for_one', children: [child(w, 'a', { init })] }),
  );
  await kill(w, findPuppet(w, 'a'));
  expect(starts).toBe(2);
  expect(await w.system.stop(tree, 'shutdown')).toBe('shutdown');
  expect(w.clock.timers).toBe(0);
});

test('a goodbye without a limit has no timer, and is waited for as long as it takes', async () => {
  const w = world();
  const opened = deferred();
  const terminate = () => opened.promise;
  const children = [child(w, 'a', { terminate, shutdownMs: 'infinity' })];
  const tree = await startTree(
    w.system,
    supervisor({ id: 'top', strategy: 'one_for_one', children }),
  );
  let isOver = false;
  const { clock } = w;
  void w.system.exited(tree).then(() => {
    isOver = true;
  });
  w.system.exit(tree, 'shutdown');
  await clock.settle();
  expect(clock.timers).toBe(0);
  await clock.advance(3_600_000);
  expect(isOver).toBe(false);
  opened.resolve();
  await clock.settle();
  expect(isOver).toBe(true);
});

test('what an actor acquires while it says goodbye is freed with the rest, and later at once', async () => {
  const w = world();
  let self: Self<PuppetProtocol> | undefined;
  const own = (what: string) => self?.own(() => void w.notes.push(what));
  const p = await puppet(w, 'p', {
    init: (given) => {
      self = given;
      own('first');
    },
    terminate: () => {
      own('second');
      w.notes.push('goodbye');
    },
  });
  await w.system.stop(p);
  expect(w.notes).toEqual(['+p', '-p', 'goodbye', 'second', 'first']);
  own('third');
  expect(w.notes.at(-1)).toBe('third');
});
