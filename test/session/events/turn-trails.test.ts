/** What is kept of the way of turns is bounded, and says what it left out. */
import { describe, expect, it } from 'vitest';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import type { StationNote } from '../../../src/model/station.ts';
import { MAX_STATIONS, MAX_TRAILS, TurnTrails } from '../../../src/session/events/turn-trails.ts';

const key = sessionKey('default', 's');
const turn = (name: string | number) => `t${name}` as TurnId;
const received: StationNote = { station: 'received', atMs: 1, via: 'nats' };
const step = (number: number): StationNote => ({
  station: 'committed',
  atMs: number,
  step: number,
});

describe('the trail of a turn', () => {
  it('begins with its arrival, and knows that it does', () => {
    const trails = new TurnTrails();
    trails.arrived(key, turn(1), received);
    trails.note(key, turn(1), step(1));
    trails.note(key, turn(2), step(1));
    expect(trails.read(key, turn(1))).toMatchObject({
      notes: [received, step(1)],
      hasBeginning: true,
      omitted: 0,
    });
    expect(trails.read(key, turn(2))).toMatchObject({ hasBeginning: false });
    expect(trails.read(key, turn(3))).toBeUndefined();
  });

  it("is one session's, though turns of others have the same id", () => {
    const trails = new TurnTrails();
    const other = sessionKey('default', 'other');
    trails.arrived(key, turn(1), received);
    trails.arrived(other, turn(1), { ...received, atMs: 7 });
    trails.note(key, turn(1), step(1));
    expect(trails.read(key, turn(1))?.notes).toEqual([received, step(1)]);
    expect(trails.read(other, turn(1))?.notes).toEqual([{ ...received, atMs: 7 }]);
    expect(trails.size).toBe(2);
  });

  it('notes that the same turn is asked for again; one of the queue comes again by itself', () => {
    const trails = new TurnTrails();
    trails.arrived(key, turn(1), received);
    trails.arrived(key, turn(1), { ...received, via: 'queue' });
    trails.arrived(key, turn(1), received);
    const stations = trails.read(key, turn(1))?.notes.map(({ station }) => station);
    expect(stations).toEqual(['received', 'asked_again']);
  });

  it('keeps its first stations and its last ones, and counts those between', () => {
    const trails = new TurnTrails();
    trails.arrived(key, turn(1), received);
    for (let n = 1; n <= MAX_STATIONS + 9; n++) trails.note(key, turn(1), step(n));
    const { notes, omitted } = trails.read(key, turn(1)) ?? { notes: [], omitted: 0 };
    expect([notes.length, omitted]).toEqual([MAX_STATIONS, 10]);
    expect(notes[0]).toEqual(received);
    expect(notes.at(-1)).toEqual(step(MAX_STATIONS + 9));
  });

  it('begins anew when both ids are used once more, after the session was deleted', () => {
    const trails = new TurnTrails();
    const stations = () => trails.read(key, turn(1))?.notes.map(({ station }) => station);
    for (const via of ['nats', 'queue']) {
      trails.arrived(key, turn(1), { ...received, via });
      trails.note(key, turn(1), { station: 'accepted', atMs: 2 });
      expect(stations()).toEqual(['received', 'accepted']);
      trails.note(key, turn(1), { station: 'finished', atMs: 3 });
    }
    expect(trails.read(key, turn(1))).toMatchObject({ hasBeginning: true, omitted: 0 });
  });

  it('goes when too many turns came after it', () => {
    const trails = new TurnTrails();
    for (let n = 0; n <= MAX_TRAILS; n++) trails.arrived(key, turn(n), received);
    expect(trails.size).toBe(MAX_TRAILS);
    expect(trails.read(key, turn(0))).toBeUndefined();
    expect(trails.read(key, turn(1))).toBeDefined();
  });

  it('stays when the older one of the same turn id has gone, and goes in its own time', () => {
    const trails = new TurnTrails();
    const other = sessionKey('default', 'other');
    trails.arrived(key, turn(0), received);
    trails.arrived(other, turn(0), { ...received, atMs: 7 });
    for (let n = 1; n < MAX_TRAILS; n++) trails.arrived(key, turn(n), received);
    expect(trails.read(key, turn(0))).toBeUndefined();
    expect(trails.read(other, turn(0))?.notes).toEqual([{ ...received, atMs: 7 }]);
    trails.arrived(key, turn(MAX_TRAILS), received);
    expect(trails.read(other, turn(0))).toBeUndefined();
    expect(trails.size).toBe(MAX_TRAILS);
  });
});
