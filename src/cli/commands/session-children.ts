/** `greenroom sessions children`: the sub-agents of a session as a tree, and what they cost beside and with it. */
import type { SessionReplies } from '../../session/verbs/registry.ts';
import { money, several } from '../format.ts';
import { act, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import { type Column, table } from '../table.ts';

type Children = SessionReplies['children'];

/** Sub-agents that are shown; the sums are over all. */
const MAX_SHOWN = 1_000;

const COLUMNS: readonly Column[] = [
  { head: 'SUB-AGENT' },
  { head: 'STATUS' },
  { head: 'COST' },
  { head: 'TITLE', least: 10, leftOut: 1 },
];

export const registerChildren = (registration: Registration): void => {
  registration.program
    .command('children <session>')
    .description('its sub-agents as a tree, and what they have cost')
    .action(
      act<[string]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const found = await withSession(daemon, words, (id) =>
            daemon.session(id, 'children', { limit: MAX_SHOWN }),
          );
          run.out.one(found, () => childrenText(found, run.out.width));
        }),
      ),
    );
};

const childrenText = (found: Children, width: number): string => {
  const { children, count, costUsd, childrenCostUsd, totalCostUsd, knownCostUsd } = found;
  const sum = `${several(count, 'sub-agent')}: ${money(childrenCostUsd)}, with its own ${money(costUsd)} it is ${money(totalCostUsd, knownCostUsd)}\n`;
  if (children.length === 0) return sum;
  const rows = children.map(({ depth, sessionId, status, title = '', ...cost }) => [
    `${'  '.repeat(depth - 1)}${sessionId}`,
    status,
    money(cost.totalCostUsd, cost.knownCostUsd),
    title,
  ]);
  const more = count - children.length;
  const rest = more === 0 ? [] : [`and ${several(more, 'more')}`];
  return [table(COLUMNS, rows, width), ...rest, sum].join('\n');
};
