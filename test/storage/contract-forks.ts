/** The journal's contract: forks share their parents' entries, which live as long as a head refers to them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Head } from '../../src/model/head.ts';
import { inheritedThrough, segmentsOfFork } from '../../src/model/segments.ts';
import type { SessionDelete, SessionWrite } from '../../src/session/ports/journal.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { read } from '../support/read-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, codeOf, DAY_MS, keyOf, NOW, remove, textOf, write } from './sessions.ts';

const UNTIL = NOW + 30 * DAY_MS;
const FULL = process.env['GREENROOM_FULL'] === '1';

/** The first change of a fork of `parent`. */
export const fork = (sessionId: string, parent: Head, atSeq = parent.seq): SessionWrite =>
  write(keyOf(sessionId), undefined, {
    head: {
      ...{ seq: atSeq, mode: 'forked', parent: { sessionId: parent.key.sessionId, seq: atSeq } },
      segments: segmentsOfFork(parent, atSeq),
    },
    fork: { parent: parent.key, parentVersion: parent.version },
  });

export const removeFork = (head: Head): SessionDelete => ({
  ...remove(head.key, head, UNTIL),
  ...(head.segments === undefined ? {} : { segments: head.segments }),
});

const textsOf = async (journal: StoredJournal, sessionId: string): Promise<string[]> =>
  (await read(journal).entries(keyOf(sessionId), { limit: 10_000 })).map(saidBy);

const saidBy = (entry: Parameters<typeof textOf>[0]): string =>
  (JSON.parse(textOf(entry)) as { content: string }).content;

const said = (who: string, count: number, length = 20): string[] =>
  Array.from({ length: count }, (_, n) => `${who} ${n} ${'x'.repeat(length)}`);

const purgeAll = async (journal: StoredJournal): Promise<number> => {
  let bytes = 0;
  for (let left = true; left; ) {
    const step = await journal.purge(100);
    bytes += step.bytes;
    left = step.left;
  }
  return bytes;
};

export const forksContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);

  const withParent = async (texts = said('parent', 5)) => {
    const journal = await ground().journal();
    const parent = append(keyOf('parent'), undefined, ...texts);
    await journal.commit(parent);
    return { journal, parent: parent.head };
  };

  describe('forks', () => {
    it('a fork reads its parent’s entries up to its own, and goes on alone', async () => {
      const { journal, parent } = await withParent();
      const made = fork('fork', parent, 3);
      await journal.commit(made);
      await journal.commit(append(keyOf('fork'), made.head, 'mine'));
      await journal.commit(append(keyOf('parent'), parent, 'theirs'));
      expect(await textsOf(journal, 'fork')).toEqual([...said('parent', 5).slice(0, 3), 'mine']);
      expect(await textsOf(journal, 'parent')).toEqual([...said('parent', 5), 'theirs']);
      expect(
        (await read(journal).entries(keyOf('fork'), { from: 3, limit: 2 })).map(({ seq }) => seq),
      ).toEqual([3, 4]);
      const [last] = await read(journal).entries(keyOf('fork'), { reverse: true, limit: 1 });
      expect(saidBy(last)).toBe('mine');
    });

    it('costs what forking ten entries costs, however long the parent is', async () => {
      const costs: unknown[] = [];
      for (const length of [10, 4_000]) {
        const { journal, parent } = await withParent(said('p', length, 200));
        const before = journal.stats();
        await journal.commit(fork('fork', parent));
        const after = journal.stats();
        costs.push({
          records: after.recordsWritten - before.recordsWritten,
          isSmall: after.bytesWritten - before.bytesWritten < 2_000,
          entriesRead: after.entriesRead - before.entriesRead,
        });
      }
      expect(costs[1]).toEqual(costs[0]);
      expect(costs[0]).toMatchObject({ isSmall: true, entriesRead: 0 });
    });

    it('a fork of a fork reads through both', async () => {
      const { journal, parent } = await withParent();
      const first = fork('first', parent, 3);
      await journal.commit(first);
      const longer = append(keyOf('first'), first.head, 'a', 'b');
      await journal.commit(longer);
      await journal.commit(fork('late', longer.head, 4));
      await journal.commit(fork('early', longer.head, 2));
      expect(await textsOf(journal, 'late')).toEqual([...said('parent', 3), 'a']);
      expect(await textsOf(journal, 'early')).toEqual(said('parent', 2));
    });

    it('deleting the parent leaves the fork whole', async () => {
      const { journal, parent } = await withParent();
      const made = fork('fork', parent, 3);
      await journal.commit(made);
      await journal.commit(removeFork(parent));
      await purgeAll(journal);
      expect(await textsOf(journal, 'fork')).toEqual(said('parent', 3));
      expect(await read(journal).head(keyOf('parent'))).toBeUndefined();
      expect(await read(journal).entries(keyOf('parent'))).toEqual([]);
    });

    it('deleting both frees all the bytes', async () => {
      const { journal, parent } = await withParent(said('p', 1_200, 500));
      const made = fork('fork', parent, 1_000);
      await journal.commit(made);
      const foreseen = await journal.bytesOf(keyOf('parent'));
      await journal.commit(removeFork(parent));
      const tail = await purgeAll(journal);
      expect(tail).toBe(foreseen);
      expect(tail).toBeGreaterThan(200 * 500);
      expect(tail).toBeLessThan(200 * 700);
      await journal.commit(removeFork(made.head));
      const rest = await purgeAll(journal);
      expect(rest).toBeGreaterThan(1_000 * 500);
      expect(rest).toBeLessThan(1_000 * 700);
      expect(await purgeAll(journal)).toBe(0);
    });

    it('deleting the fork first frees nothing of the parent', async () => {
      const { journal, parent } = await withParent(said('p', 100, 500));
      const made = fork('fork', parent);
      await journal.commit(made);
      await journal.commit(removeFork(made.head));
      expect(await purgeAll(journal)).toBeLessThan(5_000);
      expect(await textsOf(journal, 'parent')).toHaveLength(100);
    });

    it('a shorter reference lets the tail go when the longer one ends', async () => {
      const { journal, parent } = await withParent(said('p', 100, 500));
      const [long, short] = [fork('long', parent, 90), fork('short', parent, 10)];
      for (const change of [long, short, removeFork(parent)]) await journal.commit(change);
      await purgeAll(journal);
      await journal.commit(removeFork(long.head));
      expect(await purgeAll(journal)).toBeGreaterThan(80 * 500);
      expect(await textsOf(journal, 'short')).toHaveLength(10);
    });

    it('a parent that was deleted since is not forked, purged or not', async () => {
      const { journal, parent } = await withParent();
      await journal.commit(removeFork(parent));
      expect(await codeOf(journal.commit(fork('fork', parent)))).toBe('session_deleted');
      await purgeAll(journal);
      expect(await codeOf(journal.commit(fork('fork', parent)))).toBe('session_deleted');
      expect(await read(journal).head(keyOf('fork'))).toBeUndefined();
    });

    it('a fork and the deletion of its parent in one group come out whole, whoever is first', async () => {
      for (const [at, isForkFirst] of [true, false].entries()) {
        const { journal, parent } = await withParent();
        ground().gate.hold();
        const changes = [fork('fork', parent), removeFork(parent)];
        const outcomes = Promise.allSettled(
          (isForkFirst ? changes : changes.toReversed()).map((change) => journal.commit(change)),
        );
        ground().gate.release();
        await outcomes;
        await purgeAll(journal);
        expect(await textsOf(journal, 'fork')).toEqual(isForkFirst ? said('parent', 5) : []);
        expect(await read(journal).head(keyOf('parent')), `round ${at}`).toBeUndefined();
      }
    });

    it('an id is not used again while forks refer to what stood under it', async () => {
      const { journal, parent } = await withParent();
      const made = fork('fork', parent);
      await journal.commit(made);
      await journal.commit(removeFork(parent));
      await purgeAll(journal);
      ground().clock.jump(31 * DAY_MS);
      await purgeAll(journal);
      expect(await codeOf(journal.commit(append(keyOf('parent'))))).toBe('session_deleted');
      await journal.commit(removeFork(made.head));
      await purgeAll(journal);
      await journal.commit(append(keyOf('parent'), undefined, 'anew'));
      expect(await textsOf(journal, 'parent')).toEqual(['anew']);
    });

    it('whatever is forked, written, deleted and purged, every session reads what it should', async () => {
      const step = fc.record({
        what: fc.constantFrom('fork', 'fork', 'append', 'append', 'delete', 'purge'),
        who: fc.nat(),
        at: fc.nat(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const journal = await ground().journal();
          await new Family(journal).live(steps);
        }),
        { numRuns: FULL ? 300 : 15 },
      );
    });
  });
};

