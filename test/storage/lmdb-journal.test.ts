import { describe } from 'vitest';
import { openLmdbJournal } from '../../src/storage/lmdb-journal.ts';
import { journalContract } from './contract.ts';
import { folders } from './folders.ts';

describe('the journal on LMDB', () => {
  const folder = folders();
  journalContract((options) => openLmdbJournal({ ...options, dir: folder() }));
});
