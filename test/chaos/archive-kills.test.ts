/**
 * Archives and restores under a daemon that is killed at each of their named places, beside a bucket that fails now and
 * then: in the end each session has one archive, the bucket has what the archives name and nothing else, and what was
 * brought back is what was there.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OWNER_NAME } from '../../src/archives/place-owner.ts';
import { SessionsFacade } from '../../src/index.ts';
import { ArchivesFacade } from '../../src/session/api/archives-facade.ts';
import type { ArchiveView } from '../../src/session/verbs/archives.ts';
import { FakeS3, type Fault, KEYS } from '../support/fake-s3.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { makeTree, treeOf } from '../support/trees.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { Dice } from './dice.ts';
import { isFull } from './size.ts';
import { pause } from './waiting.ts';

const ARCHIVING = ['archive.packed', 'archive.named', 'archive.put', 'archive.noted'] as const;
const RESTORING = [
  'archive.lines',
  'archive.unpacked',
  'archive.placed',
  'archive.removed',
] as const;
/** A sweep deletes what is brought back: killed in there by other tests, and here in full. */
const SWEEPING = ['cleanup.batch'] as const;
const FAULTS: readonly Fault[] = [
  'slowDown',
  'failAfter',
  'errorIn200',
  'cut',
  'wrongBytes',
  'wrongLength',
];
const KILLS = isFull() ? 200 : ARCHIVING.length + RESTORING.length;
const SESSIONS = isFull() ? 40 : 4;
/** One request of so many fails; in full so many do at least. */
const FAILS = isFull() ? 12 : 50;
const LEAST_FAULTS = 200;
/** A deletion that was asked for before the last death, and then an archive that fails and is asked for again. */
const MOST_ROUNDS = 3;
/** Messages that another session gets with each thing that is asked of the daemon. */
const LOAD = isFull() ? 20 : 1;

const using = <T>(
  servers: string,
  use: (sessions: SessionsFacade, archives: ArchivesFacade) => Promise<T>,
) => withClient(servers, (client) => use(new SessionsFacade(client), new ArchivesFacade(client)));

const isAtWork = ({ status, work }: ArchiveView): boolean =>
  [status, work?.status].some((each) => each === 'pending' || each === 'in_progress');

const all = async (archives: ArchivesFacade): Promise<readonly ArchiveView[]> =>
  (await archives.search({ limit: 100 })).archives;

const settled = async (archives: ArchivesFacade): Promise<readonly ArchiveView[]> => {
  for (;;) {
    const found = await all(archives);
    if (!found.some(isAtWork)) return found;
    await pause(100);
  }
};