interface Step {
  readonly what: string;
  readonly who: number;
  readonly at: number;
}

/** Sessions as plain lists of texts beside the journal's. */
class Family {
  readonly #journal: StoredJournal;
  readonly #alive = new Map<string, { head: Head; texts: string[] }>();
  #born = 0;

  constructor(journal: StoredJournal) {
    this.#journal = journal;
  }

  async live(steps: readonly Step[]): Promise<void> {
    await this.#born1();
    for (const step of steps) {
      await this.#take(step);
      for (const [id, { texts }] of this.#alive)
        expect(await textsOf(this.#journal, id), id).toEqual(texts);
    }
    for (const { head } of this.#alive.values()) await this.#journal.commit(removeFork(head));
    await purgeAll(this.#journal);
    await this.#mustBeEmpty();
  }

  async #born1(): Promise<void> {
    const id = `s${this.#born++}`;
    const texts = said(id, 3);
    const change = append(keyOf(id), undefined, ...texts);
    await this.#journal.commit(change);
    this.#alive.set(id, { head: change.head, texts });
  }

  async #take({ what, who, at }: Step): Promise<void> {
    const chosen = [...this.#alive][who % Math.max(1, this.#alive.size)];
    if (chosen === undefined) return this.#born1();
    const [id, { head, texts }] = chosen;
    if (what === 'purge') return void (await this.#journal.purge(1 + (at % 3)));
    if (what === 'delete') {
      await this.#journal.commit(removeFork(head));
      this.#alive.delete(id);
      return;
    }
    if (what === 'append') {
      const text = `${id} says ${head.seq}`;
      const change = append(keyOf(id), head, text);
      await this.#journal.commit(change);
      this.#alive.set(id, { head: change.head, texts: [...texts, text] });
      return;
    }
    const child = `s${this.#born++}`;
    const atSeq = at % (head.seq + 1);
    const change = fork(child, head, atSeq);
    await this.#journal.commit(change);
    expect(inheritedThrough(change.head.segments)).toBe(atSeq);
    this.#alive.set(child, { head: change.head, texts: texts.slice(0, atSeq) });
  }

  /** Ids are free again, and what is made under them is empty: no record of anybody stays behind. */
  async #mustBeEmpty(): Promise<void> {
    for (let at = 0; at < this.#born; at += 1)
      expect(await read(this.#journal).entries(keyOf(`s${at}`))).toEqual([]);
    expect((await this.#journal.purge(100)).left).toBe(false);
  }
}
