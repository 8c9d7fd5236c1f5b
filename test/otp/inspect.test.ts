/** Looking in: the tree, one actor, and the reports of what went wrong. */
import { expect, test } from 'vitest';
import { startChild, terminateChild } from '../../src/otp/administration.ts';
import { whichChildren } from '../../src/otp/child-info.ts';
import { noreply, reply, replyAfter } from '../../src/otp/gen-server.ts';
import { walk } from '../../src/otp/inspect.ts';
import type { From } from '../../src/otp/message.ts';
import { nameOf } from '../../src/otp/name.ts';
import { onlyIf } from '../../src/otp/only-if.ts';
import { formatReport, type Report } from '../../src/otp/report.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import type { TraceEvent } from '../../src/otp/trace.ts';
import {
  child,
  crash,
  deferred,
  findPuppet,
  kill,
  type Puppet,
  puppet,
  type World,
  world,
} from './support.ts';

test('the tree shows every place, taken or not, with status and restarts', async () => {
  const w = world();
  const inner = supervisor({ id: 'inner', strategy: 'one_for_one', children: [child(w, 'a')] });
  const children = [inner, onlyIf(false, child(w, 'b'))];
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  await crash(w, 'a');
  expect(w.system.tree(root)).toMatchObject({
    id: 'root',
    label: 'root',
    kind: 'supervisor',
    status: 'running',
    children: [
      {
        id: 'inner',
        children: [
          {
            id: 'a',
            label: 'root/inner/a',
            kind: 'worker',
            ref: findPuppet(w, 'a'),
            restarts: 1,
            hasCrashed: true,
          },
        ],
      },
      { id: 'b', label: 'root/b', status: 'ignored', ref: undefined, children: [] },
    ],
  });
});

test('the tree shows a child that is being restarted', async () => {
  const w = world();
  const opened = deferred();
  let slow = false;
  const init = () => (slow ? opened.promise : undefined);
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children: [child(w, 'a', { init })] }),
  );
  slow = true;
  await crash(w, 'a');
  expect(w.system.tree(root).children).toMatchObject([{ id: 'a', status: 'restarting' }]);
  expect(w.system.inspect(root).current).toMatchObject({ kind: 'exit', since: w.clock.now() });
  opened.resolve();
});

test('an actor shows its redacted state, mailbox, reductions, restarts and last crash', async () => {
  const w = world();
  await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children: [child(w, 'a')] }),
  );
  await crash(w, 'a');
  const a = findPuppet(w, 'a');
  await a.call('state');
  a.cast('note', 'waits');
  expect(w.system.inspect(a)).toMatchObject({
    label: 'root/a',
    alive: true,
    state: { count: 0 },
    mailbox: 1,
    reductions: 1,
    restarts: 1,
    lastCrash: { crashed: { message: 'boom' } },
  });
});

test('an actor shows how many wait for its answer, and for room', async () => {
  const w = world();
  const p = await puppet(w, 'p', { mailboxLimit: 1 });
  const taken = deferred<From<unknown>>();
  const owed = p.call('handle', (from, n) => {
    taken.resolve(from);
    return noreply(n);
  });
  const from = await taken.promise;
  p.cast('note', 'fills it');
  const outside = p.castOrWait('note', 'waits');
  expect(w.system.inspect(p)).toMatchObject({ mailbox: 1, outside: 1, owed: 1 });
  from.reply('late');
  await Promise.all([owed, outside]);
  await w.clock.settle();
  expect(w.system.inspect(p)).toMatchObject({ mailbox: 0, outside: 0, owed: 0 });
});

test('a crash report says who, on what message, in which state, why, how often', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: () => 7 });
  await p.call('crash').catch(() => {});
  expect(w.reports).toMatchObject([
    {
      kind: 'crash',
      actor: 'p',
      reason: { crashed: { message: 'boom' } },
      lastMessage: { kind: 'call', name: 'crash' },
      state: { count: 7 },
      restarts: 0,
    },
  ]);
  expect(w.reports.map(formatReport)).toEqual(['p: crashed: boom (on call crash)']);
});

