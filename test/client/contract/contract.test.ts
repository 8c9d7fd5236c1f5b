/** What a program may rely on, whichever door it came in by: the same calls, events, values and refusals. */
import { beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/connect.ts';
import type { GreenroomApi } from '../../../src/index.ts';
import { codeIn, documentNamed, tableBelow } from '../../docs/readme.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { approvalCases } from './approvals.ts';
import { type Doors, doorOf, openDoors } from './doors.ts';
import { begun, type Place } from './place.ts';
import { sessionCases } from './sessions.ts';
import { turnCases } from './turns.ts';
import { watcherCases } from './watchers.ts';

let doors: Doors;
beforeAll(async () => {
  doors = await openDoors();
  return () => doors.close();
});

const DOORS = withoutNatsServer() ? (['embedded'] as const) : (['embedded', 'client'] as const);

describe.each(DOORS)('the door %s', (name) => {
  let greenroom: GreenroomApi;
  const id = (word: string): string => `${name}-${word}`;
  beforeAll(() => {
    greenroom = doorOf(doors, name);
  });
  const place = (): Place => ({ greenroom, stage: doors.stage, id });

  turnCases(place);
  sessionCases(place);
  approvalCases(place);
  watcherCases(place);

  test('it says whose it is and what runs', async () => {
    expect(greenroom.tenant).toBe('default');
    expect(await greenroom.status()).toMatchObject({ pid: process.pid, provider: 'anthropic' });
  });

  test('it has backups made, listed, read and deleted', async () => {
    const { backups } = greenroom;
    const waitMs = 30_000;
    const { status, last } = await backups.run({ waitMs });
    const backupId = last?.backupId ?? '';
    expect(status).toBe('idle');
    const found = await backups.list({ limit: 1 });
    expect(found).toMatchObject([{ backupId, isOurs: true, entries: last?.entries }]);
    expect((await backups.verify(undefined, { waitMs })).work).toMatchObject({
      ...{ kind: 'verify', status: 'completed', result: { backupId, isSound: true } },
    });
    await backups.delete(backupId, { waitMs });
    expect((await backups.state()).work).toMatchObject({ kind: 'delete', status: 'completed' });
    expect(await backups.list()).toEqual([]);
    await expect(backups.list({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('its classic store has the same sessions', async () => {
    await greenroom.turn(id('classic'), 'Hello').text();
    const store = greenroom.store();
    const state = await store.loadSession(id('classic'));
    expect(state?.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(state?.metadata.numTurns).toBe(1);
    await store.close();
    await expect(store.loadSession(id('classic'))).rejects.toMatchObject({ code: 'store_closed' });
    expect(await greenroom.sessions.get(id('classic'))).toMatchObject({ numTurns: 1 });
  });
});

/** What a program sees of an object: methods, getters, fields. */
const membersOf = (value: object): string[] => {
  const names = new Set(Object.keys(value));
  for (
    let at = Object.getPrototypeOf(value);
    at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  )
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete('constructor');
  return [...names].toSorted();
};

describe.skipIf(withoutNatsServer())('the two doors compared', () => {
  const GUIDE = documentNamed('docs/guide/client.md');
  const listed = (where: string) =>
    tableBelow('What only one of them has', GUIDE)
      .filter(([, place]) => where === place)
      .flatMap(([names]) => codeIn(names))
      .toSorted();
  const both = () => [doorOf(doors, 'embedded'), doorOf(doors, 'client')] as const;
  const without = (some: readonly string[], others: readonly string[]) =>
    some.filter((name) => !others.includes(name));

  test('what one of them has alone is what the guide lists', () => {
    const [one, other] = both().map(membersOf) as [string[], string[]];
    const [oneApi, otherApi] = both().map(({ api }) =>
      membersOf(api).map((name) => `api.${name}`),
    ) as [string[], string[]];
    expect(without([...one, ...oneApi], [...other, ...otherApi])).toEqual(listed('embedded'));
    expect(without([...other, ...otherApi], [...one, ...oneApi])).toEqual(listed('client'));
  });

  test('what both have is in the interface, and the parts are the same', () => {
    const source = documentNamed('src/session/api/greenroom-api.ts');
    const named = [...source.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
    const [one, other] = both();
    const shared = membersOf(one).filter((name) => membersOf(other).includes(name));
    expect(shared).toEqual(named.toSorted());
    for (const part of ['sessions', 'approvals', 'audit', 'backups'] as const)
      expect(one[part].constructor).toBe(other[part].constructor);
    expect(membersOf(one.turn('s', 'x'))).toEqual(membersOf(other.turn('s', 'x')));
    expect(without(membersOf(one.store()), membersOf(other.store()))).toEqual(['page']);
  });
});

describe.skipIf(withoutNatsServer())('the client alone', () => {
  test.each([
    [{ server: 'nats://127.0.0.1:1' }, 'invalid_settings'],
    [{}, 'invalid_settings'],
    [{ servers: [''] }, 'invalid_settings'],
    [{ servers: 'nats://127.0.0.1:1', tenant: 'a.b' }, 'invalid_session_id'],
    [{ servers: 'nats://127.0.0.1:1' }, 'unavailable'],
  ])('does not connect with %j', async (options, code) => {
    await expect(connect(options as { servers: string })).rejects.toMatchObject({ code });
  });

  test('goes on with a turn when the broker is killed and comes again, without a gap or a double', async () => {
    const greenroom = doorOf(doors, 'client');
    const { turn, events, done, open } = await begun({ greenroom, stage: doors.stage }, 'restart');
    await doors.broker?.kill();
    await doors.broker?.restart();
    open();
    await done;
    const counted = events.flatMap(({ n }) => (n === undefined ? [] : [n]));
    expect(counted).toEqual([...new Set(counted)].toSorted((a, b) => a - b));
    const messages = events.filter(({ type }) => type === 'message');
    expect(messages).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'turn.finished', status: 'completed' });
    expect(await turn.text()).toBe('first second');
  });
});