describe.skipIf(withoutNatsServer())('archives', () => {
  it(`lose nothing and leave nothing behind in ${KILLS} kills beside a bucket that fails`, {
    timeout: isFull() ? 7_200_000 : 300_000,
  }, async () => {
    const dice = new Dice();
    const s3 = await FakeS3.start();
    let faults = 0;
    s3.fault = ({ method }) => {
      if (method === 'HEAD' || !dice.once(FAILS)) return undefined;
      faults += 1;
      return dice.pick(FAULTS);
    };
    const projects = mkdtempSync(join(tmpdir(), 'greenroom-projects-'));
    const daemon = new DaemonProcess({
      env: {
        ...{ STORAGE_PROVIDER: 's3', GREENROOM_S3_ENDPOINT: s3.endpoint, AWS_S3_BUCKET: s3.bucket },
        ...{ AWS_ACCESS_KEY_ID: KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
        GREENROOM_ARCHIVES_AT_ONCE: '2',
      },
    });
    const ids = Array.from({ length: SESSIONS }, (_, at) => `session-${at}`);
    const trees = new Map<string, ReturnType<typeof treeOf>>();
    const place = (id: string): string => join(projects, id);
    await using((await daemon.start()).natsUrl, async (sessions) => {
      await sessions.create('busy');
      for (const [at, id] of ids.entries()) {
        mkdirSync(place(id));
        // Some are equal, so that their bytes are stored once.
        makeTree(place(id), {
          same: 'x'.repeat(20_000),
          number: String(at % 3),
          'sub/link': { to: '../same' },
        });
        trees.set(id, treeOf(place(id)));
        await sessions.create(id, { workingDirectory: place(id), tags: [id] });
        await sessions.append(id, [{ role: 'user', content: `I am ${id}` }]);
        await sessions.complete(id);
      }
    });
    const sent = { asked: 0, kept: 0 };
    const load = async (sessions: SessionsFacade): Promise<void> => {
      for (let message = 0; message < LOAD; message += 1) {
        sent.asked += 1;
        await sessions.append('busy', [{ role: 'user', content: `message ${sent.asked}` }]);
        sent.kept += 1;
      }
    };
    type Ask = (
      point: string,
      sessions: SessionsFacade,
      archives: ArchivesFacade,
    ) => Promise<unknown>;
    let killed = 0;
    const missed: string[] = [];
    /** With a daemon that dies at this place; where nothing passes there until all is settled, it is noted. */
    const killedAt = async (point: string, ask: Ask): Promise<void> => {
      await daemon.kill();
      const ready = await daemon.startOrEnd({ GREENROOM_CRASHPOINT: point });
      if (ready === undefined) {
        killed += 1; // what it went on with has brought it there
        return;
      }
      const work = using(ready.natsUrl, async (sessions, archives) => {
        await Promise.all([ask(point, sessions, archives), load(sessions)]);
        await settled(archives);
        await pause(200); // what is tidied up behind them
        return 'settled';
      }).catch(() => daemon.gone); // a request that fails is the first to hear of its end
      const first = await Promise.race([work, daemon.gone]);
      await work; // what was asked last is heard of, or it would go on beside what comes next
      if (first === 'settled') missed.push(point);
      else killed += 1;
    };
    /** Once at each place; in full at places and passages by chance, until there were so many deaths. */
    const killedAtAll = async (names: readonly string[], ask: Ask): Promise<void> => {
      if (!isFull()) for (const point of names) await killedAt(point, ask);
      const until = killed + KILLS / 2;
      for (let tried = 0; isFull() && killed < until && tried < KILLS; tried += 1)
        await killedAt(`${dice.pick(names)}:${1 + dice.int(0, 2)}`, ask);
    };

    await killedAtAll(ARCHIVING, async (_, sessions, archives) => {
      if (isFull())
        for (const { archiveId } of await all(archives)) // so that there is always something to do
          if (daemon.isRunning && dice.once(2))
            await archives.delete(archiveId, { waitMs: 5_000 }).catch(String);
      for (const id of ids) if (daemon.isRunning) await sessions.archive(id).catch(String);
    });
    await daemon.kill();
    const made = await using((await daemon.start()).natsUrl, async (sessions, archives) => {
      const isLeft = async (id: string) => (await sessions.get(id)).status !== 'archived';
      // one whose archive was being deleted is archived when that is gone
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        for (const id of ids) if (await isLeft(id)) await sessions.archive(id).catch(String);
        await settled(archives);
      }
      for (const id of ids) expect((await sessions.get(id)).status).toBe('archived');
      return all(archives);
    });
    expect(made.map(({ status, sessionId }) => `${sessionId} ${status}`).sort()).toEqual(
      ids.map((id) => `${id} completed`).sort(),
    );

    const goes = made[0];
    const back = isFull() ? [...RESTORING, ...SWEEPING] : RESTORING;
    await killedAtAll(back, async (point, sessions, archives) => {
      for (const { archiveId, sessionId } of made) {
        if (!daemon.isRunning) return;
        if (point.startsWith('archive.removed')) {
          if (sessionId !== goes?.sessionId) continue;
          await settled(archives);
          await archives.delete(archiveId).catch(String);
          continue;
        }
        if (treesAreThere(sessionId)) {
          await sessions.cleanup({ tags: [sessionId], maxAgeDays: 0 }).catch(String);
          if (!daemon.isRunning) return; // nobody is left who would bring it back
          rmSync(place(sessionId), { recursive: true, force: true });
        }
        await archives.restore(archiveId).catch(String);
      }
    });
    await daemon.kill();
    await using((await daemon.start()).natsUrl, async (sessions, archives) => {
      await settled(archives);
      for (const { archiveId, sessionId } of await all(archives)) {
        if (!treesAreThere(sessionId)) await archives.restore(archiveId).catch(String);
        else await archives.restore(archiveId, { directory: false }).catch(String);
      }
      if (goes !== undefined) await archives.delete(goes.archiveId).catch(String);
      const left = await settled(archives);
      s3.fault = () => undefined; // what is judged is what is stored, and not how it is read
      expect(left.map(({ archiveId }) => archiveId)).toEqual(
        made.filter((each) => each !== goes).map(({ archiveId }) => archiveId),
      );
      for (const { archiveId, sessionId } of left) {
        expect(treeOf(place(sessionId))).toEqual(trees.get(sessionId));
        const { entries } = await sessions.messages(sessionId);
        expect(entries.map((entry) => JSON.stringify(entry))).toEqual([
          expect.stringContaining(`I am ${sessionId}`),
        ]);
        const { work } = await archives.verify(archiveId, { waitMs: 30_000 });
        expect(work?.result).toMatchObject({ isSound: true });
      }
      const { messageCount } = await sessions.get('busy');
      expect(messageCount).toBeGreaterThanOrEqual(sent.kept);
      expect(messageCount).toBeLessThanOrEqual(sent.asked);
      // What the bucket has is what the archives name.
      const names = left.flatMap(({ folder, list, transcript, manifest }) =>
        [folder, list, transcript, manifest].flatMap((each) =>
          each ? [`archives/${each.name}`] : [],
        ),
      );
      const wanted = new Set([...names, `archives/${OWNER_NAME}`]);
      for (let looks = 0; looks < 100 && s3.listing.length > wanted.size; looks += 1)
        await pause(100);
      expect(s3.listing).toEqual([...wanted].sort());
      expect(readdirSync(join(daemon.dataDir, 'archiving'))).toEqual([]);
      const strays = readdirSync(projects).filter((name) => !ids.includes(name));
      expect(strays).toEqual([]);
    });
    if (!isFull()) expect(missed).toEqual([]);
    else {
      console.info(`${killed} kills, ${faults} faults, ${sent.kept} messages, seed ${dice.seed}`);
      expect(killed).toBeGreaterThanOrEqual(KILLS);
      expect(faults).toBeGreaterThanOrEqual(LEAST_FAULTS);
    }
    await s3.stop();
    rmSync(projects, { recursive: true });

    function treesAreThere(sessionId: string): boolean {
      return existsSync(place(sessionId));
    }
  });
});
