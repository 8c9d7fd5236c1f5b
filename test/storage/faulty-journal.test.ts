import { describe, expect, it } from 'vitest';
import { memoryJournal } from '../../src/storage/memory/memory-journal.ts';
import { read } from '../support/read-journal.ts';
import { type Fault, FaultyJournal } from './faulty-journal.ts';
import { append, codeOf, keyOf } from './sessions.ts';

describe('a journal with planned faults', () => {
  it.each<[Fault, number]>([
    ['not-stored', 0],
    ['answer-lost', 1],
  ])('%s fails the planned commit, and %i of it is stored', async (fault, stored) => {
    const journal = new FaultyJournal(memoryJournal(), (commit) => (commit === 1 ? fault : 'none'));
    expect(await codeOf(journal.commit(append(keyOf('s1'))))).toBe('storage_failed');
    expect(await read(journal).entries(keyOf('s1'))).toHaveLength(stored);
    await journal.commit(append(keyOf('s2')));
  });
});
