/**
 * A journal whose reads come late, as those of a journal on a server do: each waits before it is made and once more
 * before it is told, so that other commits come in between. Only for tests: what a sound reader gets is the same.
 */
import type { Journal, SessionReader } from '../../src/session/ports/journal.ts';

/** Waits for so long as this read is to be late. @param name of the read. */
export type Lateness = (name: string, when: 'before' | 'after') => Promise<void>;

type Call = (...args: unknown[]) => Promise<unknown>;

const READS = ['responseOwner', 'due', 'audit', 'definition', 'definitions'] as const;
const SESSION_READS = [
  ...(['entries', 'stream', 'streams', 'turn', 'turns'] as const),
  ...(['response', 'responses', 'tombstone', 'audit', 'prompt'] as const),
];

/** Makes the reads of this very journal late, from now on until the returned function is called. */
export const delayReads = (journal: Journal, lateness: Lateness): (() => void) => {
  const late =
    (name: string, real: Call): Call =>
    async (...args) => {
      await lateness(name, 'before');
      const got = await real(...args);
      await lateness(name, 'after');
      return got;
    };
  const delay = <Of extends object>(of: Of, names: readonly (keyof Of & string)[]): void => {
    for (const name of names) {
      const value = late(name, (of[name] as Call).bind(of));
      Object.defineProperty(of, name, { value, configurable: true });
    }
  };
  const open = journal.open.bind(journal);
  const lateOpen = late('open', async (key) => {
    const session: SessionReader = await open(key as SessionReader['key']);
    delay(session, SESSION_READS);
    return session;
  });
  Object.defineProperty(journal, 'open', { value: lateOpen, configurable: true });
  delay(journal, READS);
  return () => {
    for (const name of ['open', ...READS]) Reflect.deleteProperty(journal, name);
  };
};

/** A few turns of the loop, or none: by these numbers between 0 and 1. */
export const aFewTurns =
  (random: () => number): Lateness =>
  async () => {
    for (let left = Math.floor(random() * 4); left > 0; left -= 1)
      await new Promise<void>((resolve) => void setImmediate(resolve));
  };
