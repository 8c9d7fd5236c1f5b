import { describe } from 'vitest';
import { memoryJournal } from '../../../src/storage/memory/memory-journal.ts';
import { journalContract } from '../contract.ts';

describe('the journal in memory', () => {
  journalContract(async (options) => ({
    journal: memoryJournal(options),
    close: () => Promise.resolve(),
  }));
});
