/**
 * Fills a store with transcripts, until its data file has so many bytes: sessions of 500 messages of about a
 * kilobyte, by the journal's own commits. A store that is there already is filled further.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Head, newHead } from '../../src/model/head.ts';
import { newSessionId, sessionKey } from '../../src/model/ids.ts';
import type { Journal } from '../../src/session/ports/journal.ts';
import { DATA_FILE } from '../../src/storage/files/data-file.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { messageChange } from '../journal.ts';

/** Of a session: about 700 kB. */
const COMMITS = 10;
const MESSAGES_PER_COMMIT = 50;
const UNDER_WAY = 8;

/** @param dir the folder `store` of a data directory. Returns how many sessions were made. */
export const fillStore = async (
  dir: string,
  bytes: number,
  say: (line: string) => void,
): Promise<number> => {
  const { journal, close } = await openLmdbJournal({ dir });
  const file = join(dir, DATA_FILE);
  let made = 0;
  let told = statSync(file).size;
  try {
    while (statSync(file).size < bytes) {
      await Promise.all(Array.from({ length: UNDER_WAY }, () => makeSession(journal)));
      made += UNDER_WAY;
      if (statSync(file).size - told < 1e9) continue;
      told = statSync(file).size;
      say(`  ${(told / 1e9).toFixed(0)} GB`);
    }
  } finally {
    await close();
  }
  return made;
};

const makeSession = async (journal: Journal): Promise<void> => {
  const nowMs = Date.now();
  const key = sessionKey('default', newSessionId(nowMs));
  let head: Head = { ...newHead(key, nowMs), title: `Notes of ${key.sessionId}`, tags: ['large'] };
  for (let n = 0; n < COMMITS; n += 1) {
    const change = messageChange(key, head, MESSAGES_PER_COMMIT);
    await journal.commit(change);
    head = change.head;
  }
};
