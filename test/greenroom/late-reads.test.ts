/**
 * Reads of the journal are promises, so others write and delete between any two of them. Whoever reads gets what was
 * true at one moment, or is told that it went meanwhile: no holes, no mixtures, no answers of another session.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { Dice } from '../../src/testing/dice.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { aFewTurns, delayReads } from '../support/late-reads.ts';
import { unmarked } from '../support/unmarked.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 120_000;

/** What becomes of something when `disturb` is done right before its n-th read; `reads` of them there were. */
const disturbed = async (
  { journal }: TestGreenroom,
  nth: number,
  disturb: () => Promise<unknown>,
  work: () => Promise<unknown>,
) => {
  let reads = 0;
  let isDisturbing = false;
  const end = delayReads(journal, async (_, when) => {
    if (when === 'after' || isDisturbing) return;
    reads += 1;
    if (reads !== nth) return;
    isDisturbing = true;
    await disturb();
    isDisturbing = false;
  });
  const outcome = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ code: codeOf(error) }),
  );
  end();
  return { reads, outcome };
};

/** For every n; gives the codes that were seen. */
const disturbEach = async (
  test: TestGreenroom,
  prepare: (id: string) => Promise<unknown>,
  disturb: (id: string) => Promise<unknown>,
  work: (id: string) => Promise<unknown>,
  check: (outcome: { value?: unknown; code?: string }, whole: unknown, nth: number) => void,
): Promise<Set<string>> => {
  const codes = new Set<string>();
  for (let nth = 1; ; nth += 1) {
    const id = `s${nth}`;
    await prepare(id);
    const whole = await work(id);
    const { reads, outcome } = await disturbed(
      test,
      nth,
      () => disturb(id),
      () => work(id),
    );
    if (reads < nth) return codes;
    check(outcome, whole, nth);
    if ('code' in outcome) codes.add(outcome.code);
  }
};

const GONE = ['session_deleted', 'session_not_found'];

const line = (n: number, fields: object = {}): string =>
  JSON.stringify({
    ...{ type: 'user', uuid: `u${n}`, sessionId: 'x', timestamp: '2026-01-01T00:00:00.000Z' },
    message: { role: 'user', content: `line ${n} ${'.'.repeat(300)}` },
    ...fields,
  });

const lines = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => line(from + n));

const imported = async ({ greenroom: { api } }: TestGreenroom, id: string): Promise<void> => {
  const base = { externalKey: `e/${id}`, fromLine: 0 };
  await api.session(id, 'import', { ...base, lines: lines(8) });
  await api.session(id, 'import', { ...base, subpath: 'agent-1', lines: lines(8, 100) });
};

