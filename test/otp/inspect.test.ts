/** Looking in: the tree, one actor, and the reports of what went wrong. */
import { expect, test } from 'vitest';
import { onlyIf } from '../../src/otp/only-if.ts';
import { formatReport } from '../../src/otp/report.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { child, crash, deferred, findPuppet, puppet, world } from './support.ts';

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
          { id: 'a', label: 'root/inner/a', kind: 'worker', ref: findPuppet(w, 'a'), restarts: 1 },
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
