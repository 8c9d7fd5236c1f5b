/** What the Agent SDK stores are sessions like all others: found, priced, tagged, cleaned up, resumed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agentSdkSessionStore, type TranscriptEntry } from '../../src/agent-sdk/index.ts';
import { readLine } from '../../src/claude-code/read-line.ts';
import type { SessionView } from '../../src/index.ts';
import type { Clock } from '../../src/otp/clock.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { markOf, marksOf } from '../../src/session/mirror/mirror-key.ts';
import { journalName } from '../../src/session/ports/journal.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { openStore } from '../../src/stores/index.ts';
import { ROOT } from '../docs/readme.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { entry, KEY } from './contract.ts';
import { embedded, overNats } from './hosts.ts';

const FIXTURES = join(ROOT, 'test', 'fixtures', 'transcripts');
const FILES = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.jsonl'),
);

/** A file's lines, each uuid once: what an import of it and appends of it have in common. */
const entriesOf = (path: string): TranscriptEntry[] => {
  const seen = new Set<unknown>();
  return readFileSync(join(FIXTURES, path), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const read = readLine(line);
      if (read.kind !== 'objects' || read.isRecovered) return [];
      const { uuid } = read.objects[0] ?? {};
      if (uuid !== undefined && seen.has(uuid)) return [];
      seen.add(uuid);
      return [JSON.parse(line) as TranscriptEntry];
    });
};

const facts = ({ sessionId, externalKey, projectKey, importedAt, version, ...rest }: SessionView) =>
  rest;

const said = (id: string, fields: Record<string, unknown> = {}): TranscriptEntry =>
  entry(`uuid-${id}`, {
    type: 'assistant',
    message: {
      ...{ id, role: 'assistant', model: 'claude-sonnet-4-5-20250929' },
      content: [{ type: 'text', text: 'Done.' }],
      usage: { input_tokens: 1_000, output_tokens: 100 },
    },
    ...fields,
  });

test.each(FILES)('%s is to us what an import makes of it', async (path) => {
  const entries = entriesOf(path);
  if (entries.length === 0) return;
  // One each: of two copies of a transcript in one place, only one counts.
  const [mirrored, imported] = await Promise.all([openStore('memory:'), openStore('memory:')]);
  onTestFinished(async () => void (await Promise.all([mirrored.close(), imported.close()])));
  const store = agentSdkSessionStore(mirrored);
  for (let at = 0; at < entries.length; at += 4) await store.append(KEY, entries.slice(at, at + 4));
  const lines = entries.map((one) => JSON.stringify(one));
  const chunk = { externalKey: 'file', fromLine: 0, lines };
  const { session } = await imported.api.session('imported', 'import', chunk);
  const found = await mirrored.api.session(KEY.sessionId, 'get', {});
  expect(facts(found.session)).toEqual(facts(session));
});

