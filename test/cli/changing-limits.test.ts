/** `sessions update` of limits beside a session at work: each is one setting for the daemon, and several for a person. */
import { expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

/** Its session is changed by others before the first few updates. */
const busyDaemon = (changes: number) => {
  let version = 7;
  let left = changes;
  return new FakeDaemon({
    get: () => ({ session: { sessionId: 's', version, limits: { maxTurns: 5 }, usage: {} } }),
    update: ({ expectedVersion, limits }: { expectedVersion: number; limits: object }) => {
      if (left > 0) {
        left -= 1;
        version += 1;
      }
      if (expectedVersion !== version)
        throw new GreenroomError('version_conflict', `the session is at ${version}`);
      return { session: { sessionId: 's', version, limits, usage: {} } };
    },
  });
};

test('those that are not named stay, also where the session changes meanwhile', async () => {
  const daemon = busyDaemon(3);
  const { code, out } = await greenroom('sessions update s --max-steps 9 --json', { daemon });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ version: 10, limits: { maxTurns: 5, maxSteps: 9 } });
});

test('a session that never stands still is not waited for', async () => {
  const { code, err } = await greenroom('sessions update s --max-steps 9', {
    daemon: busyDaemon(1_000),
  });
  expect([code, err]).toEqual([4, expect.stringContaining('the session is at')]);
});
