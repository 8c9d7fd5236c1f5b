/** How the record of the backups goes on, without a clock, a place or a store. */
import { describe, expect, it } from 'vitest';
import {
  failed,
  failureOf,
  made,
  prepared,
  requested,
  unchanged,
} from '../../src/archives/backup-course.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { NEVER_MS } from '../../src/session/ports/archives.ts';

const HOUR_MS = 3_600_000;
const NOW = 1_790_000_000_000;
const hourly = (lastMs: number) => lastMs + HOUR_MS;
const never = () => undefined;
const LAST = { backupId: 'b', startedAtMs: NOW - 10, endedAtMs: NOW } as never;
const idle = made(undefined, { last: LAST, by: 'schedule', mark: undefined }, hourly);

describe('a record of backups', () => {
  it('begins with the first one due after the time of the settings', () => {
    expect(prepared(undefined, NOW, hourly)).toEqual({
      ...{ record: { status: 'idle', createdAtMs: NOW, tried: 0 }, dueMs: NOW + HOUR_MS },
    });
    expect(prepared(undefined, NOW, never).dueMs).toBe(NEVER_MS);
  });

  it('has what was under way due at once, and no clock that was wrong puts off the next one', () => {
    const underWay = { ...idle, record: { ...idle.record, status: 'in_progress' } } as const;
    expect(prepared({ ...underWay, dueMs: NOW + 1 }, NOW, hourly).dueMs).toBe(NOW);
    const before = NOW - 1_000 * HOUR_MS;
    expect(prepared(idle, before, hourly).dueMs).toBe(before + HOUR_MS);
  });

  it('has one that is asked for due at once, unless one is being made', () => {
    expect(requested(idle, NOW, 'ann')).toMatchObject({
      ...{ record: { status: 'pending', by: 'ann', tried: 0 }, dueMs: NOW },
    });
    const underWay = { record: { ...idle.record, status: 'in_progress' }, dueMs: 7 } as const;
    expect(requested(underWay, NOW, 'ann')).toEqual(underWay);
  });

  it('waits for the next one where none was needed, but for one that was asked for meanwhile', () => {
    expect(unchanged(idle, NOW, hourly, undefined)).toMatchObject({
      ...{ record: { status: 'idle', unchangedAtMs: NOW }, dueMs: NOW + HOUR_MS },
    });
    expect(unchanged(idle, NOW, hourly, 'ann')).toMatchObject({
      ...{ record: { status: 'pending', by: 'ann' }, dueMs: NOW },
    });
  });

  it('is tried again later each time, a quarter of an hour at most, and given up after eight', () => {
    const passing = new GreenroomError('unavailable', 'no answer');
    const delays: number[] = [];
    let known = idle;
    for (let tried = 0; known.record.status !== 'failed'; tried += 1) {
      known = failed(known, failureOf(passing, tried), NOW, hourly);
      if (known.record.status === 'pending') delays.push((known.dueMs - NOW) / 1_000);
    }
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320]);
    expect(known).toMatchObject({ record: { tried: 8, last: LAST }, dueMs: NOW + HOUR_MS });
    expect(known.record.error).toEqual({ code: 'unavailable', message: 'no answer' });
  });

  it('is given up at once for what does not pass, and not for another at the place or a bug of ours', () => {
    const isOver = (error: Error) => failureOf(error, 0).isOver;
    expect(isOver(new GreenroomError('invalid_settings', 'no such bucket'))).toBe(true);
    expect(isOver(new GreenroomError('invalid_state', 'another is there'))).toBe(false);
    expect(isOver(new TypeError('a bug'))).toBe(false);
  });
});
