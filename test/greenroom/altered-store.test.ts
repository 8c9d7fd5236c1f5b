/** The store is altered behind a live session: what the session knew is nothing to build on any more. */
import { expect, it } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import { codeOf, write } from '../storage/sessions.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';

it('its next commit is refused, and it reads again what is stored', async () => {
  const test = await testGreenroom();
  await test.sessions.create('s', { title: 'ours' });
  const key = sessionKey('default', 's');
  const theirs = write(key, await read(test.journal).head(key), { head: { title: 'theirs' } });
  await test.journal.commit(theirs);
  expect((await test.sessions.get('s')).title).toBe('ours'); // it has not noticed
  const known = (await test.sessions.get('s')).version;
  const told = { role: 'user', content: 'on what I saw' } as const;
  expect(await codeOf(test.sessions.append('s', [told], known))).toBe('version_conflict');
  expect(await read(test.journal).head(key)).toEqual(theirs.head);
  expect((await test.sessions.get('s')).title).toBe('theirs');
});

it('who names no version is served by the session that has read it', async () => {
  const test = await testGreenroom();
  await test.sessions.create('s', { title: 'ours' });
  const key = sessionKey('default', 's');
  const theirs = write(key, await read(test.journal).head(key), { head: { title: 'theirs' } });
  await test.journal.commit(theirs);
  const after = await test.sessions.append('s', [{ role: 'user', content: 'whatever it is' }]);
  expect(after).toMatchObject({ title: 'theirs', version: theirs.head.version + 1 });
});
