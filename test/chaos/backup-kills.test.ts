/**
 * Backups under a daemon that is killed at each of their named places and at any moment, beside a bucket that fails now and
 * then and sessions that go on: each backup that is there is whole, the bucket has what they need and nothing else, and what
 * is restored has everything that was acknowledged before it began.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupsCare } from '../../src/app/backups-care.ts';
import { SessionsFacade } from '../../src/index.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { FakeS3, type Fault, KEYS } from '../support/fake-s3.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { Dice } from './dice.ts';
import { isFull } from './size.ts';
import { pause } from './waiting.ts';

const PLACES = [
  ...(['backup.copied', 'backup.pack', 'backup.put', 'backup.named'] as const),
  'backup.forgotten',
];
const FAULTS: readonly Fault[] = ['slowDown', 'failAfter', 'errorIn200', 'cut', 'wrongLength'];
const AT_ANY_MOMENT = isFull() ? 100 : 1;
const ROUNDS = isFull() ? 20 : 1;
const never = new AbortController().signal;

describe.skipIf(withoutNatsServer())('backups', () => {
  it('are whole or none in all kills beside a bucket that fails', {
    timeout: isFull() ? 7_200_000 : 300_000,
  }, async () => {
    const dice = new Dice();
    const s3 = await FakeS3.start();
    let fails = true;
    s3.fault = () => (fails && dice.once(40) ? dice.pick(FAULTS) : undefined);
    const place = `s3://${s3.bucket}/off-site`;
    const daemon = new DaemonProcess({
      env: {
        ...{ GREENROOM_BACKUP_TO: place, GREENROOM_BACKUP_KEEP: '2' },
        ...{ GREENROOM_S3_ENDPOINT: s3.endpoint },
        ...{ AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
      },
    });
    let written = 0;
    /** Asks for a backup and goes on writing. Ends with the daemon, or when the backup is made. */
    const backedUp = (servers: string): Promise<'made' | 'failed' | 'gone'> =>
      withClient(servers, async (client) => {
        const sessions = new SessionsFacade(client);
        await client.daemon('back-up', {});
        for (;;) {
          const id = `session-${written % 10}`;
          await sessions.append(id, [{ role: 'user', content: `message ${written} of ${id}` }]);
          written += 1;
          const { status, work } = await client.daemon('backup-state', { waitMs: 50 });
          if (status === 'idle' && work?.status !== 'in_progress') return 'made' as const;
          if (status === 'failed') return 'failed' as const;
        }
      }).catch(() => 'gone' as const);
    const missed: string[] = [];
    const killedAt = async (point: string): Promise<void> => {
      const ready = await daemon.startOrEnd({ GREENROOM_CRASHPOINT: point });
      if (ready !== undefined) {
        const end = await Promise.race([backedUp(ready.natsUrl), daemon.gone]);
        if (end === 'made' || end === 'failed') missed.push(`${point}: ${end}\n${daemon.log}`);
      }
      await daemon.kill();
    };

    // Some are there before: so that some can go.
    for (let n = 0; n < 2; n += 1) {
      expect(await backedUp((await daemon.start()).natsUrl)).toBe('made');
      await daemon.kill();
    }
    for (let round = 0; round < ROUNDS; round += 1)
      for (const point of PLACES) await killedAt(point);
    for (let n = 0; n < AT_ANY_MOMENT; n += 1) {
      const work = backedUp((await daemon.start()).natsUrl);
      await Promise.race([work, pause(dice.int(0, 800))]);
      await daemon.kill();
      await work;
    }
    expect(missed).toEqual([]);

    fails = false;
    const before = written;
    expect(await backedUp((await daemon.start()).natsUrl)).toBe('made');
    await daemon.stop();
    const folder = mkdtempSync(join(tmpdir(), 'greenroom-restored-'));
    const config = {
      ...{ dataDir: join(folder, 'data'), archiveMbPerSecond: 0, backupKeep: 2, backupKeepDays: 0 },
      ...{ s3Endpoint: s3.endpoint, s3Region: 'us-east-1' },
      ...{ s3AccessKeyId: KEYS.accessKeyId, s3SecretAccessKey: KEYS.secretAccessKey },
    } as never;
    const works = backupsCare.worksAt(config, place);
    const there = await works.list({ limit: 100 }, never);
    expect(there.length).toBeGreaterThanOrEqual(2);
    for (const { backupId } of there)
      expect(await works.verify(backupId, never, () => undefined)).toMatchObject({ isSound: true });
    await works.remove(there.at(-1)?.backupId ?? '', never);
    const [newest, ...others] = await works.list({ limit: 100 }, never);
    for (const { backupId } of others) await works.remove(backupId, never);
    const left = s3.listing.filter((name) => name.endsWith('.pack'));
    expect(left).toHaveLength(newest?.known?.objects ?? 0);
    expect(s3.listing).toHaveLength(left.length + 1);
    const restored = await backupsCare.restoreFrom(
      ...([config, { from: place, backupId: undefined }, never, () => undefined] as const),
    );
    expect(restored).toMatchObject({ backupId: newest?.backupId, broken: 0 });
    expect(restored.entries).toBeGreaterThanOrEqual(before);
    expect(restored.entries).toBeLessThanOrEqual(written);
    const store = join(folder, 'data', 'store');
    expect(await storeCare.verify(store)).toMatchObject({ isSound: true, report: { broken: 0 } });
    rmSync(folder, { recursive: true });
    await s3.stop();
  });
});
