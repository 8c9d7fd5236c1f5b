/**
 * The daemon's way out while it lives: a second signal, at any moment of the 200 ms after a change was acknowledged.
 * It exits with 1 at once, what it acknowledged is there, and the directory opens again. `GREENROOM_FULL=1`: 200 times.
 */
import { describe, expect, it } from 'vitest';
import { connectClient } from '../../../src/client/client.ts';
import { SessionsFacade } from '../../../src/index.ts';
import { openStore } from '../../../src/stores/index.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { Reading } from '../../support/reading.ts';
import { DaemonProcess } from '../daemon-process.ts';
import { Dice } from '../dice.ts';
import { type HeldModel, startHeldModel } from '../held-model.ts';
import { isFull } from '../size.ts';
import { pause } from '../waiting.ts';

const CYCLES = isFull() ? 200 : 4;
const AT_ONCE = 3;
const LONGEST_MS = 200;
/** Before, in, and after the checkpoint that follows 20 ms of quiet: these come first. */
const DISTANCES_MS = [0, 5, 15, 25, 150];
/** A signal that comes sooner is taken for the first one. */
const SAME_SIGNAL_MS = 500;
const LOADED_SESSIONS = 4;

/** What was asked of a session and acknowledged, in messages. */
interface Note {
  asked: number;
  acknowledged: number;
}

/** Appends to a session until the daemon has gone, or so often. */
const keepAppending = async (
  sessions: SessionsFacade,
  id: string,
  note: Note,
  times = Number.POSITIVE_INFINITY,
): Promise<void> => {
  while (note.asked < times) {
    note.asked += 1;
    await sessions.append(id, [{ role: 'user', content: `m${note.asked}` }]);
    note.acknowledged = note.asked;
  }
};

interface Life {
  readonly end: unknown;
  readonly wrong: readonly string[];
  readonly acknowledged: number;
  readonly endedInMs: number;
}

/** A turn that is under way keeps it draining; then it is changed, and told a second time. */
const live = async (model: HeldModel, afterMs: number, isLoaded: boolean): Promise<Life> => {
  const daemon = new DaemonProcess({ env: { ...model.env, GREENROOM_WORKERS: '1' } });
  const { natsUrl } = await daemon.start();
  const client = await connectClient({ servers: natsUrl });
  const sessions = new SessionsFacade(client);
  await new Reading(client.turn('slow', { prompt: 'slow' })).saw('turn.started');
  const ids = [
    's',
    ...Array.from({ length: isLoaded ? LOADED_SESSIONS : 0 }, (_, i) => `load${i}`),
  ];
  const notes = new Map(ids.map((id) => [id, { asked: 0, acknowledged: 0 }]));
  for (const id of ids) await sessions.create(id);
  daemon.signal('SIGTERM');
  await pause(SAME_SIGNAL_MS + 50);
  for (const [id, note] of notes)
    if (id !== 's') void keepAppending(sessions, id, note).catch(() => undefined);
  await keepAppending(sessions, 's', notes.get('s') as Note, 3);
  await pause(afterMs);
  const told = performance.now();
  daemon.signal('SIGTERM');
  const end = await daemon.gone;
  const endedInMs = performance.now() - told;
  await client.close();
  const acknowledged = [...notes.values()].reduce((sum, note) => sum + note.acknowledged, 0);
  return { end, wrong: await wrongIn(daemon.dataDir, notes), acknowledged, endedInMs };
};

const wrongIn = async (dir: string, notes: ReadonlyMap<string, Note>): Promise<string[]> => {
  const store = await openStore(`lmdb:${dir}`);
  const wrong: string[] = [];
  for (const [id, { asked, acknowledged }] of notes) {
    const found = (await store.getMessages(id)).length;
    if (found < acknowledged || found > asked)
      wrong.push(`${id} has ${found}: ${acknowledged} were acknowledged, ${asked} asked for`);
  }
  await store.close();
  return wrong;
};

describe.skipIf(withoutNatsServer())('a daemon that drains and is changed', () => {
  it(`ends at once when it is told again, ${CYCLES} times`, {
    timeout: isFull() ? 3_600_000 : 300_000,
  }, async () => {
    const dice = new Dice();
    const model = await startHeldModel();
    const lives: Life[] = [];
    while (lives.length < CYCLES) {
      const some = Array.from({ length: AT_ONCE }, (_, i) => {
        const afterMs = DISTANCES_MS[lives.length + i] ?? dice.int(0, LONGEST_MS);
        return live(model, afterMs, dice.int(0, 1) === 1);
      });
      lives.push(...(await Promise.all(some)));
    }
    for (const { end, wrong } of lives)
      expect({ end, wrong }).toEqual({ end: { code: 1, signal: null }, wrong: [] });
    const changes = lives.reduce((sum, life) => sum + life.acknowledged, 0);
    const longest = Math.round(Math.max(...lives.map(({ endedInMs }) => endedInMs)));
    console.log(
      `${lives.length} daemons told twice, ${changes} changes acknowledged, none lost, longest end ${longest} ms (GREENROOM_SEED=${dice.seed})`,
    );
  });
});
