/** What a program may rely on, whichever door it came in by: the same calls, events, values and refusals. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GreenroomApi, WireEvent } from '../../../src/index.ts';
import { codeIn, documentNamed, tableBelow } from '../../docs/readme.ts';
import { withoutNatsServer } from '../../support/nats.ts';
import { toolCalls } from '../../support/tool-turns.ts';
import { until } from '../../support/until.ts';
import { type Doors, doorOf, openDoors } from './doors.ts';

let doors: Doors;
beforeAll(async () => {
  doors = await openDoors();
  return () => doors.close();
});

const DOORS = withoutNatsServer() ? (['embedded'] as const) : (['embedded', 'client'] as const);

const typesOf = async (events: AsyncIterable<WireEvent>): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
};

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

/** A turn that has begun and is held in the middle of its answer. */
const begun = async (greenroom: GreenroomApi, sessionId: string) => {
  const turn = greenroom.turn(sessionId, `hold ${sessionId}`);
  const events: WireEvent[] = [];
  const done = (async () => {
    for await (const event of turn) events.push(event);
  })();
  done.catch(() => undefined);
  await until(() => events.some(({ type }) => type === 'delta'));
  return { turn, events, done, open: () => doors.stage.gate(sessionId).open() };
};

describe.each(DOORS)('the door %s', (name) => {
  let greenroom: GreenroomApi;
  /** A session id that no other case and no other door has. */
  const id = (word: string): string => `${name}-${word}`;
  beforeAll(() => {
    greenroom = doorOf(doors, name);
  });

  describe('a turn', () => {
    test('tells its events in order, under the id that it has from the start', async () => {
      const turn = greenroom.turn(id('events'), 'Hello');
      const events = await all(turn);
      expect([...new Set(events.map(({ type }) => type))]).toEqual([
        ...['turn.accepted', 'turn.started', 'delta', 'message', 'turn.finished'],
      ]);
      expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => at + 1));
      expect(new Set(events.map(({ turnId }) => turnId))).toEqual(new Set([turn.turnId]));
      expect(turn.sessionId).toBe(id('events'));
    });

    test('does not begin before it is read', async () => {
      const turn = greenroom.turn(id('unread'), 'Hello');
      await expect(greenroom.sessions.get(id('unread'))).rejects.toMatchObject({
        code: 'session_not_found',
      });
      await expect(turn.cancel()).rejects.toMatchObject({ code: 'session_not_found' });
    });

    test('gives its text, its last message and its end, in any order and together', async () => {
      const turn = greenroom.turn(id('whole'), 'Hello');
      const [text, message, result] = await Promise.all([
        ...[turn.text(), turn.finalMessage(), turn.result()],
      ] as const);
      expect(text).toBe('Rehearsal answer to: Hello');
      expect(message).toMatchObject({ role: 'assistant', content: [{ type: 'text', text }] });
      expect(result).toMatchObject({ type: 'turn.finished', status: 'completed', text });
      expect((await greenroom.sessions.get(id('whole'))).numTurns).toBe(1);
    });

    test('gives them behind a loop too, and behind one that was left', async () => {
      const read = greenroom.turn(id('behind'), 'Hello');
      await all(read);
      expect(await read.text()).toBe('Rehearsal answer to: Hello');
      const left = greenroom.turn(id('left'), 'Hello');
      for await (const _ of left) break;
      expect(await left.finalMessage()).toMatchObject({ role: 'assistant' });
      expect((await greenroom.sessions.get(id('left'))).numTurns).toBe(1);
    });

    test('that is over gives the answer that is stored to whoever asks by its id', async () => {
      const options = { turnId: id('known') };
      await greenroom.turn(id('again'), 'Hello', options).result();
      const again = greenroom.turn(id('again'), 'Hello', options);
      expect(await typesOf(again)).toEqual(['turn.finished']);
      expect(await again.finalMessage()).toMatchObject({ role: 'assistant' });
    });

    test('that uses tools ends with the answer behind them', async () => {
      const session = { tools: ['note'], allowedTools: ['note'] };
      const turn = greenroom.turn(id('tools'), toolCalls([['note', { a: 1 }]]), { session });
      const events = await all(turn);
      const types = events.map(({ type }) => type);
      expect(types).toContain('tool.finished');
      expect(types.filter((type) => type === 'message')).toHaveLength(3);
      expect(await turn.text()).toBe('done');
      expect(await turn.finalMessage()).toMatchObject({ role: 'assistant' });
    });

    test('that runs tells whoever joins what its answer has said so far', async () => {
      const { turn, events, done, open } = await begun(greenroom, id('join'));
      const joined: WireEvent[] = [];
      const options = { turnId: turn.turnId };
      const joining = (async () => {
        for await (const event of greenroom.turn(id('join'), `hold ${id('join')}`, options))
          joined.push(event);
      })();
      await until(() => joined.some(({ type }) => type === 'delta'));
      open();
      await Promise.all([done, joining]);
      const [first, ...rest] = joined;
      expect(first).toMatchObject({ type: 'ping', after: 1 });
      expect(rest).toEqual(events.filter(({ type }) => type !== 'turn.accepted'));
    });

    test('is cancelled by cancel(), and its readers hear the end', async () => {
      const { turn, events, done } = await begun(greenroom, id('cancel'));
      expect(await turn.cancel()).toMatchObject({ turnId: turn.turnId, status: 'cancelled' });
      await done;
      expect(events.at(-1)).toMatchObject({ type: 'turn.finished', status: 'cancelled' });
      expect(await turn.result()).toMatchObject({ status: 'cancelled' });
      await expect(turn.text()).rejects.toMatchObject({ code: 'invalid_state' });
      await expect(turn.finalMessage()).rejects.toMatchObject({ code: 'invalid_state' });
      expect(await turn.cancel()).toMatchObject({ status: 'cancelled' });
    });

    test('is cancelled by its signal, and whoever reads is told the reason', async () => {
      const abort = new AbortController();
      const reason = new Error('enough');
      const { signal } = abort;
      const turn = greenroom.turn(id('signal'), `hold ${id('signal')}`, { signal });
      const text = turn.text();
      text.catch(() => undefined);
      const reading = (async () => {
        for await (const { type } of turn) if (type === 'delta') abort.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
      await expect(text).rejects.toBe(reason);
      const ended = async () =>
        (await greenroom.sessions.turnStatus(id('signal'), turn.turnId)).status === 'cancelled';
      await until(ended);
      await expect(greenroom.turn(id('late'), 'Hello', { signal }).text()).rejects.toBe(reason);
    });

    test('that is refused rejects with its code, however it is read', async () => {
      await greenroom.sessions.create(id('limit'), { limits: { maxTurns: 1 } });
      await greenroom.turn(id('limit'), 'Hello').text();
      const refused = { code: 'max_turns_reached' };
      await expect(all(greenroom.turn(id('limit'), 'More'))).rejects.toMatchObject(refused);
      await expect(greenroom.turn(id('limit'), 'More').text()).rejects.toMatchObject(refused);
      await expect(greenroom.turn(id('limit'), 'More').result()).rejects.toMatchObject(refused);
      await expect(all(greenroom.turn('a.b', 'Hello'))).rejects.toMatchObject({
        code: 'invalid_session_id',
      });
      const odd = { ofNoRequest: 1 } as object;
      await expect(all(greenroom.turn(id('odd'), 'Hello', odd))).rejects.toMatchObject({
        code: 'invalid_request',
      });
      const reused = greenroom.turn(id('limit'), 'Other', { turnId: id('reused') });
      await expect(reused.text()).rejects.toMatchObject(refused);
    });
  });

  describe('sessions', () => {
    test('are made, shown, changed, forked, compacted and deleted', async () => {
      const { sessions } = greenroom;
      const made = await sessions.create(id('crud'), { title: 'Notes', tags: ['a'] });
      expect(made).toMatchObject({ sessionId: id('crud'), title: 'Notes', tags: ['a'] });
      await sessions.append(id('crud'), [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi' },
      ]);
      expect(await sessions.update(id('crud'), { title: 'More' })).toMatchObject({ title: 'More' });
      expect((await sessions.tag(id('crud'), 'b', 'c')).tags).toEqual(['a', 'b', 'c']);
      expect((await sessions.untag(id('crud'), 'a')).tags).toEqual(['b', 'c']);
      expect((await sessions.hold(id('crud'), 'why')).tags).toContain('hold');
      expect((await sessions.release(id('crud'))).tags).not.toContain('hold');
      const { entries } = await sessions.messages(id('crud'));
      expect(entries.map(({ seq }) => seq)).toEqual([1, 2]);
      const fork = await sessions.fork(id('crud'), { newSessionId: id('fork'), atSeq: 1 });
      expect(fork.parent).toEqual({ sessionId: id('crud'), seq: 1 });
      const compacted = await sessions.compact(id('crud'), { summary: 'We greeted.' });
      expect(compacted.compaction).toMatchObject({ throughSeq: 2 });
      expect(await sessions.explain(id('crud'))).toMatchObject({ sessionId: id('crud') });
      expect((await sessions.turns(id('crud'))).turns).toEqual([]);
      await sessions.delete(id('crud'));
      await expect(sessions.get(id('crud'))).rejects.toMatchObject({ code: 'session_deleted' });
    });

    test('that changed since the named version are left alone', async () => {
      const { sessions } = greenroom;
      const { version } = await sessions.create(id('version'));
      await sessions.update(id('version'), { title: 'One', expectedVersion: version });
      const stale = { expectedVersion: version };
      const message = { role: 'user', content: 'x' } as const;
      for (const change of [
        () => sessions.update(id('version'), { title: 'Two', ...stale }),
        () => sessions.append(id('version'), [message], version),
        () => sessions.delete(id('version'), stale),
      ])
        await expect(change()).rejects.toMatchObject({ code: 'version_conflict' });
      expect(await sessions.get(id('version'))).toMatchObject({ title: 'One', messageCount: 0 });
    });

    test('are found, counted and tabled', async () => {
      const { sessions } = greenroom;
      for (const word of ['one', 'two', 'three'])
        await sessions.create(id(`find-${word}`), { tags: [id('found'), word] });
      const tags = [id('found')];
      const first = await greenroom.search({ tags, limit: 2 });
      expect(first.sessions.map(({ sessionId }) => sessionId)).toEqual(
        ['three', 'two'].map((word) => id(`find-${word}`)),
      );
      const cursor = first.nextCursor ?? '';
      const rest = await sessions.search({ tags, limit: 2, cursor });
      expect(rest.sessions.map(({ sessionId }) => sessionId)).toEqual([id('find-one')]);
      expect((await greenroom.search({ q: `tag:${id('found')} tag:two` })).sessions).toHaveLength(
        1,
      );
      expect(await sessions.count({ tags })).toMatchObject({ count: 3, costUsd: 0 });
      const { facets } = await sessions.facets({ tags, by: 'tag' });
      expect(facets[0]).toMatchObject({ value: id('found'), sessions: 3 });
      expect(await sessions.cleanup({ ...{ maxAgeDays: 1, dryRun: true }, tags })).toMatchObject({
        count: 0,
      });
    });

    test('that cannot be are refused with the code of the table', async () => {
      const { sessions } = greenroom;
      const wrong = { ...{ title: 1 } } as object;
      const refused: readonly (readonly [() => Promise<unknown>, string])[] = [
        [() => sessions.get(id('nothing')), 'session_not_found'],
        [() => sessions.get('a.b'), 'invalid_session_id'],
        [() => sessions.create(id('wrong'), wrong), 'invalid_request'],
        [() => sessions.create(id('wrong'), { tags: [''] }), 'invalid_settings'],
        [() => greenroom.search({ q: 'cost:>much' }), 'invalid_criteria'],
        [() => sessions.turnStatus(id('nothing'), 'x'), 'session_not_found'],
        [() => greenroom.api.session('s', 'no-verb' as 'get', {}), 'unknown_verb'],
      ];
      for (const [ask, code] of refused) await expect(ask()).rejects.toMatchObject({ code });
    });

    test('go out as text and come back the same, under another id too', async () => {
      const { sessions } = greenroom;
      await greenroom.turn(id('export'), 'Hello', { tags: ['kept'] }).text();
      const text = (await all(sessions.exportSession(id('export')))).join('');
      const lines = (async function* () {
        yield text;
      })();
      const made = await sessions.importSession(lines, { as: id('imported') });
      expect(made).toMatchObject({ sessionId: id('imported'), status: 'new' });
      expect(await sessions.get(id('imported'))).toMatchObject({ numTurns: 1, tags: ['kept'] });
    });
  });

  describe('what waits for a person', () => {
    const waiting = async (sessionId: string) => {
      const session = { tools: ['note'] };
      const turn = greenroom.turn(sessionId, toolCalls([['note', { a: 1 }]]), { session });
      const text = turn.text();
      text.catch(() => undefined);
      await until(async () => (await greenroom.approvals.of(sessionId).catch(() => [])).length > 0);
      const [asked] = await greenroom.approvals.of(sessionId);
      if (asked === undefined) throw new Error('it waits for an answer');
      return { turn, text, asked };
    };

    test('is listed, answered once, and noted in the audit', async () => {
      const { text, asked } = await waiting(id('allow'));
      expect(asked).toMatchObject({ toolName: 'note', input: { a: 1 } });
      const { approvals } = await greenroom.approvals.list();
      expect(approvals.map(({ approvalId }) => approvalId)).toContain(asked.approvalId);
      const answer = await greenroom.approvals.allow(id('allow'), asked.approvalId);
      expect(answer).toMatchObject({ decision: 'allow' });
      expect(await text).toBe('done');
      const late = greenroom.approvals.deny(id('allow'), asked.approvalId);
      await expect(late).rejects.toMatchObject({ code: 'approval_not_found' });
      const { audit } = await greenroom.audit.of(id('allow'), { kind: 'permission' });
      expect(audit.map(({ action }) => action)).toEqual(['asked', 'allowed']);
    });

    test('may be denied with a reason, and everybody’s audit has it', async () => {
      const { text, asked } = await waiting(id('deny'));
      const deny = () =>
        greenroom.approvals.deny(id('deny'), asked.approvalId, { reason: 'not today' });
      const answers = await Promise.allSettled([deny(), deny()]);
      expect(answers).toMatchObject([
        { value: { decision: 'deny' } },
        { reason: { code: 'already_decided' } },
      ]);
      expect(await text).toBe('done');
      const { audit } = await greenroom.audit.list({ kind: 'permission', decision: 'denied' });
      expect(audit).toContainEqual(
        expect.objectContaining({
          sessionId: id('deny'),
          details: expect.objectContaining({ reason: 'not today' }),
        }),
      );
    });
  });

  describe('what a watcher hears', () => {
    test('of one session: its events, and of no other', async () => {
      const heard: string[] = [];
      const watching = greenroom.watch(id('watched'))[Symbol.asyncIterator]();
      const next = watching.next();
      // It hears from the first read on, and over the bus a moment later: until then turns are run.
      let first: Awaited<typeof next> | undefined;
      void next.then((message) => {
        first = message;
      });
      await greenroom.turn(id('unwatched'), 'Hello').text();
      await until(async () => {
        await greenroom.turn(id('watched'), 'Hello').text();
        return first !== undefined;
      });
      for (let message = first; message?.value['type'] !== 'turn.finished'; )
        message = await watching.next().then((each) => {
          heard.push(String(each.value?.['sessionId']));
          return each as typeof first;
        });
      await watching.return?.();
      expect(new Set(heard)).toEqual(new Set([id('watched')]));
    });

    test('of all: that sessions are made', async () => {
      const news: unknown[] = [];
      const watching = (async () => {
        for await (const piece of greenroom.watch()) {
          news.push(piece['sessionId']);
          if (String(piece['sessionId']).startsWith(id('news'))) return piece;
        }
        return undefined;
      })();
      let made = 0;
      await until(async () => {
        made += 1;
        await greenroom.sessions.create(id(`news-${made}`));
        return news.length > 0;
      });
      expect(await watching).toMatchObject({ tenant: 'default' });
    });
  });

  test('it says whose it is and what runs', async () => {
    expect(greenroom.tenant).toBe('default');
    expect(await greenroom.status()).toMatchObject({ pid: process.pid, provider: 'anthropic' });
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
    for (const part of ['sessions', 'approvals', 'audit'] as const)
      expect(one[part].constructor).toBe(other[part].constructor);
    expect(membersOf(one.turn('s', 'x'))).toEqual(membersOf(other.turn('s', 'x')));
    expect(without(membersOf(one.store()), membersOf(other.store()))).toEqual(['page']);
  });
});

describe.skipIf(withoutNatsServer())('the client alone', () => {
  test('goes on with a turn when the broker is killed and comes again, without a gap or a double', async () => {
    const greenroom = doorOf(doors, 'client');
    const { turn, events, done, open } = await begun(greenroom, 'restart');
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