test('a redact that throws hides no crash', async () => {
  const w = world();
  const redact = () => {
    throw new Error('cannot be shown');
  };
  const p = await puppet(w, 'p', { redact });
  await p.call('crash').catch(() => {});
  const state = { redactFailed: { message: 'cannot be shown' } };
  expect(w.reports).toMatchObject([{ kind: 'crash', state }]);
});

test('a listener that throws hides no report from the others', async () => {
  const heard: string[] = [];
  const lines: string[] = [];
  const printed = console.error;
  console.error = (line: string) => void lines.push(line);
  const system = new System({
    onReport: () => {
      throw new Error('boom');
    },
  });
  const unsubscribe = system.subscribeReports(({ kind }) => void heard.push(kind));
  system.report({ kind: 'fault', actor: 'a', during: 'b', error: 'c' });
  unsubscribe();
  system.report({ kind: 'fault', actor: 'a', during: 'b', error: 'c' });
  console.error = printed;
  expect([heard, lines.length]).toEqual([['fault'], 4]);
});

/** What a system without a listener prints; `isBroken` says which lines the output cannot take. */
const printing = (report: Report, isBroken: (line: string) => boolean = () => false) => {
  const printed = console.error;
  const lines: unknown[][] = [];
  console.error = (...given: unknown[]) => {
    if (isBroken(String(given[0]))) throw new Error('the output is gone');
    lines.push(given);
  };
  try {
    new System().report(report);
  } finally {
    console.error = printed;
  }
  return lines;
};

test('a report that nobody listens to is printed, with the stack of what crashed', () => {
  const boom = new Error('boom');
  const of = { kind: 'child_start_failed', supervisor: 'root', child: 'a' } as const;
  expect(printing({ ...of, reason: { crashed: boom } })).toEqual([
    ['root: a did not start: crashed: boom', boom],
  ]);
  expect(printing({ ...of, reason: 'noproc' })).toEqual([['root: a did not start: noproc', '']]);
  expect(printing({ ...of, kind: 'child_killed', shutdownMs: 5 })).toEqual([
    ['root: a did not end within 5 ms and was killed', ''],
  ]);
  expect(printing({ kind: 'fault', actor: 'a', during: 'b', error: boom })).toEqual([
    ['a: b failed: crashed: boom', boom],
  ]);
});

test('a report that cannot be printed is told of, and not tried again', () => {
  const report: Report = { kind: 'fault', actor: 'a', during: 'b', error: new Error('boom') };
  const lines = printing(report, (line) => line.startsWith('a:'));
  expect(lines.map(([line]) => line)).toEqual([
    'system: a report listener failed: crashed: the output is gone',
  ]);
});

test('a walk through the tree meets every node before its children', async () => {
  const w = world();
  const inner = supervisor({ id: 'inner', strategy: 'one_for_one', children: [child(w, 'a')] });
  const children = [inner, child(w, 'b')];
  const spec = supervisor({ id: 'root', strategy: 'one_for_one', children });
  const root = await startTree(w.system, spec);
  expect([...walk(w.system.tree(root))].map(({ id }) => id)).toEqual(['root', 'inner', 'a', 'b']);
});

test('what messages carry is redacted wherever it is shown', async () => {
  const w = world();
  const redactMessage = () => 'secret';
  const p = await puppet(w, 'p', { redactMessage });
  const seen: TraceEvent[] = [];
  w.system.trace(p, (event) => void seen.push(event));
  await p.call('handle', () => ({ do: 'nothing' }) as never).catch(() => {});
  expect(seen[0]).toMatchObject({ message: { name: 'handle', payload: 'secret' } });
  expect(w.reports).toMatchObject([{ kind: 'crash', lastMessage: { payload: 'secret' } }]);
});

