/** Branches of a session that two programs went on with: pure, from heads and entries. */
import { describe, expect, it } from 'vitest';
import {
  type Branches,
  branchOf,
  choose,
  chosenBranch,
  divided,
  forked,
  inView,
} from '../../src/model/branches.ts';
import type { Entry } from '../../src/model/entry.ts';
import { newHead } from '../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import type { EntryRange, SessionReader } from '../../src/session/ports/journal.ts';
import { branchesAfter } from '../../src/session/prepare/division.ts';

/** `i` a foreign line, `m` a message of this session, `v` a view; numbered from 1. */
const entriesOf = (kinds: string) =>
  [...kinds].map((kind, at) => ({
    kind: ({ i: 'imported', m: 'message', v: 'view' } as const)[kind as 'i' | 'm' | 'v'],
    seq: at + 1,
  }));

const seenIn = (branches: Branches, kinds: string) =>
  inView(branches, entriesOf(kinds))
    .map(({ seq }) => seq)
    .join(' ');

const first = divided(undefined, 2, undefined, {});

describe('branches', () => {
  it('leave what was said here in view, and the other lines out of it', () => {
    expect(seenIn(first, 'iimmiimm')).toBe('1 2 3 4 7 8');
    expect(seenIn(choose(first, 2, 8, {}), 'iimmiimm')).toBe('1 2 5 6');
  });

  it('are left and turned to without a trace where nothing is written between', () => {
    const there = choose(first, 2, 6, {});
    const back = choose(there, 1, 6, {});
    expect(choose(choose(back, 2, 6, {}), 1, 6, {})).toEqual(back);
    expect(seenIn(back, 'iimmiimm')).toBe('1 2 3 4 7 8');
  });

  it('keep what was said in each of them', () => {
    const there = choose(first, 2, 6, {});
    const kinds = 'iimmiimmimm';
    const again = divided(there, 6, undefined, {});
    expect(seenIn(again, kinds)).toBe('1 2 5 6 7 8 10 11');
    expect(seenIn(choose(again, 1, 11, {}), kinds)).toBe('1 2 3 4');
    expect(seenIn(choose(again, 3, 11, {}), kinds)).toBe('1 2 5 6 9');
  });

  it('know whose an entry is, and what a fork there begins with', () => {
    const [, , , ours, theirs] = entriesOf('iimmi');
    const mine = ours && branchOf(first, ours);
    expect(mine?.number).toBe(1);
    const other = theirs && branchOf(first, theirs);
    expect(other?.number).toBe(2);
    const fork = forked(other ?? chosenBranch(first), 5);
    expect(seenIn(fork, 'iimmim')).toBe('1 2 5 6');
  });
});

describe('a foreign line behind a turn that was taken back', () => {
  const turnId = 'undone' as TurnId;
  const said = (seq: number, turn: TurnId): Entry => ({
    ...{ kind: 'message', seq, atMs: 0, role: 'user', body: Buffer.from('{}'), turnId: turn },
  });
  const readerOf = (entries: readonly Entry[]) =>
    ({
      entries: async ({ from = 1, to = 100 }: EntryRange) =>
        entries.filter(({ seq }) => from <= seq && seq <= to),
    }) as unknown as SessionReader;
  const view = { type: 'rollback', fromSeq: 2, throughSeq: 2, turnId } as const;
  const undone: Entry[] = [said(2, turnId), { kind: 'view', seq: 3, atMs: 0, view }];
  const head = { ...newHead(sessionKey('default', 's'), 0), version: 1, seq: 3 };

  it('divides nothing', async () => {
    const reader = readerOf(undone);
    expect(await branchesAfter(head, { subpath: '', seq: 1 }, reader)).toBeUndefined();
  });

  it('divides the session where another turn was said', async () => {
    const reader = readerOf([...undone, said(4, 'stays' as TurnId)]);
    const found = await branchesAfter({ ...head, seq: 4 }, { subpath: '', seq: 1 }, reader);
    expect(found?.all.map(({ number, throughSeq }) => [number, throughSeq])).toEqual([
      [1, 3],
      [2, undefined],
    ]);
  });
});
