/** What runs model calls is killed under load: worker threads, and the stand-in for the Claude API. Every turn completes once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { poolProtocol } from '../../src/executor/pool/worker-pool.ts';
import { type Greenroom, startGreenroom, type WireEvent } from '../../src/index.ts';
import type { Ref } from '../../src/otp/ref.ts';
import { createLog } from '../../src/platform/log.ts';
import { rehearsalName } from '../../src/rehearsal/child.ts';
import { executorName } from '../../src/session/ports/executor.ts';
import { Dice } from './dice.ts';
import { processesOf } from './processes.ts';
import { isFull } from './size.ts';
import { until } from './waiting.ts';

const ROUNDS = isFull() ? 60 : 5;
const SESSIONS = 24;
const SLOW = '[[rehearse: chunks=8 delay-ms=10]]';

const newGreenroom = async (): Promise<Greenroom> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'greenroom-workers-'));
  const greenroom = await startGreenroom({
    dataDir,
    nats: false,
    provider: 'rehearsal',
    workers: 2,
    minFreeMb: 0,
    textSearch: 'off',
    retryDelaySeconds: 0.1,
    maxRetries: 10,
    log: createLog({ level: 'silent' }),
  });
  onTestFinished(async () => {
    await greenroom.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return greenroom;
};

/** One turn in each session, side by side; `onEvent` hears each event as it comes. */
const runAll = (greenroom: Greenroom, round: number, onEvent: () => void): Promise<WireEvent[][]> =>
  Promise.all(
    Array.from({ length: SESSIONS }, async (_, session) => {
      const events: WireEvent[] = [];
      for await (const event of greenroom.turn(`s${session}`, `round ${round} ${SLOW}`)) {
        events.push(event);
        onEvent();
      }
      return events;
    }),
  );

/** Does something at an event of chance while the turns of a round run. */
const disturb = (
  greenroom: Greenroom,
  round: number,
  dice: Dice,
  how: () => void,
): Promise<WireEvent[][]> => {
  let left = dice.int(1, SESSIONS * 6);
  return runAll(greenroom, round, () => {
    left -= 1;
    if (left === 0) how();
  });
};

const statusesOf = (turns: readonly WireEvent[][]): string[] =>
  turns.map((events) => {
    const last = events.at(-1);
    return last?.type === 'turn.finished' ? `${last.status} ${last.error?.message ?? ''}` : 'open';
  });

const retriesOf = (turns: readonly WireEvent[][]): string[] =>
  turns.flat().flatMap((event) => (event.type === 'retry' ? [event.error.type] : []));

const completed = Array(SESSIONS).fill('completed ');

/** Each session has its prompts and one answer to each. */
const expectEachOnce = async ({ sessions }: Greenroom, rounds: number): Promise<void> => {
  for (let session = 0; session < SESSIONS; session++) {
    const { entries } = await sessions.messages(`s${session}`, { limit: 1000 });
    const prompts = entries.map((entry) => entry.type === 'message' && entry.message.role);
    expect(prompts).toEqual(Array(rounds).fill(['user', 'assistant']).flat());
    const { numTurns, messageCount } = await sessions.get(`s${session}`);
    expect([numTurns, messageCount]).toEqual([rounds, 2 * rounds]);
  }
};

/** The pid of the rehearsal that is ready: one of this process's children. */
const rehearsalOf = async ({ system }: Greenroom): Promise<number> => {
  const own = () => processesOf('rehearsal/main.js').find(({ parent }) => parent === process.pid);
  const isReady = () => system.find(rehearsalName) !== undefined && own() !== undefined;
  await until(isReady, 'the rehearsal');
  return own()?.pid ?? Number.NaN;
};

describe('every turn completes once', () => {
  it(`while a worker thread is killed, ${ROUNDS} times`, { timeout: 600_000 }, async () => {
    const dice = new Dice();
    const greenroom = await newGreenroom();
    const pool = greenroom.system.fetch(executorName).ref as Ref<typeof poolProtocol>;
    const retries: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const { threads } = await pool.call('status');
      const victim = dice.pick(threads)?.id ?? 0;
      const turns = await disturb(greenroom, round, dice, () => pool.call('killThread', victim));
      expect(statusesOf(turns), `GREENROOM_SEED=${dice.seed}`).toEqual(completed);
      retries.push(...retriesOf(turns));
    }
    expect(new Set(retries)).toEqual(new Set(['worker_lost']));
    await expectEachOnce(greenroom, ROUNDS);
  });

  it(`while the rehearsal is killed, ${ROUNDS} times`, { timeout: 600_000 }, async () => {
    const dice = new Dice();
    const greenroom = await newGreenroom();
    const retries: string[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const victim = await rehearsalOf(greenroom);
      const turns = await disturb(greenroom, round, dice, () => process.kill(victim, 'SIGKILL'));
      expect(statusesOf(turns), `GREENROOM_SEED=${dice.seed}`).toEqual(completed);
      retries.push(...retriesOf(turns));
    }
    expect(retries).toContain('connection_error');
    await expectEachOnce(greenroom, ROUNDS);
  });
});
