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