describe('a mirrored session', () => {
  test('is found by title, directory, model, cost, project and key', async () => {
    const { greenroom, store } = await embedded();
    await store.append(KEY, [entry('1', { cwd: '/srv/app' }), said('msg_1', { cwd: '/srv/app' })]);
    await store.append(KEY, [{ type: 'custom-title', customTitle: 'Login' }]);
    await store.append({ ...KEY, subpath: 'subagents/agent-1' }, [
      said('msg_2', { isSidechain: true }),
    ]);
    const model = 'claude-sonnet-4-5-20250929';
    const criteria = { workingDirectory: '/srv/app', model, minCostUsd: 0.009, maxCostUsd: 0.009 };
    const { sessions } = await greenroom.sessions.search({
      ...criteria,
      projectKey: KEY.projectKey,
    });
    const [found] = sessions;
    expect(sessions).toHaveLength(1);
    expect(found).toMatchObject({ sessionId: KEY.sessionId, title: 'Login', totalCostUsd: 0.009 });
    const { externalKey = '' } = found ?? {};
    expect(externalKey).toContain(KEY.projectKey);
    expect((await greenroom.sessions.search({ externalKey })).sessions).toEqual(sessions);
    expect((await greenroom.sessions.get(KEY.sessionId)).sideTranscripts).toBe(1);
  });

  test('leaves a session that has its id already alone', async () => {
    const { greenroom, store } = await embedded();
    const own = await greenroom.sessions.create(KEY.sessionId, { title: 'Ours' });
    await store.append(KEY, [entry('1')]);
    expect(await greenroom.sessions.get(KEY.sessionId)).toEqual(own);
    const { sessions } = await greenroom.sessions.search({ projectKey: KEY.projectKey });
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([
      expect.stringMatching(/^x-[0-9a-f]{32}$/),
    ]);
    await store.delete(KEY);
    expect(await greenroom.sessions.get(KEY.sessionId)).toEqual(own);
  });

  test('keeps a title that somebody gave it here, and their tags', async () => {
    const { greenroom, store } = await embedded();
    await store.append(KEY, [entry('1'), { type: 'tag', tag: 'theirs' }]);
    await greenroom.sessions.update(KEY.sessionId, { title: 'Ours' });
    await greenroom.sessions.tag(KEY.sessionId, 'ours');
    await store.append(KEY, [
      { type: 'custom-title', customTitle: 'Theirs' },
      { type: 'tag', tag: 'newer' },
    ]);
    const { title, tags } = await greenroom.sessions.get(KEY.sessionId);
    expect({ title, tags }).toEqual({ title: 'Ours', tags: ['ours', 'newer'] });
  });

  test('is resumed by a turn, which the SDK does not see', async () => {
    const { greenroom, rehearsal } = await testGreenroom();
    const store = agentSdkSessionStore(greenroom);
    const entries = [entry('1', { parentUuid: null }), said('msg_1', { parentUuid: '1' })];
    await store.append(KEY, entries);
    const types: string[] = [];
    for await (const { type } of greenroom.turn(KEY.sessionId, 'Go on')) types.push(type);
    expect(types.at(-1)).toBe('turn.finished');
    const [call] = rehearsal.requests.toArray();
    expect(JSON.stringify(call?.body.messages)).toMatch(/prompt 1.*Done\..*Go on/);
    expect(await store.load(KEY)).toEqual(entries);
    await store.append(KEY, [entry('2')]);
    expect(await store.load(KEY)).toEqual([...entries, entry('2')]);
  });

  test('is cleaned up like others; begun again it is listed anew', async () => {
    const { greenroom, store } = await embedded();
    await store.append(KEY, [entry('1')]);
    const { count } = await greenroom.sessions.cleanup({ maxAgeDays: 0 });
    expect(count).toBe(1);
    expect(await store.load(KEY)).toBeNull();
    await store.append(KEY, [entry('2')]);
    expect(await store.load(KEY)).toEqual([entry('2')]);
  });

  test('has times of writing that grow though the clock goes back', async () => {
    let offsetMs = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs };
    const { store } = await embedded({ clock });
    const times: number[] = [];
    for (const step of [0, -60_000, -120_000, 60_000]) {
      offsetMs = step;
      await store.append(KEY, [entry(`${step}`)]);
      times.push((await store.listSessions(KEY.projectKey))[0]?.mtime ?? 0);
    }
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(4);
  });

  test('keeps all of this over a restart', async () => {
    const own = await testGreenroom();
    const store = () => agentSdkSessionStore(own.greenroom);
    await store().append(KEY, [entry('1'), { type: 'custom-title', customTitle: 'T' }]);
    await store().append({ ...KEY, subpath: 'a' }, [entry('1')]);
    const all = async () => [
      await store().load(KEY),
      await store().listSessionSummaries(KEY.projectKey),
      await store().listSessions(KEY.projectKey),
      await store().listSubkeys(KEY),
    ];
    const before = await all();
    await own.restart();
    expect(await all()).toEqual(before);
    await store().append(KEY, [entry('1')]);
    expect(await all()).toEqual(before);
  });
});

test('a transcript that is deleted and begun anew while it is read is read from its beginning', async () => {
  const { greenroom } = await embedded();
  const { api } = greenroom;
  const store = agentSdkSessionStore(api);
  await store.append(
    KEY,
    Array.from({ length: 1_500 }, (_, n) => entry(`old${n}`)),
  );
  let pages = 0;
  const reading = agentSdkSessionStore({
    sessions: async (verb, request) => {
      const page = await api.sessions(verb, request);
      pages += 1;
      if (pages === 1) {
        await store.delete(KEY);
        await store.append(KEY, [entry('new')]);
      }
      return page;
    },
  });
  expect(await reading.load(KEY)).toEqual([entry('new')]);
});

