import { expect, test } from 'vitest';
import { archiver, snapshotter } from '../../src/housekeeping/later.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

test('children whose time has not come have a seat in the tree and no process', async () => {
  const system = new System({ clock: virtualClock(), onReport: () => {} });
  const children = [snapshotter(), archiver()];
  const spec = supervisor({ id: 'housekeeping', strategy: 'one_for_one', children });
  const { children: nodes } = system.tree(await startTree(system, spec));
  expect(nodes.map(({ id, status }) => [id, status])).toEqual([
    ['snapshotter', 'ignored'],
    ['archiver', 'ignored'],
  ]);
});
