/** What processes append is there when they were told so, however they end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agentSdkSessionStore } from '../../src/agent-sdk/index.ts';
import { testGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';

const CHILD = fileURLToPath(new URL('./appending-child.mjs', import.meta.url));
const KEY = { projectKey: 'p', sessionId: 's' };
/** Each starts processes one after another: in parts, so that a busy machine has the time limit for each. */
const ROUNDS = Array.from({ length: process.env['GREENROOM_FULL'] ? 50 : 2 }, (_, n) => n);
const CYCLES = 2;

/** Numbers that a child was told are stored, as they come. */
const appending = (where: string, first: number, name: string) => {
  const child = spawn(process.execPath, [CHILD, where, `${first}`, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => acknowledged.push(Number(line)));
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return { acknowledged, kill };
};

const upTo = (last: number, name: string): string[] =>
  Array.from({ length: last }, (_, n) => `${name}${n + 1}`);

test.each(ROUNDS)(
  'kill -9 of the process that holds the store loses no entry that was acknowledged: round %i',
  async (round) => {
    const own = await unstartedGreenroom();
    let last = 0;
    for (let cycle = 0; cycle < CYCLES; cycle += 1) {
      // Each begins with the last one again, as who does not know whether it was stored.
      const { acknowledged, kill } = appending(own.dataDir, Math.max(1, last), 'a');
      const wanted = 3 + ((2 * round + cycle) % 4) * 7;
      await until(() => acknowledged.length >= wanted);
      await kill();
      last = acknowledged.at(-1) ?? last;
    }
    await own.start();
    const loaded = (await agentSdkSessionStore(own.greenroom).load(KEY)) ?? [];
    const uuids = loaded.map(({ uuid }) => uuid);
    expect(uuids.slice(0, last)).toEqual(upTo(last, 'a'));
    expect(uuids).toEqual(upTo(uuids.length, 'a'));
    expect(uuids.length - last).toBeLessThanOrEqual(1);
  },
);

describe.skipIf(withoutNatsServer())('two processes', () => {
  test('append to one transcript: all that either was told is there, each in its order', async () => {
    const { greenroom } = await testGreenroom({ nats: { port: 0 }, natsServerBin: natsServer });
    const broker = greenroom.status().broker ?? '';
    const [a, b] = [appending(broker, 1, 'a'), appending(broker, 1, 'b')];
    await until(() => a.acknowledged.length >= 25 && b.acknowledged.length >= 25);
    await a.kill();
    await b.kill();
    const loaded = (await agentSdkSessionStore(greenroom).load(KEY)) ?? [];
    for (const [name, { acknowledged }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const uuids = loaded.flatMap(({ uuid }) => (uuid?.startsWith(name) ? [uuid] : []));
      expect(uuids.length).toBeGreaterThanOrEqual(acknowledged.length);
      expect(uuids).toEqual(upTo(uuids.length, name));
    }
  });
});
