/** The journal's contract: commits are whole, ordered, refused when stale, and told of when durable. */
import { describe, expect, it } from 'vitest';
import { newTurnId } from '../../src/model/ids.ts';
import type { SessionChange } from '../../src/session/ports/journal.ts';
import { read } from '../support/read-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, closedTurn, codeOf, keyOf, NOW, textOf, write } from './sessions.ts';

export const commitsContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);
  const key = keyOf('s1');

  describe('commits', () => {
    it('a commit is read back when its promise resolves', async () => {
      const journal = await ground().journal();
      const change = append(key, undefined, 'hello');
      await journal.commit(change);
      expect(await read(journal).head(key)).toEqual(change.head);
      expect(textOf((await read(journal).entries(key))[0])).toContain('hello');
    });

    it('a stale version is refused and nothing of the change is stored', async () => {
      const journal = await ground().journal();
      const first = append(key);
      await journal.commit(first);
      await journal.commit(append(key, first.head));
      const stale = append(key, first.head, 'late', 'later');
      expect(await codeOf(journal.commit(stale))).toBe('version_conflict');
      expect((await read(journal).entries(key)).map(textOf).join()).not.toContain('late');
      expect((await read(journal).head(key))?.version).toBe(2);
    });

    it('a session that exists is not created again', async () => {
      const journal = await ground().journal();
      await journal.commit(append(key));
      expect(await codeOf(journal.commit(append(key)))).toBe('version_conflict');
    });

    it('of changes that name the same version in one tick exactly one wins', async () => {
      const journal = await ground().journal();
      const rivals = Array.from({ length: 20 }, (_, n) =>
        journal.commit(append(key, undefined, `rival ${n}`)),
      );
      const outcomes = await Promise.allSettled(rivals);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await read(journal).entries(key)).toHaveLength(1);
    });

    it('changes of one session that wait together are carried out in order', async () => {
      const journal = await ground().journal();
      const first = append(key);
      const second = append(key, first.head);
      const third = append(key, second.head);
      await Promise.all([first, second, third].map((change) => journal.commit(change)));
      expect((await read(journal).entries(key)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    });

    it('a change that is refused leaves the others of its group alone', async () => {
      const journal = await ground().journal();
      const changes = Array.from({ length: 100 }, (_, n) => append(keyOf(`s${n}`)));
      const bad = write(keyOf('s50'), { ...append(keyOf('s50')).head, version: 7 });
      const outcomes = await Promise.allSettled(
        [...changes, bad].map((each) => journal.commit(each)),
      );
      expect(outcomes.map(({ status }) => status === 'fulfilled').indexOf(false)).toBe(100);
      expect(journal.stats().commits).toBe(100);
    });

    it('a change of another owner is refused, though it counts alike, and its neighbours are not', async () => {
      const journal = await ground().journal();
      const { epoch, owner } = journal.owner();
      const fences = [
        { owner, epoch },
        { owner: 'stranger', epoch },
        { owner, epoch: epoch - 1 },
        { owner, epoch: epoch + 1 },
        undefined,
      ];
      const outcomes = fences.map((fence, n) =>
        codeOf(journal.commit({ ...append(keyOf(`s${n}`)), ...(fence && { fence }) })),
      );
      const refused = 'version_conflict';
      expect(await Promise.all(outcomes)).toEqual([
        undefined,
        refused,
        refused,
        refused,
        undefined,
      ]);
      const stored = await Promise.all(fences.map((_, n) => read(journal).head(keyOf(`s${n}`))));
      expect(stored.map((head) => head !== undefined)).toEqual([true, false, false, false, true]);
    });

    it('a turn id that the ledger knows is refused as known, and named', async () => {
      const journal = await ground().journal();
      const [known, fresh] = [newTurnId(NOW), newTurnId(NOW + 1)];
      const first = write(key, undefined, { turns: [closedTurn(known)], newTurnIds: [known] });
      await journal.commit(first);
      const again = journal.commit(write(key, first.head, { newTurnIds: [fresh, known] }));
      await expect(again).rejects.toMatchObject({ code: 'turn_known', turnIds: [known] });
      expect((await read(journal).head(key))?.version).toBe(1);
    });

    it('another session may use the same turn id', async () => {
      const journal = await ground().journal();
      const turn = closedTurn();
      const parts = { turns: [turn], newTurnIds: [turn.turnId] };
      await journal.commit(write(key, undefined, parts));
      await journal.commit(write(keyOf('s10'), undefined, parts));
      expect(await read(journal).turn(keyOf('s10'), turn.turnId)).toEqual(turn);
    });

    it('what the caller does to its buffers afterwards changes nothing', async () => {
      const journal = await ground().journal();
      const change = append(key, undefined, 'as it was');
      const committed = journal.commit(change);
      const entry = change.appends[0]?.entries[0];
      if (entry?.kind === 'message') entry.body.fill(0);
      await committed;
      expect(textOf((await read(journal).entries(key))[0])).toContain('as it was');
    });

    it('a head of another version or session than the change says is a bug, and refused', async () => {
      const journal = await ground().journal();
      const jump = write(key, undefined, { head: { version: 3 } });
      await expect(journal.commit(jump)).rejects.toThrow(TypeError);
      const foreign = write(key, undefined, { head: { key: keyOf('s2') } });
      await expect(journal.commit(foreign)).rejects.toThrow(TypeError);
    });
  });

  describe('before the sync', () => {
    it('no reply, no read and no event leaves', async () => {
      const journal = await ground().journal();
      const { gate, clock } = ground();
      const first = append(key);
      await journal.commit(first);
      const seen: string[] = [];
      journal.subscribe(() => seen.push('event'));
      gate.hold();
      const reply = journal.commit(append(key, first.head)).then(() => seen.push('reply'));
      await clock.settle();
      expect(seen).toEqual([]);
      expect((await read(journal).head(key))?.version).toBe(1);
      expect(await read(journal).entries(key)).toHaveLength(1);
      gate.release();
      await reply;
      expect(seen).toEqual(['event', 'reply']);
      expect((await read(journal).head(key))?.version).toBe(2);
    });

    it('what arrives while a sync runs shares the next one', async () => {
      const journal = await ground().journal();
      const { gate, clock } = ground();
      gate.hold();
      const first = journal.commit(append(keyOf('first')));
      await clock.settle();
      const others = Array.from({ length: 50 }, (_, n) => journal.commit(append(keyOf(`s${n}`))));
      expect(journal.stats().waiting).toBe(51);
      gate.release();
      await Promise.all([first, ...others]);
      expect(journal.stats()).toMatchObject({ commits: 51, waiting: 0 });
      expect(journal.stats().syncs).toBeLessThanOrEqual(2);
    });
  });

  describe('subscribers', () => {
    it('hear each durable change, in the order of commits, and none that was refused', async () => {
      const journal = await ground().journal();
      const heard: SessionChange[] = [];
      journal.subscribe((changes) => heard.push(...changes));
      const first = append(key);
      const second = append(key, first.head);
      await Promise.all([journal.commit(first), journal.commit(second)]);
      await codeOf(journal.commit(first));
      expect(heard).toEqual([first, second]);
    });

    it('one that throws disturbs neither the commit nor the others', async () => {
      const errors: unknown[] = [];
      const journal = await ground().journal({ onListenerError: (error) => errors.push(error) });
      const heard: SessionChange[] = [];
      journal.subscribe(() => {
        throw new Error('mine alone');
      });
      journal.subscribe((changes) => heard.push(...changes));
      await journal.commit(append(key));
      expect(heard).toHaveLength(1);
      expect(errors).toHaveLength(1);
    });

    it('one that has left hears nothing', async () => {
      const journal = await ground().journal();
      const heard: SessionChange[] = [];
      const leave = journal.subscribe((changes) => heard.push(...changes));
      leave();
      await journal.commit(append(key));
      expect(heard).toEqual([]);
    });
  });
};
