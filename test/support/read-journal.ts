/** A journal's reads of sessions by their keys: each opens the session anew, as one who has not read of it before. */
import type { Head } from '../../src/model/head.ts';
import type { SessionKey } from '../../src/model/ids.ts';
import type { Journal, SessionReader } from '../../src/session/ports/journal.ts';

type Reads = Omit<SessionReader, 'key' | 'head' | 'fence'>;
type ByKey = {
  readonly [Name in keyof Reads]: (
    key: SessionKey,
    ...asked: Parameters<Reads[Name]>
  ) => ReturnType<Reads[Name]>;
};

export const read = (
  journal: Pick<Journal, 'open'>,
): ByKey & { head(key: SessionKey): Promise<Head | undefined> } => ({
  head: async (key) => (await journal.open(key)).head,
  entries: async (key, ...asked) => (await journal.open(key)).entries(...asked),
  stream: async (key, subpath) => (await journal.open(key)).stream(subpath),
  streams: async (key) => (await journal.open(key)).streams(),
  turn: async (key, turnId) => (await journal.open(key)).turn(turnId),
  turns: async (key, page) => (await journal.open(key)).turns(page),
  prompt: async (key, turnId) => (await journal.open(key)).prompt(turnId),
  response: async (key, responseKey) => (await journal.open(key)).response(responseKey),
  responses: async (key, page) => (await journal.open(key)).responses(page),
  tombstone: async (key) => (await journal.open(key)).tombstone(),
  metrics: async (key, limit) => (await journal.open(key)).metrics(limit),
  audit: async (key, page) => (await journal.open(key)).audit(page),
});