describe('a session that is deleted while it is read', { timeout: TIMEOUT_MS }, () => {
  const VERBS: readonly (readonly [
    string,
    (test: TestGreenroom, id: string) => Promise<unknown>,
  ])[] = [
    ['messages', ({ sessions }, id) => sessions.messages(id)],
    ['messages of a side', ({ sessions }, id) => sessions.messages(id, { subpath: 'agent-1' })],
    ['turns', ({ sessions }, id) => sessions.turns(id)],
    ['turn-status', ({ greenroom: { api } }, id) => api.session(id, 'turn-status', { turnId: id })],
    ['side-transcripts', ({ greenroom: { api } }, id) => api.session(id, 'side-transcripts', {})],
    ['export', ({ greenroom: { api } }, id) => api.session(id, 'export', {})],
    [
      'import-state',
      ({ greenroom: { api } }, id) =>
        api.session(id, 'import-state', { lines: 5, inherited: true }),
    ],
    ['get', ({ sessions }, id) => sessions.get(id)],
    ['loadSession', ({ greenroom }, id) => greenroom.store().loadSession(id)],
  ];

  it.each(VERBS)('is whole, or is told of as gone: %s', async (_, verb) => {
    const test = await testGreenroom();
    const NOTHING = [null, { exists: false, lines: 0, digest: '', inherited: [] }];
    await disturbEach(
      test,
      async (id) => {
        await test.run(id, `hello ${id}`, { turnId: id });
        await imported(test, id);
      },
      (id) => test.sessions.delete(id),
      (id) => verb(test, id),
      ({ value, code }, whole, nth) => {
        if (code !== undefined) expect(GONE, `read ${nth}`).toContain(code);
        else expect([whole, ...NOTHING], `read ${nth}`).toContainEqual(value);
      },
    );
  });

  it.each(['mirror-load', 'mirror-subkeys', 'mirror-list'] as const)(
    'is whole, or as if it had never been: %s',
    async (verb) => {
      const test = await testGreenroom();
      const { api } = test.greenroom;
      const requests = {
        'mirror-load': (sessionId: string) => ({ projectKey: 'p', sessionId }),
        'mirror-subkeys': (sessionId: string) => ({ projectKey: 'p', sessionId }),
        'mirror-list': () => ({ projectKey: 'p', summaries: true }),
      };
      let ours = '';
      const codes = await disturbEach(
        test,
        async (id) => {
          const key = { projectKey: 'p', sessionId: id };
          const { sessionId } = await api.sessions('mirror-append', { ...key, entries: lines(5) });
          await api.sessions('mirror-append', { ...key, subpath: 'agent-1', entries: [line(7)] });
          ours = sessionId;
        },
        () => test.sessions.delete(ours),
        (id) => api.sessions(verb, requests[verb](id) as never),
        ({ value }, whole, nth) => {
          if (JSON.stringify(value) === JSON.stringify(whole)) return;
          const reply = value as { entries?: unknown[]; subkeys?: unknown[]; sessions?: object[] };
          const left = reply.entries ?? reply.subkeys ?? reply.sessions?.filter((e) => 'data' in e);
          expect(left, `read ${nth}`).toEqual([]);
        },
      );
      expect([...codes]).toEqual([]);
    },
  );

  it('and made anew is not read as two halves', async () => {
    const test = await testGreenroom();
    const store = test.greenroom.store();
    const texts = (id: string, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        type: 'user' as const,
        data: { message: { content: `${id} ${n}` } },
      }));
    await disturbEach(
      test,
      async (id) => {
        await store.saveSession(id, texts(id, 600));
      },
      async (id) => {
        await test.sessions.delete(id, { release: true });
        await store.saveSession(id, texts(`new ${id}`, 650));
      },
      async (id) => {
        const { messages } = (await store.loadSession(id)) ?? {};
        return (
          messages?.map((message) => /(new )?s\d+ \d+/.exec(JSON.stringify(message))?.[0]) ?? null
        );
      },
      ({ value, code }, whole, nth) => {
        if (code !== undefined) expect(GONE).toContain(code);
        const anew = texts(`new s${nth}`, 650).map(({ data }) => data.message.content);
        expect([null, undefined, whole, anew], `read ${nth}`).toContainEqual(value);
      },
    );
  });

  it.each(['fork', 'compact'] as const)('is not half of what comes of a %s', async (verb) => {
    const test = await testGreenroom();
    const { api } = test.greenroom;
    let times = 0;
    const codes = await disturbEach(
      test,
      async (id) => {
        await imported(test, id);
        await test.run(id, `hello ${id}`);
      },
      (id) => test.sessions.delete(id),
      async (id) => {
        times += 1;
        if (verb === 'compact') return sessionOf(api.session(id, 'compact', { summary: 's' }));
        return sessionOf(api.session(id, 'fork', { newSessionId: `${id}-${times}`, atSeq: 5 }));
      },
      ({ code }) => expect([undefined, 'invalid_state', ...GONE]).toContain(code),
    );
    expect([...codes].some((code) => GONE.includes(code))).toBe(true);
  });
});

const sessionOf = async (reply: Promise<{ session: { messageCount: number } }>) =>
  (await reply).session.messageCount;

describe('a session that is written to while it is read', { timeout: TIMEOUT_MS }, () => {
  it('is exported as it was, or not at all', async () => {
    const test = await testGreenroom();
    const { api } = test.greenroom;
    const codes = await disturbEach(
      test,
      (id) => imported(test, id),
      async (id) => {
        const more = { externalKey: `e/${id}`, fromLine: 8 };
        await api.session(id, 'import', { ...more, lines: lines(3, 8) });
        await api.session(id, 'import', { ...more, subpath: 'agent-1', lines: lines(3, 108) });
        await api.session(id, 'import', {
          ...more,
          fromLine: 0,
          subpath: 'agent-2',
          lines: [line(9)],
        });
      },
      (id) => api.session(id, 'export', {}),
      ({ value, code }, whole, nth) => {
        if (code !== undefined) return expect(code, `read ${nth}`).toBe('version_conflict');
        const { text } = value as { text: string };
        const kinds = text.split('\n').map((each) => (each === '' ? '' : JSON.parse(each).type));
        if (text !== (whole as { text: string }).text)
          expect(kinds.filter((kind) => kind === 'entry')).toHaveLength(8 + 3 + 8 + 3 + 1);
      },
    );
    expect([...codes]).toEqual(['version_conflict']);
  });

  it('tells each of its turns once, though one ends meanwhile', async () => {
    const test = await testGreenroom();
    await disturbEach(
      test,
      async (id) => {
        await test.run(id, 'one', { turnId: `${id}-1` });
      },
      (id) => test.run(id, 'two', { turnId: `${id}-2` }),
      (id) => test.sessions.turns(id),
      ({ value }, _, nth) => {
        const ids = (value as { turns: { turnId: string }[] }).turns.map(({ turnId }) => turnId);
        expect(ids, `read ${nth}`).toEqual([...new Set(ids)]);
        expect(ids).toContain(`s${nth}-1`);
      },
    );
  });

  it('does not mix two lives of a mirrored transcript', async () => {
    const test = await testGreenroom();
    const { api } = test.greenroom;
    const keyOf = (id: string) => ({ projectKey: 'p', sessionId: id, subpath: 'agent-1' });
    const append = (id: string, what: string, count: number) =>
      api.sessions('mirror-append', {
        ...keyOf(id),
        entries: Array.from({ length: count }, (_, n) => JSON.stringify({ uuid: `${what}${n}` })),
      });
    await disturbEach(
      test,
      async (id) => {
        await api.sessions('mirror-append', { projectKey: 'p', sessionId: id, entries: [line(1)] });
        await append(id, 'old', 5);
      },
      async (id) => {
        await api.sessions('mirror-delete', keyOf(id));
        await append(id, 'new', 3);
      },
      async (id) => (await api.sessions('mirror-load', keyOf(id))).entries,
      ({ value, code }, whole, nth) => {
        if (code !== undefined) return expect(code, `read ${nth}`).toBe('version_conflict');
        const anew = [0, 1, 2].map((n) => JSON.stringify({ uuid: `new${n}` }));
        expect([whole, anew], `read ${nth}`).toContainEqual(value);
      },
    );
  });
});

