/**
 * The official Agent SDK over our store: every session function that it has gives what it gives over
 * the SDK's own store in memory, for the same real transcripts.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deleteSession,
  foldSessionSummary,
  forkSession,
  getSessionInfo,
  getSessionMessages,
  getSubagentMessages,
  InMemorySessionStore,
  importSessionToStore,
  listSessions,
  listSubagents,
  renameSession,
  type SDKSessionInfo,
  type SessionStore,
  tagSession,
} from '@anthropic-ai/claude-agent-sdk';
import { beforeEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import type { AgentSdkSessionStore } from '../../src/agent-sdk/index.ts';
import { ROOT } from '../docs/readme.ts';
import { embedded, type WholeHost } from './hosts.ts';

const FIXTURES = join(ROOT, 'test', 'fixtures', 'transcripts');
const FILES = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.jsonl'),
);
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const AGENT = 'a1b2c3';

test('the two stores are of one type', () => {
  expectTypeOf<AgentSdkSessionStore>().toExtend<Required<SessionStore>>();
});

/** A project with the fixtures as its sessions, on disk as Claude Code keeps them; the first has a sub-agent. */
const projectOnDisk = (): string => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-sdk-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  vi.stubEnv('CLAUDE_CONFIG_DIR', join(root, 'config'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const dir = join(root, 'project');
  mkdirSync(dir);
  const folder = join(root, 'config', 'projects', dir.replace(/[^a-zA-Z0-9]/g, '-'));
  for (const [n, path] of FILES.entries())
    cpSync(join(FIXTURES, path), join(folder, `${idOf(n)}.jsonl`));
  const agent = join(folder, idOf(0), 'subagents', `agent-${AGENT}.jsonl`);
  cpSync(join(FIXTURES, FILES[0] ?? ''), agent);
  return dir;
};

/** The SDK's store in memory, with what the SDK asks of others: a uuid is stored once. */
class OnceStore extends InMemorySessionStore {
  override async append(...[key, entries]: Parameters<SessionStore['append']>): Promise<void> {
    const seen = new Set((await this.load(key))?.map(({ uuid }) => uuid));
    const fresh = entries.filter(({ uuid }) => {
      if (uuid === undefined) return true;
      const isNew = !seen.has(uuid);
      seen.add(uuid);
      return isNew;
    });
    await super.append(key, fresh);
  }
}

const withoutTime = ({ lastModified: _, ...info }: SDKSessionInfo) => info;
const inOrder = (infos: readonly SDKSessionInfo[]) =>
  infos.map(withoutTime).toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1));

