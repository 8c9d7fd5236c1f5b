/** An actor that declares no more than it must, and what the runtime does in place of what it left out. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { genServer, protocol, reply } from '../../src/otp/gen-server.ts';
import { nameOf } from '../../src/otp/name.ts';
import type { Self } from '../../src/otp/self.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import type { TraceEvent } from '../../src/otp/trace.ts';
import {
  child,
  crash,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  type PuppetProtocol,
  puppet,
  world,
} from './support.ts';

const plainProtocol = protocol({ calls: { state: { request: z.void(), reply: z.number() } } });
type Plain = Self<typeof plainProtocol>;
const Plains = genServer(plainProtocol, {
  init: (prepare: (self: Plain) => void, self) => {
    prepare(self);
    return 5;
  },
  handleCall: { state: (_, state) => reply(state, state) },
});

it('an actor that is started without a name of its own is called actor', async () => {
  const { system } = world();
  const p = await Plains.start(system, () => {});
  expect(p.label).toBe('actor');
});

describe('an actor without a handler for exits', () => {
  it('that traps them outlives a normal one, and ends with any other', async () => {
    const w = world();
    const [a, b] = [await puppet(w, 'a'), await puppet(w, 'b')];
    const p = await Plains.start(
      w.system,
      (self) => {
        self.trapExit(true);
        self.link(a);
        self.link(b);
      },
      { id: 'p' },
    );
    await w.system.stop(a);
    await w.clock.settle();
    expect(await p.call('state')).toBe(5);
    await kill(w, b);
    expect(await w.system.exited(p)).toBe('killed');
  });

  it('and without one for downs goes on when one comes, and shows its state as it is', async () => {
    const w = world();
    const a = await puppet(w, 'a');
    const p = await Plains.start(w.system, (self) => void self.monitor(a), { id: 'p' });
    await kill(w, a);
    expect(await p.call('state')).toBe(5);
    expect(w.system.inspect(p)).toMatchObject({ state: 5, alive: true, kind: 'worker' });
    expect(await w.system.stop(p)).toBe('normal');
  });
});

describe('a trace', () => {
  it('tells of a DOWN by its name', async () => {
    const w = world();
    const [p, other] = [await puppet(w, 'p'), await puppet(w, 'other')];
    await p.call('act', (self) => void self.monitor(other));
    const told: string[] = [];
    w.system.trace(p, (event) => {
      if (event.kind === 'received') told.push(`${event.message.kind} ${event.message.name}`);
    });
    await kill(w, other);
    expect(told).toEqual(['down down']);
  });

  it('shows what a supervisor is told, which redacts nothing', async () => {
    const w = world();
    const spec = supervisor({ id: 'root', strategy: 'one_for_one', children: [child(w, 'a')] });
    const root = await startTree(w.system, spec);
    const events: TraceEvent[] = [];
    w.system.trace(root, (event) => events.push(event));
    await crash(w, 'a');
    expect(events[0]).toMatchObject({
      ...{ kind: 'received', actor: 'root' },
      message: { kind: 'exit', payload: { reason: { crashed: { message: 'boom' } } } },
    });
  });
});

describe('what a dead actor still does', () => {
  it('leaves nothing in its mailbox: late promises, messages to itself, steps, timers', async () => {
    const w = world();
    const late = deferred<number>();
    let self: Self<PuppetProtocol> | undefined;
    const init = (own: Self<PuppetProtocol>) => {
      self = own;
    };
    const p = await puppet(w, 'p', { init });
    const asked = p
      .call('handle', () => ({
        ...{ do: 'replyAfter', promise: late.promise, resume: (state) => reply(1, state) },
      }))
      .catch(() => 'died');
    await w.clock.settle();
    await kill(w, p);
    late.resolve(1);
    self?.send('note', 'late');
    self?.continue('note', 'late');
    await w.clock.settle();
    expect(await asked).toBe('died');
    expect(w.system.inspect(p).mailbox).toBe(0);
    expect(w.notes).toEqual(['+p']);
    expect(w.clock.timers).toBe(0);
  });
});

describe('the deadline of a call', () => {
  it('comes for each of several to an actor that handles nothing', async () => {
    const w = world();
    const name = nameOf<Puppet>('beginner');
    const opened = deferred();
    const starting = puppet(w, 'p', { name, init: () => opened.promise });
    const p = w.system.fetch(name);
    for (let n = 0; n < 3; n++) {
      const asked = p.call('state', undefined, { timeoutMs: 100 }).catch((error) => error.code);
      await w.clock.advance(101);
      expect(await asked).toBe('timeout');
    }
    opened.resolve();
    await starting;
  });

  it('stands although another actor ends meanwhile, and is forgotten with the last', async () => {
    const w = world();
    const [p, other] = [await puppet(w, 'p'), await puppet(w, 'other')];
    const asked = p
      .call('handle', (_, state) => ({ do: 'noreply', state }), { timeoutMs: 100 })
      .catch((error) => error.code);
    await w.clock.settle();
    await w.system.stop(other);
    await w.clock.advance(101);
    expect(await asked).toBe('timeout');
    expect(await p.call('state', undefined, { timeoutMs: 1_000 })).toBe(0);
    expect(w.clock.timers).toBe(1);
    await w.system.stop(p);
    expect(w.clock.timers).toBe(0);
  });
});

describe('an end', () => {
  it('that a kill meets while it frees what it owns goes on to its end', async () => {
    const w = world();
    const freed = deferred();
    const p = await puppet(w, 'p', { init: (self) => self.own(() => freed.promise) });
    w.system.exit(p, 'shutdown');
    await w.clock.settle();
    w.system.exit(p, 'kill');
    await w.clock.settle();
    expect(w.system.size).toBe(1);
    freed.resolve();
    await w.clock.settle();
    expect(w.system.size).toBe(0);
  });

  it('of a late init is said to its terminate as a shutdown', async () => {
    const w = world();
    const opened = deferred<number>();
    const terminate = (reason: unknown) => void w.notes.push(`because of ${String(reason)}`);
    const options = { init: () => opened.promise, initTimeoutMs: 100, terminate };
    const start = puppet(w, 'p', options).catch(() => 'failed');
    await w.clock.advance(100);
    expect(await start).toBe('failed');
    opened.resolve(1);
    await w.clock.settle();
    expect(w.notes).toEqual(['+p', '-p', 'because of shutdown']);
  });

  it('of a supervisor leaves a tree of one', async () => {
    const w = world();
    const spec = supervisor({ id: 'root', strategy: 'one_for_one', children: [child(w, 'a')] });
    const root = await startTree(w.system, spec);
    await w.system.stop(root);
    expect(w.system.tree(root)).toMatchObject({ ref: undefined, children: [] });
  });
});

describe('a supervisor of what is asked for', () => {
  const name = nameOf<DynamicRef<string, Puppet>>('puppets');

  it('outlives a stranger that is linked to it, and those who wait are told why it parked', async () => {
    const w = world();
    const spec = dynamicSupervisor<string, Puppet>({
      ...{ id: 'puppets', name, maxChildren: 5, maxRestarts: 1 },
      child: (key) => child(w, key),
    });
    await startTree(
      w.system,
      supervisor({ id: 'root', strategy: 'one_for_one', children: [spec] }),
    );
    const puppets = w.system.fetch(name);
    const stranger = await puppet(w, 'stranger');
    await stranger.call('act', (self) => self.link(puppets.ref));
    await kill(w, stranger);
    expect(puppets.ref.alive).toBe(true);

    await puppets.ensure('a');
    await crash(w, 'a');
    await w.clock.advance(10);
    expect(findPuppet(w, 'a').alive).toBe(true);
    w.system.exit(findPuppet(w, 'a'), 'kill');
    const waiting = puppets.ensure('a').catch((error) => error);
    await w.clock.settle();
    expect(await waiting).toMatchObject({ code: 'parked', reason: 'killed' });
    expect((await waiting).message).toContain('root/puppets/a is parked');
  });
});
