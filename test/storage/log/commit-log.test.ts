/** The commit log by itself: what is read back of it, whole, cut off, damaged, and while it is written. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CommitLog, LOG_FILE } from '../../../src/storage/log/commit-log.ts';
import { groupsOf, readLog } from '../../../src/storage/log/log-reader.ts';
import { Batch, WRITE } from '../../../src/storage/records/batch.ts';
import { batchTime } from '../../../src/storage/records/batch-reader.ts';
import { packValue } from '../../../src/storage/records/frame.ts';
import { SESSIONS } from '../../../src/storage/records/keys.ts';
import {
  LOG_FIRST_BYTES,
  LOG_MAX_BYTES,
  MAX_LOGGED_BYTES,
} from '../../../src/storage/records/limits.ts';
import { folders } from '../folders.ts';

const PAGE_BYTES = 4096;
const GENERATION = 7;
const WRITER = fileURLToPath(new URL('../restless-log-child.mjs', import.meta.url));

/** A batch that its time tells from others. */
const batch = (time: number, bytes = 10): Buffer => {
  const made = new Batch();
  made.begin('a\0s\0\x50', 0, WRITE, { owner: 'me', epoch: 1 });
  made.put(SESSIONS, 'a\0s\0\x50', packValue, 'x'.repeat(bytes));
  made.end();
  const sealed = Buffer.from(made.seal(time));
  return sealed.subarray(0, made.byteLength);
};

const timesIn = (dir: string, generation = GENERATION): readonly (readonly number[])[] =>
  groupsOf(readLog(dir) ?? Buffer.alloc(0), generation).map((group) => group.map(batchTime));

describe('the commit log', () => {
  const folder = folders();

  const logged = (groups: readonly (readonly Buffer[])[]): { dir: string; log: CommitLog } => {
    const dir = folder();
    const log = CommitLog.open(dir, GENERATION);
    if (log === undefined) throw new Error('no room');
    for (const group of groups) log.append(group);
    return { dir, log };
  };

  const change = (dir: string, edit: (log: Buffer) => void): void => {
    const bytes = readFileSync(join(dir, LOG_FILE));
    edit(bytes);
    writeFileSync(join(dir, LOG_FILE), bytes);
  };

  it('gives back its groups in order, each with its batches', () => {
    const { dir, log } = logged([[batch(1), batch(2)], [batch(3, 9_000)], [batch(4)]]);
    expect(timesIn(dir)).toEqual([[1, 2], [3], [4]]);
    log.close();
  });

  it('is empty for another generation, and after the next one has begun', () => {
    const { dir, log } = logged([[batch(1)], [batch(2)], [batch(3)]]);
    expect(timesIn(dir, 8)).toEqual([]);
    log.begin(8, 0);
    expect(timesIn(dir, 8)).toEqual([]);
    log.append([batch(4)]);
    expect(timesIn(dir, 8)).toEqual([[4]]);
    log.close();
  });

  it('opened again it begins anew over what is there', () => {
    const { dir, log } = logged([[batch(1)], [batch(2)]]);
    log.close();
    const again = CommitLog.open(dir, 9);
    again?.append([batch(3)]);
    expect(timesIn(dir, 9)).toEqual([[3]]);
    again?.close();
  });

  it('leaves out a last group that was cut off at any byte', () => {
    const { dir, log } = logged([[batch(1)], [batch(2, 5_000)]]);
    log.close();
    const whole = readFileSync(join(dir, LOG_FILE));
    for (let cut = PAGE_BYTES; cut < PAGE_BYTES + 5_000; cut += 97) {
      change(dir, (bytes) => bytes.fill(0, cut));
      expect(timesIn(dir)).toEqual([[1]]);
      writeFileSync(join(dir, LOG_FILE), whole);
    }
  });

  it('with any bit of a group flipped that another one follows, it says that it lost something', () => {
    const { dir, log } = logged([[batch(1)], [batch(2, 5_000)], [batch(3)]]);
    log.close();
    const whole = readFileSync(join(dir, LOG_FILE));
    const end = PAGE_BYTES + 24 + batch(2, 5_000).length;
    for (let at = PAGE_BYTES; at < end; at += 13) {
      change(dir, (bytes) => bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << (at % 8)), at));
      expect(() => timesIn(dir)).toThrow(`damaged at byte ${PAGE_BYTES}`);
      writeFileSync(join(dir, LOG_FILE), whole);
    }
  });

  it('takes what has room; it has more after a quick checkpoint that was for want of it, to a limit', () => {
    const { dir, log } = logged([]);
    const size = () => statSync(join(dir, LOG_FILE)).size;
    expect(size()).toBe(LOG_FIRST_BYTES);
    expect(log.hasRoomFor(LOG_FIRST_BYTES - 24)).toBe(true);
    log.begin(2, 0);
    expect(size()).toBe(LOG_FIRST_BYTES);
    for (let generation = 3; size() < LOG_MAX_BYTES; generation += 1) {
      const before = size();
      const fill = Buffer.alloc(Math.min(before, MAX_LOGGED_BYTES) - 24);
      while (log.hasRoomFor(fill.length)) log.append([fill]);
      log.begin(generation, 0);
      expect(size()).toBe(2 * before);
    }
    const fill = Buffer.alloc(MAX_LOGGED_BYTES - 24);
    while (log.hasRoomFor(fill.length)) log.append([fill]);
    log.begin(99, 0);
    expect(size()).toBe(LOG_MAX_BYTES);
    expect(log.hasRoomFor(MAX_LOGGED_BYTES + 1)).toBe(false);
    log.close();
  });

  it('has less after a slow checkpoint, and no more after one that was not quick', () => {
    const { log } = logged([]);
    const take = (generation: number, tookMs: number) => {
      const hadRoom = log.hasRoomFor(LOG_FIRST_BYTES);
      log.begin(generation, tookMs);
      return hadRoom;
    };
    expect(take(2, 500)).toBe(false);
    expect(take(3, 50)).toBe(false);
    expect(take(4, 500)).toBe(true);
    expect(take(5, 1_500)).toBe(true);
    expect(take(6, 1_500)).toBe(false);
    expect(log.hasRoomFor(LOG_FIRST_BYTES - 24)).toBe(true);
    log.close();
  });

  it('opened again it has what it began with, however long its file is', () => {
    const { dir, log } = logged([]);
    log.hasRoomFor(MAX_LOGGED_BYTES);
    log.begin(2, 0);
    expect(log.hasRoomFor(LOG_FIRST_BYTES)).toBe(true);
    log.close();
    const again = CommitLog.open(dir, 3);
    expect(again?.hasRoomFor(LOG_FIRST_BYTES)).toBe(false);
    again?.close();
  });

  it('is never taken for damaged while another process writes it', async () => {
    const dir = folder();
    const writer = spawn(process.execPath, [WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    let most = 0;
    for (let look = 0; look < 1_500; look += 1) {
      const generation = 1 + (look % 2);
      const groups = timesIn(dir, generation);
      expect(groups.flat()).toEqual(groups.map((_, at) => at));
      most = Math.max(most, groups.length);
    }
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(most).toBeGreaterThan(1);
  });
});