test('a redactMessage that throws hides no crash', async () => {
  const w = world();
  const redactMessage = () => {
    throw new Error('cannot be shown');
  };
  const p = await puppet(w, 'p', { redactMessage });
  await p.call('crash').catch(() => {});
  const payload = { redactFailed: { message: 'cannot be shown' } };
  expect(w.reports).toMatchObject([{ kind: 'crash', lastMessage: { payload } }]);
});

class Unshowable extends Error {
  override get message(): string {
    throw new Error('no message');
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    throw new Error('no inspection');
  }
}

test('what was thrown may refuse to be shown: the crash is printed all the same', async () => {
  const printed = console.error;
  const lines: string[] = [];
  console.error = (...given: unknown[]) => {
    for (const each of given) if (each instanceof Unshowable) throw new Error('no inspection');
    lines.push(given.join(' '));
  };
  const system = new System();
  const reason = { crashed: new Unshowable() };
  const [lastMessage, state] = [undefined, undefined];
  system.report({ kind: 'crash', actor: 'p', id: 1, reason, lastMessage, state, restarts: 0 });
  console.error = printed;
  expect(lines).toEqual(['p: crashed: something that cannot be shown']);
});

// ── trace ────────────────────────────────────────────────────────────────────────────────────────────────────────

function traced(w: World, p: Puppet) {
  const events: TraceEvent[] = [];
  const off = w.system.trace(p, (event) => void events.push(event));
  const told = () =>
    events.map((event) =>
      'message' in event ? `${event.kind} ${event.message.name}` : event.kind,
    );
  return { events, told, off };
}

test('a trace tells of each message before and after it is handled, with the state', async () => {
  const w = world();
  const p = await puppet(w, 'p', { init: () => 7 });
  const { events } = traced(w, p);
  p.cast('note', 'hello');
  await p.call('handle', (_, n) => reply(n, n + 1));
  const at = w.clock.now();
  expect(events).toMatchObject([
    { kind: 'received', actor: 'p', at, waiting: 1, message: { kind: 'cast', payload: 'hello' } },
    { kind: 'handled', message: { name: 'note' }, tookMs: 0, state: { count: 7 } },
    { kind: 'received', waiting: 0, message: { kind: 'call', name: 'handle' } },
    { kind: 'handled', message: { name: 'handle' }, state: { count: 8 } },
  ]);
});

test('a trace shows what a commit changes when it is done', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const { events } = traced(w, p);
  await p.call('handle', () => replyAfter(Promise.resolve(), (n) => reply(n, n + 1)));
  expect(events.at(-1)).toMatchObject({ message: { kind: 'run' }, state: { count: 1 } });
});

test('a trace tells how an actor crashed, and that it is gone', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const { events, told } = traced(w, p);
  await p.call('crash').catch(() => {});
  await w.clock.settle();
  expect(told()).toEqual(['received crash', 'threw crash', 'exited']);
  expect(events.at(-1)).toMatchObject({ reason: { crashed: { message: 'boom' } } });
});

test('a trace can be taken off, and nothing is told any more', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  const [one, two] = [traced(w, p), traced(w, p)];
  one.off();
  await p.call('state');
  two.off();
  await p.call('state');
  await kill(w, p);
  expect([one.told(), two.told()]).toEqual([[], ['received state', 'handled state']]);
});

test('a listener of a trace that throws disturbs neither the actor nor other listeners', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  w.system.trace(p, () => {
    throw new Error('boom');
  });
  const { told } = traced(w, p);
  expect(await p.call('state')).toBe(0);
  expect(told()).toEqual(['received state', 'handled state']);
  expect(w.reports[0]).toMatchObject({ kind: 'fault', during: 'a trace listener' });
});

test('a supervisor under trace restarts and takes orders as before', async () => {
  const w = world();
  const children = [child(w, 'a')];
  const spec = supervisor({ id: 'root', strategy: 'one_for_one', children });
  const root = await startTree(w.system, spec);
  const handled: string[] = [];
  w.system.trace(root, (event) => event.kind === 'handled' && handled.push(event.message.name));
  await crash(w, 'a');
  await terminateChild(root, 'a');
  await w.system.stop(root);
  expect(handled).toEqual(['exit', 'terminateChild', 'exit', 'stop']);
});

