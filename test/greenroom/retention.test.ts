/** Holds and retention rules on a running Greenroom: what is deleted can be brought back from its export. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';

const withRules = async (more: object) => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-retention-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const retentionFile = join(folder, 'rules.json');
  const exportTo = join(folder, 'kept');
  const rule = { name: 'done', q: 'tag:done', exportTo, ...more };
  writeFileSync(retentionFile, JSON.stringify({ rules: [rule] }));
  return { greenroom: await testGreenroom({ retentionFile }), exportTo };
};

it('a session that a rule takes is imported again from its export, with all that it said', async () => {
  const { greenroom, exportTo } = await withRules({});
  const { sessions } = greenroom;
  await sessions.create('a', { tags: ['done'], title: 'Notes' });
  await sessions.append('a', [{ role: 'user', content: 'Hello ☕' }]);
  await sessions.create('b');
  const [foreseen] = await sessions.retention({ dryRun: true });
  expect(foreseen).toMatchObject({ rule: 'done', count: 1, sessions: [{ sessionId: 'a' }] });
  expect(await sessions.retention()).toMatchObject([{ rule: 'done', count: 1 }]);
  expect((await sessions.search({})).sessions.map(({ sessionId }) => sessionId)).toEqual(['b']);
  expect(readdirSync(join(exportTo, 'default'))).toEqual(['a.greenroom.jsonl']);
  const text = readFileSync(join(exportTo, 'default', 'a.greenroom.jsonl'));
  const pages = async function* () {
    yield text;
  };
  await sessions.importSession(pages(), { as: 'again' });
  expect(await sessions.get('again')).toMatchObject({ title: 'Notes', messageCount: 1 });
});

it('a held session stays until it is released, and its audit says why', async () => {
  const { greenroom } = await withRules({});
  const { sessions } = greenroom;
  await sessions.create('a', { tags: ['done'] });
  expect((await sessions.hold('a', 'audit of 2026')).tags).toEqual(['done', 'hold']);
  expect(await sessions.retention()).toMatchObject([{ count: 0 }]);
  expect(await sessions.cleanup({ maxAgeDays: 0 })).toMatchObject({ count: 0 });
  expect((await sessions.release('a')).tags).toEqual(['done']);
  await sessions.release('a');
  const { audit } = await sessions.audit('a');
  expect(audit.map(({ action, details }) => [action, details?.['reason']])).toEqual([
    ['created', undefined],
    ['held', 'audit of 2026'],
    ['released', undefined],
  ]);
  expect(await sessions.retention()).toMatchObject([{ count: 1 }]);
});

it('the newest that take so many bytes in the store stay, and a dry run tells what the others take', async () => {
  const { greenroom } = await withRules({ keepBytes: 30_000 });
  const { sessions } = greenroom;
  for (const id of ['a', 'b', 'c', 'd']) {
    await sessions.create(id, { tags: ['done'] });
    await sessions.append(id, [{ role: 'user', content: 'x'.repeat(12_000) }]);
  }
  await sessions.hold('a', 'audit of 2026');
  const [foreseen] = await sessions.retention({ dryRun: true });
  expect(foreseen).toMatchObject({ count: 1, sessions: [{ sessionId: 'b' }] });
  expect(foreseen?.bytes).toBeGreaterThan(12_000);
  expect(foreseen?.bytes).toBeLessThan(15_000);
  const [done] = await sessions.retention();
  expect(done).toMatchObject({ count: 1, bytes: foreseen?.bytes });
  const { sessions: left } = await sessions.search({ sortBy: 'createdAt', order: 'asc' });
  expect(left.map(({ sessionId }) => sessionId)).toEqual(['a', 'c', 'd']);
  expect(await sessions.retention()).toMatchObject([{ count: 0, bytes: 0 }]);
});
