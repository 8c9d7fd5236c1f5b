/** Threads that outlive a pool: the next one finds nothing of it on them (P4). */
import { expect, it, onTestFinished } from 'vitest';
import { modelWorkerFile } from '../../../src/executor/models/models-pool.ts';
import { openWorkerThreads } from '../../../src/executor/pool/worker-threads.ts';
import { until } from '../../support/until.ts';
import { executing, stepOf } from '../executing.ts';

const lentThreads = () => {
  const threads = openWorkerThreads({
    workerFile: modelWorkerFile(),
    minThreads: 0,
    maxThreads: 8,
    idleTimeoutMs: 600_000,
  });
  onTestFinished(() => threads.destroy());
  return threads;
};
const idsOf = ({ threads }: ReturnType<typeof lentThreads>) =>
  threads.map(({ threadId }) => threadId);

it('a lent thread serves one pool after the other', async () => {
  const threads = lentThreads();
  const first = await executing({ threads });
  expect(await first.run(stepOf('[[rehearse: text=one]]'))).toMatchObject({ text: 'one' });
  const ids = idsOf(threads);
  await first.system.stop(first.pool, 'shutdown');
  await until(() => threads.queueSize === 0 && threads.completed === 1);
  const second = await executing({ threads });
  expect(await second.run(stepOf('[[rehearse: text=two]]'))).toMatchObject({ text: 'two' });
  expect(idsOf(threads)).toEqual(ids);
  expect(second.rehearsal.requests.toArray()).toHaveLength(1);
});

it('a lent thread that still has a step when its pool ends is killed, and no other', async () => {
  const threads = lentThreads();
  const [first, second] = [await executing({ threads }), await executing({ threads })];
  first.start(stepOf('[[rehearse: wait-ms=600000]]'));
  await until(() => first.rehearsal.requests.toArray().length === 1);
  expect(await second.run(stepOf('[[rehearse: text=one]]'))).toMatchObject({ text: 'one' });
  const ids = idsOf(threads);
  expect(ids).toHaveLength(2);
  await first.system.stop(first.pool, 'shutdown');
  await until(() => threads.threads.length === 1);
  expect(ids).toContain(idsOf(threads)[0]);
  expect(await second.run(stepOf('[[rehearse: text=two]]'))).toMatchObject({ text: 'two' });
});
