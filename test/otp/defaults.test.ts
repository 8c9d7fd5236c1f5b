/** What supervisors do where nothing is said, and how they report what they did. */
import { describe, expect, it } from 'vitest';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { child, crash, findPuppet, type Puppet, type World, world } from './support.ts';

const name = nameOf<DynamicRef<string, Puppet>>('puppets');
const outcomeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'nothing was refused',
    (error) => error,
  );

const startDynamic = async (w: World, maxChildren = 10) => {
  const spec = dynamicSupervisor<string, Puppet>({
    ...{ id: 'puppets', name, maxChildren, child: (key: string) => child(w, key) },
  });
  await startTree(w.system, supervisor({ id: 'root', strategy: 'one_for_one', children: [spec] }));
  return w.system.fetch(name);
};

describe('a supervisor of a list', () => {
  const start = (w: World) =>
    startTree(
      w.system,
      supervisor({ id: 'root', strategy: 'one_for_one', children: [child(w, 'a')] }),
    );

  it('restarts three times within five seconds, and gives up at the fourth', async () => {
    const w = world();
    const root = await start(w);
    for (let n = 0; n < 3; n++) await crash(w, 'a');
    expect(root.alive).toBe(true);
    expect(w.system.tree(root).children).toMatchObject([{ restarts: 3, status: 'running' }]);
    await crash(w, 'a');
    expect(await w.system.exited(root)).toEqual({ shutdown: 'max_restarts' });
    expect(w.reports.filter(({ kind }) => kind === 'gave_up')).toMatchObject([
      { supervisor: 'root', child: 'a', maxRestarts: 3, maxSeconds: 5 },
    ]);
  });

  it('forgets a restart after five seconds, and not before', async () => {
    for (const [waitMs, survives] of [
      [5_001, true],
      [5_000, false],
    ] as const) {
      const w = world();
      const root = await start(w);
      for (let n = 0; n < 3; n++) await crash(w, 'a');
      await w.clock.advance(waitMs);
      await crash(w, 'a');
      expect(root.alive).toBe(survives);
    }
  });

  it('restarts at once, reports each restart, and says why its child had ended', async () => {
    const w = world();
    await start(w);
    await crash(w, 'a');
    expect(w.clock.timers).toBe(0);
    const told = w.reports.filter(({ kind }) => kind !== 'crash');
    expect(told).toMatchObject([
      {
        kind: 'child_exited',
        supervisor: 'root',
        child: 'a',
        reason: { crashed: expect.any(Error) },
      },
      { kind: 'child_restarted', supervisor: 'root', child: 'a', restarts: 1 },
    ]);
  });

  it('shows how it was declared, and who its children are', async () => {
    const w = world();
    const root = await start(w);
    expect(w.system.inspect(root).state).toMatchObject({
      ...{ strategy: 'one_for_one', children: [{ id: 'a', status: 'running', kind: 'worker' }] },
    });
  });
});

describe('a supervisor of what is asked for', () => {
  it('restarts three times, after 10, 20 and 40 ms, and parks at the fourth crash', async () => {
    const w = world();
    const puppets = await startDynamic(w);
    await puppets.ensure('a');
    for (const delayMs of [10, 20, 40]) {
      await crash(w, 'a');
      expect(puppets.children()).toMatchObject([{ status: 'restarting', ref: undefined }]);
      await w.clock.advance(delayMs - 1);
      expect(puppets.find('a')).toBeUndefined();
      await w.clock.advance(1);
      expect(puppets.find('a')?.alive).toBe(true);
    }
    await crash(w, 'a');
    expect(puppets.children()).toMatchObject([{ key: 'a', status: 'parked', restarts: 3 }]);
    expect(w.reports.at(-1)).toMatchObject({
      ...{ kind: 'parked', supervisor: 'root/puppets', child: 'a', restarts: 3 },
      reason: { crashed: { message: 'boom' } },
    });
    expect(puppets.size).toBe(0);
  });

  it('reports each restart', async () => {
    const w = world();
    const puppets = await startDynamic(w);
    await puppets.ensure('a');
    await crash(w, 'a');
    await w.clock.advance(10);
    expect(w.reports.at(-1)).toEqual({
      ...{ kind: 'child_restarted', supervisor: 'root/puppets', child: 'a', restarts: 1 },
    });
  });

  it('refuses by name what is there, what is too much, and everything when it is gone', async () => {
    const w = world();
    const puppets = await startDynamic(w, 1);
    const a = await puppets.ensure('a');
    const there = { code: 'already_started', message: 'root/puppets/a is running', ref: a };
    expect(await outcomeOf(puppets.start('a'))).toMatchObject(there);
    const full = { code: 'max_children', message: 'root/puppets has 1 children' };
    expect(await outcomeOf(puppets.ensure('b'))).toMatchObject(full);
    await crash(w, 'a');
    const coming = await outcomeOf(puppets.start('a'));
    expect(coming).toMatchObject({ message: 'root/puppets/a is restarting', ref: undefined });
    await w.clock.advance(10);
    expect(findPuppet(w, 'a').alive).toBe(true);
    w.system.exit(puppets.ref, 'kill');
    await w.clock.settle();
    const gone = { code: 'noproc', message: 'root/puppets is not alive' };
    expect(await outcomeOf(puppets.ensure('a'))).toMatchObject(gone);
    expect(await outcomeOf(puppets.start('a'))).toMatchObject(gone);
  });

  it('that stops a child which is not there does nothing', async () => {
    const w = world();
    const puppets = await startDynamic(w);
    await puppets.stop('nobody');
    expect(puppets.children()).toEqual([]);
  });
});
