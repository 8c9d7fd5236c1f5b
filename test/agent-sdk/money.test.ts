/** A session that the official SDK forked holds copies of its parent's answers: they count in the parent. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forkSession, importSessionToStore } from '@anthropic-ai/claude-agent-sdk';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { SessionView } from '../../src/index.ts';
import { ROOT } from '../docs/readme.ts';
import { sharedGreenroom } from '../support/greenroom.ts';
import { hostOf, type WholeHost } from './hosts.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const TRANSCRIPT = join(ROOT, 'test/fixtures/transcripts/entireio__cli');

/** A project with one session, on disk as Claude Code keeps it. */
const project = (): string => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-sdk-money-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  vi.stubEnv('CLAUDE_CONFIG_DIR', join(root, 'config'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const dir = join(root, 'project');
  mkdirSync(dir);
  const file = readdirSync(TRANSCRIPT).find((name) => name.includes('39-7737088f0a-0')) ?? '';
  const folder = join(root, 'config', 'projects', dir.replace(/[^a-zA-Z0-9]/g, '-'));
  cpSync(join(TRANSCRIPT, file), join(folder, `${ID}.jsonl`));
  return dir;
};

const all = async ({ greenroom }: WholeHost): Promise<readonly SessionView[]> => {
  const { sessions } = await greenroom.sessions.search();
  return Promise.all(sessions.map(({ sessionId }) => greenroom.sessions.get(sessionId)));
};

const spent = (session: SessionView): number =>
  session.totalCostUsd ?? session.knownCostUsd ?? Number.NaN;

const expectShared = async (host: WholeHost, cost: number): Promise<void> => {
  const sessions = await all(host);
  expect(sessions).toHaveLength(2);
  const parent = sessions.find(({ externalKey = '' }) => externalKey.includes(ID));
  const fork = sessions.find((session) => session !== parent);
  expect(cost).toBeGreaterThan(0);
  expect(parent && spent(parent)).toBeCloseTo(cost, 9);
  expect(parent?.inheritedCostUsd).toBeUndefined();
  expect(fork && spent(fork)).toBe(0);
  expect(fork?.inheritedCostUsd).toBeCloseTo(cost, 9);
  expect((await host.greenroom.sessions.count()).costUsd).toBeCloseTo(cost, 9);
};

const shared = sharedGreenroom();
const hosted = (): WholeHost => hostOf(shared().greenroom);

test('forked in our store, its copies count in the parent', async () => {
  const [host, dir] = [hosted(), project()];
  await importSessionToStore(ID, host.store, { dir });
  const [parent] = await all(host);
  await forkSession(ID, { dir, sessionStore: host.store });
  await expectShared(host, parent === undefined ? 0 : spent(parent));
});

test('forked on disk, they count in the parent, whichever comes first', async () => {
  const [host, dir] = [hosted(), project()];
  await importSessionToStore(ID, host.store, { dir });
  const [parent] = await all(host);
  const { sessionId } = await forkSession(ID, { dir });
  for (const order of [
    [ID, sessionId],
    [sessionId, ID],
  ]) {
    await shared().empty();
    for (const id of order) await importSessionToStore(id, host.store, { dir });
    await expectShared(host, parent === undefined ? 0 : spent(parent));
  }
});