describe('sessions that are read late', { timeout: TIMEOUT_MS }, () => {
  it('each answer from their own history, however many wake at once', async () => {
    const test = await testGreenroom({ workers: 2 });
    const { seed, next } = new Dice(Math.floor(Math.random() * 2 ** 31));
    console.info(`GREENROOM_SEED=${seed}`);
    const ids = Array.from({ length: 24 }, (_, n) => `sleeper-${n}`);
    for (const id of ids) {
      await test.sessions.create(id);
      const said = Array.from({ length: 20 }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `${id} said ${n} ${'.'.repeat(100 * (n % 7))}`,
      }));
      await test.sessions.append(id, said);
    }
    for (let round = 0; round < 2; round += 1) {
      await test.restart();
      delayReads(test.journal, aFewTurns(next));
      test.rehearsal.clear();
      await Promise.all(ids.map((id) => test.run(id, `${id} asks ${round}`)));
      expect(test.modelCalls).toHaveLength(ids.length);
      for (const { body } of test.modelCalls) {
        const said = JSON.stringify(unmarked(body.messages));
        const asked = /sleeper-\d+ asks \d+"[^"]*$/.exec(said)?.[0] ?? '';
        const [id] = /sleeper-\d+/.exec(asked) ?? [''];
        const others = said.match(/sleeper-\d+/g)?.filter((each) => each !== id);
        expect(others, `${id} (GREENROOM_SEED=${seed})`).toEqual([]);
        expect(said.match(/ said \d+/g)).toHaveLength(20);
        expect(said.match(/ asks \d+/g)).toHaveLength(2 * round + 1); // answers say it again
      }
    }
  });

  it('take every turn once that is sent twice at the same time', async () => {
    const test = await testGreenroom({ cacheSessions: 1 });
    const { next } = new Dice(7);
    onTestFinished(delayReads(test.journal, aFewTurns(next)));
    for (let n = 0; n < 10; n += 1) {
      const [id, turnId] = [`s${n % 3}`, `t${n}`];
      const both = await Promise.all([1, 2].map(() => test.run(id, `hello ${n}`, { turnId })));
      const again = await test.run(id, `hello ${n}`, { turnId });
      const ends = [...both, again].map((events) => events.at(-1));
      expect(new Set(ends.map((end) => JSON.stringify((end as { text?: string }).text))).size).toBe(
        1,
      );
    }
    expect(test.modelCalls).toHaveLength(10);
  });
});

it('a session knows of what is shown of it, also where it could be read before its commit was told', async () => {
  const { sessions, journal } = await testGreenroom();
  await sessions.create('s');
  const commit = journal.commit.bind(journal);
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const late = async (change: Parameters<typeof commit>[0]) => {
    await commit(change);
    await told;
  };
  Object.defineProperty(journal, 'commit', { value: late, configurable: true });
  onTestFinished(() => void Reflect.deleteProperty(journal, 'commit'));
  const appending = sessions.append('s', [{ role: 'user', content: 'hello' }]);
  const key = sessionKey('default', 's');
  await until(async () => (await journal.open(key)).head?.version === 2);
  const reading = sessions.messages('s').then(async ({ entries }) => ({
    shown: entries.length,
    version: (await sessions.get('s')).version,
  }));
  for (let turns = 0; turns < 20; turns += 1)
    await new Promise<void>((resolve) => void setImmediate(resolve));
  tell();
  expect(await reading).toEqual({ shown: 1, version: 2 });
  await appending;
});