test('a supervisor under trace that starts a child can be stopped, and so can one that is stopping', async () => {
  const w = world();
  let starts = 0;
  const init = () => (++starts === 1 ? undefined : new Promise(() => {}));
  const spec = supervisor({
    id: 'top',
    strategy: 'one_for_one',
    children: [child(w, 'a', { init })],
  });
  const root = await startTree(w.system, spec);
  w.system.trace(root, () => {});
  await kill(w, findPuppet(w, 'a'));
  expect(starts).toBe(2);
  expect(await w.system.stop(root, 'shutdown')).toBe('shutdown');
});

test('an order under trace is handled when it is carried out, and not before', async () => {
  const w = world();
  const opened = deferred();
  const spec = supervisor({ id: 'root', strategy: 'one_for_one', children: [] });
  const root = await startTree(w.system, spec);
  const told: string[] = [];
  w.system.trace(
    root,
    (event) => void ('message' in event && told.push(`${event.kind} ${event.message.name}`)),
  );
  const orders = ['a', 'b'].map((id) =>
    startChild(root, child(w, id, { init: () => opened.promise })),
  );
  await w.clock.settle();
  expect([told, w.notes]).toEqual([['received startChild'], ['+a']]);
  opened.resolve();
  await Promise.all(orders);
  const order = ['received startChild', 'handled startChild'];
  expect(told).toEqual([...order, ...order]);
});

test('what a late init opened is closed by terminate under trace too', async () => {
  const w = world();
  const opened = deferred<number>();
  const name = nameOf<Puppet>('late');
  const starting = puppet(w, 'p', { name, init: () => opened.promise, initTimeoutMs: 100 });
  w.system.trace(w.system.fetch(name), () => {});
  const failed = starting.catch(() => 'failed');
  await w.clock.advance(100);
  expect(await failed).toBe('failed');
  opened.resolve(1);
  await w.clock.settle();
  expect(w.notes).toEqual(['+p', '-p']);
});

test('a trace hides nothing of what it wraps: the kind, the children, the states', async () => {
  const w = world();
  const spec = supervisor({ id: 'root', strategy: 'rest_for_one', children: [child(w, 'a')] });
  const root = await startTree(w.system, spec);
  const plain = [w.system.tree(root), w.system.inspect(root), w.system.inspect(findPuppet(w, 'a'))];
  w.system.trace(root, () => {});
  w.system.trace(findPuppet(w, 'a'), () => {});
  expect([
    ...[w.system.tree(root), w.system.inspect(root), w.system.inspect(findPuppet(w, 'a'))],
  ]).toEqual(plain);
});

test('a worker has no strategy and no children, and a dead one is nobody in the tree', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  expect(w.system.tree(p)).not.toHaveProperty('strategy');
  expect([whichChildren(p), w.system.tree(p).children]).toEqual([[], []]);
  await w.system.stop(p);
  expect(w.system.tree(p).ref).toBeUndefined();
});

test('the tree says how a supervisor restarts its children', async () => {
  const w = world();
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'rest_for_one', children: [] }),
  );
  expect(w.system.tree(root)).toMatchObject({ strategy: 'rest_for_one', status: 'running' });
});

test('what a dead actor is sent leaves nothing with it', async () => {
  const w = world();
  const p = await puppet(w, 'p');
  await w.system.stop(p);
  p.cast('note', 'late');
  expect(w.system.inspect(p)).toMatchObject({ alive: false, mailbox: 0, outside: 0, owed: 0 });
});

test('an actor that owes an answer is at no message meanwhile', async () => {
  const w = world();
  const opened = deferred();
  const p = await puppet(w, 'p');
  const busy = p.call('handle', () => replyAfter(opened.promise, (n) => reply('done', n)));
  await w.clock.settle();
  await w.clock.advance(500);
  expect(w.system.inspect(p)).toMatchObject({ owed: 1, current: undefined });
  opened.resolve();
  expect(await busy).toBe('done');
});
