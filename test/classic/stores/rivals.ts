/** Several operating-system processes that change one session of a shared store at once. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { SessionStore } from '../../../src/stores/index.ts';
import { isFull } from '../../chaos/size.ts';

const CHILD = fileURLToPath(new URL('rival-child.mjs', import.meta.url));
const NAMES = ['a', 'b', 'c'];
const FREE = 20;

interface Report {
  /** The versions that it named and won. */
  readonly won: readonly number[];
  readonly lost: number;
}

/** Fails if two processes won one version, if one is missing, or if anything is stored twice or out of order. */
export const expectOneWinnerEach = async (
  kind: 'redis' | 'postgres',
  url: string,
  store: SessionStore,
  mutant = '',
): Promise<void> => {
  const wins = isFull() ? 500 : 10;
  await store.createSession('s');
  const rivals = NAMES.map((name) => fork(CHILD, [kind, url, name, String(wins), mutant]));
  await Promise.all(rivals.map(told)); // all are there before one begins, or the first may be done by then
  const done = rivals.map(told);
  for (const rival of rivals) rival.send('go');
  const reports = (await Promise.all(done)) as readonly Report[];
  const versions = reports.flatMap(({ won }) => won);
  expect(new Set(versions).size).toBe(NAMES.length * wins);
  expect(reports.some(({ lost }) => lost > 0)).toBe(true); // else they did not meet
  const stored = (await store.getMessages('s')).map(({ id }) => String(id));
  expect(new Set(stored).size).toBe(stored.length);
  for (const name of NAMES) {
    const own = stored.filter((id) => id.startsWith(`${name}-`));
    expect(own).toEqual([
      ...Array.from({ length: wins }, (_, at) => `${name}-${at}`),
      ...Array.from({ length: FREE }, (_, at) => `${name}-free-${at}`),
    ]);
  }
  const state = await store.loadSession('s');
  expect(state?.version).toBe(1 + NAMES.length * (wins + FREE));
};

/** The next message of a rival. */
const told = async (rival: ChildProcess): Promise<unknown> => {
  const end = new AbortController();
  const { signal } = end;
  try {
    const died = once(rival, 'exit', { signal }).then(([code]) => {
      throw new Error(`a rival ended with ${code}`);
    });
    return (await Promise.race([once(rival, 'message', { signal }), died]))[0];
  } finally {
    end.abort();
  }
};
