import { expect, it, onTestFinished } from 'vitest';
import { HistorianServer } from '../../../src/executor/history/historian.ts';
import type { Clock } from '../../../src/otp/clock.ts';
import { System } from '../../../src/otp/system.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import { type Historian, historianName } from '../../../src/session/context/historian.ts';
import type { SeenEntry } from '../../../src/session/context/model-messages.ts';
import { gate, turnsOfTheLoop } from '../../support/until.ts';
import { workerFile } from '../executing.ts';

const historian = async (
  deadlineMs: number,
  clock: Clock = systemClock,
): Promise<Pick<Historian, 'build'>> => {
  const system = new System({ clock });
  const options = { workerFile: workerFile('endless-history'), deadlineMs };
  const ref = await HistorianServer.start(system, options, { id: 'historian' });
  onTestFinished(async () => void (await system.stop(ref, 'shutdown')));
  const started = system.fetch(historianName);
  return { build: (read, from) => started.build(read, from) };
};

const history = (bytes: number) => (): Promise<readonly SeenEntry[]> =>
  Promise.resolve([{ kind: 'imported', seq: 1, body: new Uint8Array(bytes) }]);

/** Its first timer alone goes off: a thread that begins anew may take long on a busy machine. */
const forTheFirst = (): Clock => {
  let isFirst = true;
  const setTimeout: Clock['setTimeout'] = (run, ms) => {
    if (!isFirst) return { cancel: () => undefined };
    isFirst = false;
    return systemClock.setTimeout(run, ms);
  };
  return { ...systemClock, setTimeout };
};

it('gives up a history that takes too long, and goes on with the next one', async () => {
  const { build } = await historian(500, forTheFirst());
  const endless = build(history(1), { model: 'endless' });
  const next = build(history(7), { model: 'any' });
  await expect(endless).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect((await next).byteLength).toBe(7);
});

it('reads a history only when those before it are done', async () => {
  const { build } = await historian(60_000);
  const { opened, open } = gate();
  const first = build(() => opened.then(history(1)), { model: 'any' });
  let isRead = false;
  const second = build(
    () => {
      isRead = true;
      return history(2)();
    },
    { model: 'any' },
  );
  await turnsOfTheLoop();
  expect(isRead).toBe(false);
  open();
  expect((await first).byteLength).toBe(1);
  expect((await second).byteLength).toBe(2);
});

it('goes on behind a history that could not be read', async () => {
  const { build } = await historian(60_000);
  const broken = build(() => Promise.reject(new Error('no disk')), { model: 'any' });
  const next = build(history(3), { model: 'any' });
  await expect(broken).rejects.toThrow('no disk');
  expect((await next).byteLength).toBe(3);
});

it('refuses more histories than may wait', async () => {
  const { build } = await historian(60_000);
  const { opened, open } = gate();
  const held = () => opened.then(history(1));
  const waiting = Array.from({ length: 65 }, () => build(held, { model: 'any' }));
  await expect(build(history(1), { model: 'any' })).rejects.toMatchObject({ code: 'unavailable' });
  open();
  await Promise.all(waiting);
});
