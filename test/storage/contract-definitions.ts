/** The journal's contract: definitions are made, changed and deleted under their version, listed by name, and due in the index; prompts wait beside their session. */
import { describe, expect, it } from 'vitest';
import type { DefinitionKey } from '../../src/model/definition.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import type { DefinitionChange } from '../../src/session/ports/journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { codeOf, keyOf, NOW, write } from './sessions.ts';

const { tenant } = sessionKey('default', 'x');
const task = (name: string): DefinitionKey => ({ tenant, kind: 'task', name });
export const schedule = (name: string): DefinitionKey => ({ tenant, kind: 'schedule', name });
export const define = (
  key: DefinitionKey,
  version: number,
  parts: Partial<DefinitionChange> = {},
): DefinitionChange => ({
  ...{ kind: 'define', key, expectedVersion: version, wasDueMs: undefined },
  now: { record: { says: version + 1 } },
  ...parts,
});

export const definitionsContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);

  describe('definitions', () => {
    it('are as they were changed last, each under its version', async () => {
      const journal = await ground().journal();
      expect(await journal.definition(task('a'))).toBeUndefined();
      await journal.define(define(task('a'), 0));
      await journal.define(define(task('a'), 1));
      expect(await journal.definition(task('a'))).toMatchObject({
        ...{ key: task('a'), version: 2, record: { says: 2 }, dueMs: undefined },
      });
      for (const version of [0, 1, 3])
        expect(await codeOf(journal.define(define(task('a'), version)))).toBe('version_conflict');
      await journal.define(define(task('a'), 2, { now: undefined }));
      expect(await journal.definition(task('a'))).toBeUndefined();
      expect(await codeOf(journal.define(define(task('a'), 2, { now: undefined })))).toBe(
        'version_conflict',
      );
    });

    it('are listed by kind and name, from behind one of them, and are no sessions', async () => {
      const journal = await ground().journal();
      for (const name of ['b', 'a', 'c', 'a-a', 'B']) await journal.define(define(task(name), 0));
      await journal.define(define(schedule('s'), 0));
      await journal.define(define({ ...task('x'), tenant: sessionKey('other', 'x').tenant }, 0));
      await journal.commit(write(keyOf('session'), undefined));
      const names = async (page: { limit: number; cursor?: string; reverse?: boolean }) =>
        (await journal.definitions(tenant, 'task', page)).map(({ key }) => key.name);
      expect(await names({ limit: 9 })).toEqual(['B', 'a', 'a-a', 'b', 'c']);
      expect(await names({ limit: 2, cursor: 'a' })).toEqual(['a-a', 'b']);
      expect(await names({ limit: 9, cursor: 'c' })).toEqual([]);
      expect(await names({ limit: 9, reverse: true })).toEqual(['c', 'b', 'a-a', 'a', 'B']);
      expect(await names({ limit: 2, cursor: 'b', reverse: true })).toEqual(['a-a', 'a']);
      expect(await names({ limit: 9, cursor: 'B', reverse: true })).toEqual([]);
      const rows: string[] = [];
      await journal.scanRows(({ key }) => void rows.push(key.sessionId));
      expect(rows).toEqual(['session']);
    });

    it('are due as they say, and no longer', async () => {
      const journal = await ground().journal();
      const due = async () =>
        (await journal.due('schedule', { limit: 9 })).map(({ atMs }) => atMs - NOW);
      const at = (afterMs: number) => ({ record: {}, dueMs: NOW + afterMs });
      await journal.define(define(schedule('s'), 0, { now: at(5) }));
      await journal.define(define(schedule('t'), 0, { now: at(3) }));
      expect(await due()).toEqual([3, 5]);
      await journal.define(define(schedule('s'), 1, { wasDueMs: NOW + 5, now: at(9) }));
      await journal.define(define(schedule('t'), 1, { wasDueMs: NOW + 3, now: at(3) }));
      expect(await due()).toEqual([3, 9]);
      const [first] = await journal.due('schedule', { limit: 1 });
      expect(first?.key.sessionId).toBe('.schedule.t');
      await journal.define(define(schedule('s'), 2, { wasDueMs: NOW + 9, now: { record: {} } }));
      await journal.define(define(schedule('t'), 2, { wasDueMs: NOW + 3, now: undefined }));
      expect(await due()).toEqual([]);
    });

    it('reach no subscriber', async () => {
      const journal = await ground().journal();
      const heard: string[] = [];
      journal.subscribe((changes) => heard.push(...changes.map(({ kind }) => kind)));
      await journal.define(define(schedule('s'), 0, { now: { record: { n: 1 }, dueMs: NOW } }));
      expect(heard).toEqual([]);
    });
  });

  describe('a prompt that waits', () => {
    it('is there until it is taken away, byte for byte', async () => {
      const journal = await ground().journal();
      const turnId = 't' as TurnId;
      const body = Buffer.from('{"role":"user","content":"später"}');
      const first = write(keyOf('s'), undefined, { prompts: [{ turnId, body }] });
      await journal.commit(first);
      const session = await journal.open(keyOf('s'));
      expect(Buffer.from((await session.prompt(turnId)) ?? [])).toEqual(body);
      expect(await session.prompt('other' as TurnId)).toBeUndefined();
      expect(await (await journal.open(keyOf('none'))).prompt(turnId)).toBeUndefined();
      const prompts = [{ turnId, body: undefined }];
      await journal.commit(write(keyOf('s'), first.head, { prompts }));
      expect(await (await journal.open(keyOf('s'))).prompt(turnId)).toBeUndefined();
    });
  });
};
