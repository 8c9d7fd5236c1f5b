/** `greenroom tree`: the running supervision tree. */
import { act, type Registration } from '../invocation.ts';
import type { Output } from '../output.ts';

/** A node as the daemon tells it; more fields may come and are shown by `--json` only. */
interface TreeView {
  readonly id: string;
  readonly kind?: 'worker' | 'supervisor';
  readonly strategy?: string;
  readonly status?: string;
  readonly restarts?: number;
  readonly children?: readonly TreeView[];
}

export const registerTree = (registration: Registration): void => {
  registration.program
    .command('tree')
    .description('the running supervision tree')
    .action(
      act(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const root = (await daemon.daemon('tree', {})) as TreeView;
          run.out.one(root, () => drawTree(root, run.out));
        }),
      ),
    );
};

const drawTree = (root: TreeView, out: Pick<Output, 'paint'>): string =>
  `${[label(root, out), ...branches(root, '', out)].join('\n')}\n`;

const branches = (node: TreeView, indent: string, out: Pick<Output, 'paint'>): string[] => {
  const children = node.children ?? [];
  return children.flatMap((child, at) => {
    const isLast = at === children.length - 1;
    return [
      `${indent}${isLast ? '└─ ' : '├─ '}${label(child, out)}`,
      ...branches(child, `${indent}${isLast ? '   ' : '│  '}`, out),
    ];
  });
};

const label = ({ id, strategy, status, restarts = 0 }: TreeView, out: Pick<Output, 'paint'>) =>
  [
    out.paint('bold', id),
    ...(strategy === undefined ? [] : [out.paint('dim', strategy)]),
    ...(status === undefined || status === 'running' ? [] : [out.paint('yellow', status)]),
    ...(restarts === 0 ? [] : [out.paint('yellow', `${restarts} restarts`)]),
  ].join('  ');