describe('the official SDK', () => {
  let ours: SessionStore;
  let host: WholeHost;
  let theirs: OnceStore;
  let dir: string;
  beforeEach(async () => {
    host = await embedded();
    ours = host.store;
    theirs = new OnceStore();
    dir = projectOnDisk();
    for (const store of [ours, theirs])
      for (const n of FILES.keys()) await importSessionToStore(idOf(n), store, { dir });
  });
  const over = (sessionStore: SessionStore) => ({ dir, sessionStore });
  const both = <T>(ask: (where: { dir: string; sessionStore: SessionStore }) => Promise<T>) =>
    Promise.all([ask(over(ours)), ask(over(theirs))]);

  test('importSessionToStore brings every line, and again none', async () => {
    const projectKey = dir.replace(/[^a-zA-Z0-9]/g, '-');
    const load = async (store: SessionStore, n: number) =>
      (await store.load({ projectKey, sessionId: idOf(n) })) ?? [];
    for (const n of FILES.keys()) {
      const loaded = await load(ours, n);
      expect(loaded).toEqual(await load(theirs, n));
      await importSessionToStore(idOf(n), ours, { dir, batchSize: 3 });
      expect((await load(ours, n)).filter(({ uuid }) => uuid !== undefined)).toEqual(
        loaded.filter(({ uuid }) => uuid !== undefined),
      );
    }
    expect(await ours.listSubkeys?.({ projectKey, sessionId: idOf(0) })).toEqual(
      await theirs.listSubkeys({ projectKey, sessionId: idOf(0) }),
    );
  });

  test('the summaries are those that foldSessionSummary makes of what is stored', async () => {
    const projectKey = dir.replace(/[^a-zA-Z0-9]/g, '-');
    const summaries = (await ours.listSessionSummaries?.(projectKey)) ?? [];
    expect(summaries).toHaveLength((await theirs.listSessionSummaries(projectKey)).length);
    expect(summaries.length).toBeGreaterThan(5);
    for (const { sessionId, mtime, data } of summaries) {
      const key = { projectKey, sessionId };
      const entries = (await ours.load(key)) ?? [];
      expect({ sessionId, mtime, data }).toEqual(
        foldSessionSummary(undefined, key, entries, { mtime }),
      );
    }
  });

  test('listSessions and getSessionInfo', async () => {
    const [listed, expected] = await both((where) => listSessions(where));
    expect(listed.length).toBeGreaterThan(0);
    expect(inOrder(listed)).toEqual(inOrder(expected));
    for (const n of FILES.keys()) {
      const [info, other] = await both((where) => getSessionInfo(idOf(n), where));
      expect(info && withoutTime(info)).toEqual(other && withoutTime(other));
    }
    const [page, other] = await both((where) => listSessions({ ...where, limit: 4, offset: 1 }));
    expect(page.length).toBeGreaterThan(0);
    expect(page.map(withoutTime)).toEqual(other.map(withoutTime));
  });

  test('getSessionMessages, listSubagents and getSubagentMessages', async () => {
    for (const n of FILES.keys()) {
      const [messages, expected] = await both((where) => getSessionMessages(idOf(n), where));
      expect(messages).toEqual(expected);
    }
    const [agents] = await both((where) => listSubagents(idOf(0), where));
    expect(agents).toEqual([AGENT]);
    const [said, expected] = await both((where) => getSubagentMessages(idOf(0), AGENT, where));
    expect(said).toEqual(expected);
  });

  test('forkSession makes a session with the same messages', async () => {
    const long = FILES.findIndex((path) => path.includes('39-7737088f0a-0'));
    const { sessionId } = await forkSession(idOf(long), { ...over(ours), title: 'Another way' });
    const text = (messages: readonly { message: unknown }[]) =>
      messages.map(({ message }) => message);
    const original = await getSessionMessages(idOf(long), over(ours));
    expect(original.length).toBeGreaterThan(0);
    expect(text(await getSessionMessages(sessionId, over(ours)))).toEqual(text(original));
    expect(await getSessionInfo(sessionId, over(ours))).toMatchObject({
      customTitle: 'Another way',
    });
    expect((await host.greenroom.sessions.get(sessionId)).title).toBe('Another way');
  });

  test('renameSession and tagSession are seen by the SDK and by our searches', async () => {
    const { sessions } = host.greenroom;
    const found = async (tag: string) =>
      (await sessions.search({ tags: [tag] })).sessions.map(({ sessionId }) => sessionId);
    await renameSession(idOf(1), 'A new name', over(ours));
    await tagSession(idOf(1), 'first', over(ours));
    expect(await getSessionInfo(idOf(1), over(ours))).toMatchObject({
      ...{ customTitle: 'A new name', tag: 'first' },
    });
    expect((await sessions.get(idOf(1))).title).toBe('A new name');
    expect(await found('first')).toEqual([idOf(1)]);
    await tagSession(idOf(1), 'second', over(ours));
    expect([await found('first'), await found('second')]).toEqual([[], [idOf(1)]]);
    await tagSession(idOf(1), null, over(ours));
    expect(await found('second')).toEqual([]);
    expect((await getSessionInfo(idOf(1), over(ours)))?.tag).toBeUndefined();
  });

  test('deleteSession takes the session, which can come back', async () => {
    await deleteSession(idOf(0), over(ours));
    expect(await getSessionMessages(idOf(0), over(ours))).toEqual([]);
    expect(await listSubagents(idOf(0), over(ours))).toEqual([]);
    const ids = (await listSessions(over(ours))).map(({ sessionId }) => sessionId);
    expect(ids).not.toContain(idOf(0));
    await importSessionToStore(idOf(0), ours, { dir });
    const [messages, expected] = await both((where) => getSessionMessages(idOf(0), where));
    expect(messages).toEqual(expected);
  });
});

test('the fixtures are real ones', () => {
  const lines = FILES.flatMap((path) => readFileSync(join(FIXTURES, path), 'utf8').split('\n'));
  expect(FILES.length).toBeGreaterThan(5);
  expect(lines.length).toBeGreaterThan(100);
});