test('an append of more than one request holds is stored whole and in order', async () => {
  const { store } = await embedded();
  const entries = Array.from({ length: 5_200 }, (_, n) => entry(`${n}`));
  await store.append(KEY, entries);
  expect(await store.load(KEY)).toEqual(entries);
});

test('what is stored, dropped and begun anew fits together when everything is read', async () => {
  const own = await testGreenroom();
  const store = agentSdkSessionStore(own.greenroom);
  const side = (n: number) => ({ ...KEY, subpath: `subagents/agent-${n}` });
  for (const n of [1, 2, 3]) {
    await store.append(KEY, [entry(`${n}`), said(`msg_${n}`)]);
    await store.append(side(n), [entry('1'), said(`msg_side_${n}`)]);
  }
  await store.delete(side(1));
  await store.delete(side(2));
  await store.append(side(2), [entry('2')]);
  await store.append({ ...KEY, sessionId: 'deleted' }, [entry('1')]);
  await store.delete({ ...KEY, sessionId: 'deleted' });
  await store.append({ ...KEY, sessionId: 'deleted' }, [entry('2')]);
  for await (const _ of own.greenroom.turn(KEY.sessionId, 'Go on'));
  await store.append(KEY, [entry('4')]);
  await own.stop();
  expect(await verifyInChild(join(own.dataDir, 'store'))).toMatchObject({ isSound: true });
});

test('an append reads the same of the store whether much is stored or little', async () => {
  const { greenroom, store } = await embedded();
  const journal = greenroom.system.fetch(journalName);
  const readsOf = async (from: number, count: number): Promise<number> => {
    const before = journal.stats().reads;
    await store.append(
      KEY,
      Array.from({ length: count }, (_, n) => entry(`${from + n}`)),
    );
    return journal.stats().reads - before;
  };
  await readsOf(0, 2);
  const few = await readsOf(2, 10);
  await readsOf(12, 4_000);
  expect(await readsOf(4_012, 10)).toBe(few);
});

test('lines that are no JSON are refused at the border', async () => {
  const { greenroom } = await embedded();
  for (const line of ['', '{', '{"a":1}{"b":2}', '{"a":\n1}']) {
    const request = { ...KEY, entries: [JSON.stringify(entry('1')), line] };
    const refused = greenroom.api.sessions('mirror-append', request);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_request' });
  }
  expect(await agentSdkSessionStore(greenroom).load(KEY)).toBeNull();
});

test('a message id that looks like a mark of ours is counted as a response', async () => {
  const { greenroom, store } = await embedded();
  await store.append(KEY, [entry('1')]);
  await store.append(KEY, [said(markOf(marksOf(''), '1'))]);
  expect((await greenroom.sessions.get(KEY.sessionId)).totalCostUsd).toBeCloseTo(0.0045, 9);
});

describe.skipIf(withoutNatsServer())('over NATS', () => {
  test('an entry larger than a message says so, and the store goes on', async () => {
    const { store } = await overNats();
    const large = entry('1', { text: 'x'.repeat(9 * 1024 * 1024) });
    await expect(store.append(KEY, [large])).rejects.toMatchObject({ code: 'too_large' });
    await store.append(KEY, [entry('2')]);
    expect(await store.load(KEY)).toEqual([entry('2')]);
  });
});

test('a copy under another id is another session: neither appends nor a deletion reach it', async () => {
  const { greenroom, store } = await embedded();
  await store.append(KEY, [entry('u1')]);
  const { sessions } = greenroom;
  const [original] = (await sessions.search({})).sessions;
  const sessionId = original?.sessionId ?? '';
  await sessions.importSession(sessions.exportSession(sessionId), { as: 'copy' });
  await store.append(KEY, [entry('u2')]);
  expect((await store.load(KEY))?.map(({ uuid }) => uuid)).toEqual(['u1', 'u2']);
  expect(await store.listSessions(KEY.projectKey)).toHaveLength(1);
  expect(await sessions.get(sessionId)).toMatchObject({ seq: 2 });
  await store.delete(KEY);
  expect(await store.load(KEY)).toBeNull();
  expect(await sessions.get('copy')).toMatchObject({ seq: 1 });
});
