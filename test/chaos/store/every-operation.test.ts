/**
 * A scenario of everything that a journal does to a store, with its n-th operation failing, for every n:
 * each look and put of the writing thread, each write and sync of the kernel. What was answered stands,
 * every change is there whole or not at all, and the scenario can be played to its end.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folders } from '../../storage/folders.ts';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';
import { compileDisk, type DiskTrouble, failingDisk } from './disk.ts';
import { Expected, keepWhatWasPut, type Line, playScenario, withFailingTables } from './faults.ts';

const TIMEOUT_MS = 600_000;
/** CI tries every third or so, beginning by chance; `GREENROOM_FULL=1` each. */
const STEP = isFull() ? 1 : 12;

const tools = mkdtempSync(join(tmpdir(), 'greenroom-disk-'));
afterAll(() => rmSync(tools, { recursive: true, force: true }));
const library = compileDisk(tools);

const of = (lines: readonly Line[], store: string | number): readonly Line[] =>
  lines.filter((line) => line.store === store);

describe('a store operation that fails', () => {
  const folder = folders();

  /** Plays with one operation failing after another, and reads what is left. */
  const failEach = async (dist: string, from: number, step: number) => {
    const expected = await Expected.play();
    const dir = folder();
    const env = { GREENROOM_DIST: dist };
    const { lines } = await playScenario(['play', dir, String(from), String(step)], env);
    const plays = lines.filter(({ end }) => end !== undefined).map(({ store }) => Number(store));
    const read = await playScenario(['read', ...plays.map((n) => join(dir, String(n)))]);
    const wrong = plays.flatMap((n) =>
      expected
        .compare(of(lines, n), of(read.lines, join(dir, String(n))))
        .map((what) => `with operation ${n} failing: ${what}`),
    );
    return { last: plays.at(-1) ?? 0, failed: plays.length - 1, wrong };
  };

  it('stops the journal, whichever it is, and leaves nothing half there', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const { last, failed, wrong } = await failEach(
      withFailingTables(),
      new Dice().int(1, STEP),
      STEP,
    );
    console.info(`${failed} of about ${last} operations failed, one in each play`);
    expect(wrong).toEqual([]);
    expect(last).toBeGreaterThan(50);
  });

  it('is what finds a transaction that keeps what it put before an error', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dist = withFailingTables();
    keepWhatWasPut(dist);
    expect((await failEach(dist, 4, 7)).wrong.join('\n')).toContain('half there');
  });

  it('for the last record of a commit, alone or of a hundred, leaves none of the others', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dist = withFailingTables();
    const left = async (command: string, row: string, sessions: string) => {
      const dir = folder();
      const env = { GREENROOM_DIST: dist, GREENROOM_FAIL_ROW: row };
      const { lines } = await playScenario([command, dir], env);
      const read = await playScenario(['read', dir], { GREENROOM_SESSIONS: sessions });
      const there = read.lines.filter(({ version }) => version !== undefined && version !== 0);
      return { end: lines.at(-1)?.end, there: there.map(({ session }) => session) };
    };
    expect(await left('syscalls', 'a', 'a b')).toEqual({ end: 'storage_failed', there: [] });
    const hundred = Array.from({ length: 100 }, (_, number) => `g${number}`);
    expect(await left('group', 'g99', ['first', ...hundred].join(' '))).toEqual({
      end: hundred.map(() => 'storage_failed').join(' '),
      there: ['first'],
    });
  });
});

const TROUBLES: readonly (readonly [DiskTrouble, string])[] = [
  ['eio', 'an I/O error from a write or sync'],
  ['sync', 'an I/O error from a sync'],
  ['full', 'a write that finds the disk full'],
];

describe.skipIf(library === undefined)('a disk that fails', () => {
  const folder = folders();

  it.each(TROUBLES)(
    '(%s: %s) stops the journal, at whichever call, and takes nothing',
    {
      timeout: TIMEOUT_MS,
    },
    async (how) => {
      const expected = await Expected.play();
      const wrong: string[] = [];
      const told = new Map<string, readonly Line[]>();
      const step = how === 'sync' ? 1 : STEP;
      let call = new Dice().int(1, step);
      for (let isDone = false; !isDone; call += step) {
        const dir = folder();
        const { lines, exit } = await playScenario(
          ['syscalls', dir],
          failingDisk(library ?? '', call, how),
        );
        isDone = lines.at(-1)?.end === 'done';
        if (exit === 0) told.set(dir, lines);
        else if (!isBeginning(dir)) wrong.push(`call ${call}: the process ended with ${exit}`);
      }
      const read = await playScenario(['read', ...told.keys()]);
      for (const [dir, lines] of told) wrong.push(...expected.compare(lines, of(read.lines, dir)));
      console.info(`${how}: ${told.size - 1} of about ${call} calls failed, one in each play`);
      expect(wrong).toEqual([]);
      expect(call).toBeGreaterThan(5);
    },
  );
});

/** LMDB crashes when it cannot write the first page of a new file, which is tried right before: nothing is lost. */
const isBeginning = (dir: string): boolean =>
  statSync(join(dir, 'data.mdb'), { throwIfNoEntry: false })?.size === 0;
