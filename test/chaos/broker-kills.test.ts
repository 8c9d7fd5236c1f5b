/** The daemon's own broker is killed with SIGKILL under load, again and again: the daemon lives, clients come back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutNatsServer } from '../support/nats.ts';
import { audit } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { Dice } from './dice.ts';
import { Load } from './load.ts';
import { brokersOf } from './processes.ts';
import { isFull } from './size.ts';
import { until } from './waiting.ts';

const KILLS = isFull() ? 50 : 7;

const brokerPid = ({ dataDir }: DaemonProcess): number => {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'nats', 'broker.json'), 'utf8')).pid;
  } catch {
    return 0; // it is being written
  }
};

/** Kills the broker that is there, at an acknowledgement of the load; resolves when there is another one. */
const killBroker = async (daemon: DaemonProcess, load: Load, dice: Dice): Promise<void> => {
  await until(() => brokerPid(daemon) > 0, 'a broker');
  const pid = brokerPid(daemon);
  let left = dice.int(1, isFull() ? 400 : 40);
  load.onAcknowledgement = () => {
    left -= 1;
    if (left === 0) process.kill(pid, 'SIGKILL');
  };
  await until(() => ![0, pid].includes(brokerPid(daemon)), 'another broker');
};

describe.skipIf(withoutNatsServer())('a broker that is killed with SIGKILL under load', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    `loses nothing and ends nobody, ${KILLS} times, and is not left over after a %s`,
    { timeout: 1_800_000 },
    async (end) => {
      const dice = new Dice();
      const daemon = new DaemonProcess();
      const load = new Load({ dice, reconnect: true });
      const { natsUrl } = await daemon.start();
      const { pid } = daemon;
      await load.start(natsUrl);
      for (let kill = 1; kill <= KILLS; kill++) await killBroker(daemon, load, dice);
      await load.settle();
      await load.stop();
      const { turns, refused } = load.ledger;
      console.log(
        `${KILLS} brokers killed (GREENROOM_SEED=${dice.seed}), ${turns.size} turns sent, refused ${JSON.stringify(refused)}`,
      );
      expect([daemon.pid, daemon.isRunning]).toEqual([pid, true]);
      expect(await audit(natsUrl, load.ledger)).toEqual([]);
      daemon.signal(end);
      await daemon.gone;
      await until(() => brokersOf(daemon.dataDir).length === 0, 'the broker to end');
    },
  );
});
