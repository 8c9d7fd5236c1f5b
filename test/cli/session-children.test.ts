/** What the sub-agents of a session have cost, as text. */
import { expect, test } from 'vitest';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

test('the sum of the sub-agents ends its line', async () => {
  const costs = { costUsd: 0.5, childrenCostUsd: 0, totalCostUsd: 0.5, knownCostUsd: 0.5 };
  const daemon = new FakeDaemon({ children: { children: [], count: 0, ...costs } });
  const { out } = await greenroom('sessions children lead', { daemon });
  expect(out).toMatch(/^0 sub-agents: .*\n$/);
});
