/**
 * The text index's process through the ends of its daemon and its own, while words are taken in: the daemon ends as it
 * would without it, and nothing is left running. `GREENROOM_FULL=1`: 50 times each.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectClient } from '../../../src/client/client.ts';
import { SessionsFacade } from '../../../src/index.ts';
import { startTimeOf } from '../../../src/platform/process-start.ts';
import { openStore } from '../../../src/stores/index.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { Reading } from '../../support/reading.ts';
import { until } from '../../support/until.ts';
import { DaemonProcess, type End } from '../daemon-process.ts';
import { Dice } from '../dice.ts';
import { startHeldModel } from '../held-model.ts';
import { isFull } from '../size.ts';
import { pause } from '../waiting.ts';

const LIVES = isFull() ? 50 : 1;
const TIMEOUT_MS = isFull() ? 3_600_000 : 120_000;
const SESSIONS = 20;
const MESSAGES = 100;
/** Of the start of the index's process, in which it takes in what the store has. */
const LONGEST_MS = 600;
/** A signal that comes sooner is taken for the first one. */
const SAME_SIGNAL_MS = 700;

const WORDS = 'harbour lighthouse keeper ferry buoy anchor rope tide '.repeat(30);

const filled = async (dir: string): Promise<void> => {
  const store = await openStore(`lmdb:${dir}`);
  const timestamp = '2026-11-20T09:00:00Z';
  for (let session = 0; session < SESSIONS; session += 1) {
    const messages = Array.from({ length: MESSAGES }, (_, n) => ({
      ...{ role: 'user', content: `s${session}m${n} ${WORDS}`, id: null, timestamp },
    }));
    await store.saveSession(`s${session}`, messages, {});
  }
  await store.close();
};

interface Started {
  readonly pid: number;
  /** Its number may be another's later. */
  readonly began: string;
}

/** The index's process of a daemon, other than `before`. */
const indexOf = async ({ pid }: DaemonProcess, before?: Started): Promise<Started> => {
  let found: Started | undefined;
  await until(() => {
    found = childrenOf(pid).find((child) => child.pid !== before?.pid);
    return found !== undefined;
  });
  if (found === undefined) throw new Error('it was there');
  return found;
};

/** A process that is not yet our program has its parent's command line. */
const childrenOf = (parent: number): readonly Started[] =>
  readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    try {
      const status = Number.isInteger(pid) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
      if (!status.includes(`\nPPid:\t${parent}\n`)) return [];
      const began = startTimeOf(pid);
      const isIndex = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('index-child.js');
      return isIndex && began !== undefined ? [{ pid, began }] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });

const isGone = ({ pid, began }: Started): boolean => startTimeOf(pid) !== began;

/** Ends the daemon, or its index's process and then the daemon. */
type Way = (daemon: DaemonProcess, index: Started, sessions: SessionsFacade) => Promise<unknown>;

const WAYS: Readonly<Record<string, readonly [Way, End]>> = {
  'is told to stop': [(daemon) => daemon.stop(), { code: 0, signal: null }],
  'is killed': [(daemon) => daemon.kill(), { code: null, signal: 'SIGKILL' }],
  'loses it, and is told to stop': [
    async (daemon, index, sessions) => {
      process.kill(index.pid, 'SIGKILL');
      const next = await indexOf(daemon, index);
      await until(async () => {
        const page = await sessions.search({ q: 's7m42 keeper' }).catch(() => undefined);
        return page?.sessions[0]?.sessionId === 's7';
      });
      await daemon.stop();
      await until(() => isGone(next));
    },
    { code: 0, signal: null },
  ],
  'is told to stop and told again': [
    async (daemon, _, sessions) => {
      await sessions.append('late', [{ role: 'user', content: WORDS }]);
      while (daemon.isRunning) {
        daemon.signal('SIGTERM');
        await Promise.race([daemon.gone, pause(SAME_SIGNAL_MS)]);
      }
    },
    { code: 1, signal: null },
  ],
};

describe.skipIf(withoutNatsServer() || process.platform !== 'linux')(
  'a daemon that takes in words',
  () => {
    const template = mkdtempSync(join(tmpdir(), 'greenroom-words-'));
    beforeAll(async () => {
      await filled(template);
      return () => rmSync(template, { recursive: true, force: true });
    });

    it.each(Object.entries(WAYS))(
      `%s, ${LIVES} times, and nothing is left of the index's process`,
      { timeout: TIMEOUT_MS },
      async (_, [way, end]) => {
        const dice = new Dice();
        const model = await startHeldModel();
        for (let life = 0; life < LIVES; life += 1) {
          const env = { ...model.env, GREENROOM_WORKERS: '1', GREENROOM_TEXT_SEARCH: 'talk' };
          const daemon = new DaemonProcess({ env });
          cpSync(template, daemon.dataDir, { recursive: true });
          const { natsUrl } = await daemon.start();
          const index = await indexOf(daemon);
          const client = await connectClient({ servers: natsUrl });
          if (end.code === 1)
            // a turn that is under way keeps it draining
            await new Reading(client.turn('slow', { prompt: 'slow' })).saw('turn.started');
          await pause(dice.int(0, LONGEST_MS));
          await way(daemon, index, new SessionsFacade(client));
          expect(await daemon.gone, `GREENROOM_SEED=${dice.seed} ${daemon.log}`).toEqual(end);
          await client.close();
          await until(() => isGone(index));
        }
      },
    );
  },
);
