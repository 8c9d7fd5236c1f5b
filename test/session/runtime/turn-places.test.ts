/** Whose turn goes on, where more want to than may: by owner, by tenant, and call by call. */
import { describe, expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { type OpenTurn, runIdOf } from '../../../src/model/turn.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import { TurnPlace, TurnPlaces } from '../../../src/session/runtime/turn-places.ts';

interface Who {
  readonly tenant?: string;
  readonly owner?: string;
  readonly mode?: Head['mode'];
  readonly isChild?: boolean;
}

/** Sessions that take places, and in which order they came to have them. */
const playing = (calls: number, limits: Rules['ownerTurns'] = {}) => {
  const places = new TurnPlaces(calls);
  const placed: string[] = [];
  const session = (name: string, { tenant = 'default', owner, mode, isChild }: Who = {}) => {
    const childOf = { sessionId: 'p', turnId: 't' as TurnId, toolUseId: 'u', depth: 1 };
    const head: Head = {
      ...newHead(sessionKey(tenant, name), 0),
      ...{ owner, mode, childOf: isChild ? childOf : undefined },
    };
    const turn = (run: number, fields: object = {}) =>
      ({
        ...{ turnId: 't' as TurnId, status: 'running', phase: { kind: 'model', run } },
        ...fields,
      }) as OpenTurn;
    const ask = (run = 1): boolean => {
      const has = place.take(runIdOf('t' as TurnId, run), turn(run), head, limits ?? {});
      if (has && placed.at(-1) !== name) placed.push(name);
      return has;
    };
    const place = new TurnPlace(places, head.key, () => void ask());
    const settle = (first?: OpenTurn) => place.settle(first);
    return { name, place, ask, settle, turn };
  };
  return { places, placed, session };
};

describe('an owner', () => {
  it('has no more turns at a time than its limit; the others wait in their order', () => {
    const { session, placed, places } = playing(9, { interactive: 1 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => session(name, { owner: 'ann' }));
    expect([a?.ask(), b?.ask(), c?.ask(), b?.ask()]).toEqual([true, false, false, false]);
    expect([...places.waiting]).toEqual(['default/b', 'default/c']);
    a?.settle();
    b?.settle();
    expect(placed).toEqual(['a', 'b', 'c']);
    expect(places.waiting.size).toBe(0);
  });

  it.each([
    ['of its owner', 9, { interactive: 1 }, 'ann'],
    ['at the model', 1, {}, undefined],
  ])(
    'that waits for a place %s still does when something else is committed',
    (_, calls, limits, owner) => {
      const { session, places } = playing(calls, limits);
      const who = owner === undefined ? {} : { owner };
      const [a, b] = [session('a', who), session('b', who)];
      expect([a.ask(), b.ask()]).toEqual([true, false]);
      b.settle(b.turn(1));
      expect([...places.waiting]).toEqual(['default/b']);
      a.settle();
      expect(places.waiting.size).toBe(0);
    },
  );

  it('is held up by none but its own turns of the same kind', () => {
    const { session } = playing(9, { interactive: 1, background: 1 });
    expect(session('a', { owner: 'ann' }).ask()).toBe(true);
    expect(session('b', { owner: 'bob' }).ask()).toBe(true);
    expect(session('c', { owner: 'ann', mode: 'background' }).ask()).toBe(true);
    expect(session('d', { owner: 'ann', tenant: 'other' }).ask()).toBe(true);
    expect(session('e').ask()).toBe(true);
    expect(session('f', { owner: 'ann', mode: 'background' }).ask()).toBe(false);
    expect(session('g', { owner: 'ann', mode: 'forked' }).ask()).toBe(false);
  });

  it('keeps its place while tools run, and gives it up for a person and at the end', () => {
    const { session } = playing(9, { interactive: 1 });
    const [a, b] = [session('a', { owner: 'ann' }), session('b', { owner: 'ann' })];
    a.ask();
    expect(b.ask()).toBe(false);
    a.settle(a.turn(2, { phase: { kind: 'tools', run: 2, calls: [] } }));
    expect(b.ask()).toBe(false);
    a.settle(a.turn(2, { status: 'waiting', phase: { kind: 'tools', run: 2, calls: [] } }));
    expect(b.ask()).toBe(true);
    expect(a.ask(3)).toBe(false);
  });

  it('does not hold up the sub-agent that one of its turns waits for', () => {
    const { session } = playing(9, { interactive: 1 });
    session('parent', { owner: 'ann' }).ask();
    expect(session('child', { owner: 'ann', isChild: true }).ask()).toBe(true);
  });

  it('has its place back when a session ends or the turn that waited is cancelled', () => {
    const { session, placed, places } = playing(9, { interactive: 1 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => session(name, { owner: 'ann' }));
    for (const each of [a, b, c]) each?.ask();
    b?.settle();
    a?.place.end();
    expect(placed).toEqual(['a', 'c']);
    c?.place.end();
    expect(places.waiting.size).toBe(0);
  });
});

describe('the model', () => {
  it('is asked by so many at a time, and one after another when they are done', () => {
    const { session, placed } = playing(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => session(name));
    expect(all.map((each) => each.ask())).toEqual([true, true, false, false]);
    all[0]?.settle(all[0].turn(2));
    expect(placed).toEqual(['a', 'b', 'c']);
  });

  it('is given up after each call: a turn of many calls waits like all others', () => {
    const { session } = playing(1);
    const [a, b] = [session('a'), session('b')];
    a.ask();
    expect(b.ask()).toBe(false);
    a.settle(a.turn(1));
    expect(b.ask()).toBe(false);
    a.settle(a.turn(2));
    expect(b.ask()).toBe(true);
    expect(a.ask(2)).toBe(false);
  });

  it('comes to another tenant, and to another owner, before the many of one', () => {
    const { session, placed } = playing(1);
    const first = session('first', { owner: 'many' });
    first.ask();
    const many = Array.from({ length: 100 }, (_, n) => session(`m${n}`, { owner: 'many' }));
    for (const each of many) each.ask();
    const owner = session('owner', { owner: 'few' });
    const tenant = session('tenant', { tenant: 'other' });
    for (const each of [owner, tenant]) each.ask();
    const all = [first, ...many, owner, tenant];
    for (let ended = 0; ended < 3; ended += 1)
      all.find(({ name }) => name === placed.at(-1))?.settle();
    expect(placed.toSorted()).toEqual(['first', 'm0', 'owner', 'tenant']);
  });
});
