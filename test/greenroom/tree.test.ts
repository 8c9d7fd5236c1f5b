/** The printed picture of the supervision tree is the running one, which is what the declarations say. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { TreeNode } from '../../src/otp/inspect.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';

/** `storage/journal worker`: where a part stands, and its strategy or what it is. */
const drawn = (picture: string): string[] => {
  const path: string[] = [];
  return picture.split('\n').flatMap((line) => {
    const [, branches = '', id = '', kind = ''] = /^([│├└─ ]*)(\w+)\s+(\w+)/.exec(line) ?? [];
    if (id === '') return [];
    path.splice(branches.length / 3, Number.POSITIVE_INFINITY, id);
    return [`${path.join('/')} ${kind}`];
  });
};

const running = (node: TreeNode, above: readonly string[] = []): string[] => {
  const path = [...above, node.id];
  return [
    `${path.join('/')} ${node.strategy ?? node.kind}`,
    ...node.children.flatMap((child) => running(child, path)),
  ];
};

it.skipIf(withoutNatsServer())('the tree of the operations page is the running tree', async () => {
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, picture] = /<!-- tree -->(.*?)<!-- \/tree -->/s.exec(page) ?? [];
  const test = await testGreenroom({
    provider: 'rehearsal',
    nats: { port: 0 },
    natsServerBin: natsServer,
    textSearch: 'talk',
  });
  expect(drawn(picture ?? '')).toEqual(running(test.greenroom.tree()));
});

it('a child that is not wanted keeps its place and has no process', async () => {
  const test = await testGreenroom();
  for (const path of [
    ['companions', 'broker'],
    ['companions', 'rehearsal'],
    ['gateways', 'nats'],
  ])
    expect(test.node(...path)).toMatchObject({ status: 'ignored', ref: undefined, children: [] });
});

const ignored = (node: TreeNode, above: readonly string[] = []): string[] => {
  const path = [...above, node.id];
  const own = node.status === 'ignored' ? [path.join('/')] : [];
  return [...own, ...node.children.flatMap((child) => ignored(child, path))];
};

it('the tree has no child without a process but those that a setting turns off', async () => {
  const test = await testGreenroom();
  expect(ignored(test.greenroom.tree())).toEqual([
    'greenroom/companions/broker',
    'greenroom/companions/rehearsal',
    'greenroom/housekeeping/notifier',
    'greenroom/gateways/http/tokens',
    'greenroom/gateways/http/server',
    'greenroom/gateways/nats',
  ]);
});

it('the live sessions hang below their supervisor', async () => {
  const test = await testGreenroom();
  await test.sessions.create('a');
  await test.sessions.create('b');
  const { children } = test.node('sessions', 'supervisor');
  expect(children.map(({ id, status }) => [id, status])).toEqual([
    ['default/a', 'running'],
    ['default/b', 'running'],
  ]);
});
