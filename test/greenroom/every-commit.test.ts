/**
 * A session's life with its n-th commit failing, for every n: nothing of it stored, or all of it and the
 * answer lost; and with its n-th read failing. Whoever asked is told with a code, and may ask again: in the
 * end everything is as if nothing had failed, once.
 */
import { describe, expect, it } from 'vitest';
import type { WireEvent } from '../../src/index.ts';
import { catalogRowOf } from '../../src/model/catalog-row.ts';
import { StorageError } from '../../src/model/errors.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import type { Journal, SessionReader } from '../../src/session/ports/journal.ts';
import { shown } from '../search/summary-row.ts';
import { codeOf, textOf } from '../storage/sessions.ts';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { read } from '../support/read-journal.ts';
import { finishedOf } from '../support/reading.ts';

const READS = ['open', 'entries', 'turn'] as const;

const TIMEOUT_MS = 120_000;
const MAX_TRIES = 20;
/** Errors that say that an earlier try had come through. */
const DONE = ['session_exists'];

type Step = (test: TestGreenroom, id: string) => Promise<unknown>;

const turn =
  (name: string): Step =>
  async ({ greenroom }, id) => {
    const events: WireEvent[] = [];
    const prompt = `${name} [[rehearse: text="to ${name}"]]`;
    for await (const event of greenroom.turn(id, prompt, {
      turnId: `${id}-${name}`,
      create: false,
    }))
      events.push(event);
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: `to ${name}` });
  };

/** All that changes a session in one way or another; each may be asked for again. */
const SCENARIO: readonly Step[] = [
  ({ sessions }, id) => sessions.create(id, { title: 'a life' }),
  turn('first'),
  ({ sessions }, id) => sessions.tag(id, 'one', 'two'),
  ({ sessions }, id) => sessions.update(id, { description: 'told again' }),
  ({ sessions }, id) => sessions.untag(id, 'two'),
  turn('second'),
  async ({ sessions }, id) => {
    // Twice is twice, so whoever lost the answer looks first.
    const { compaction } = await sessions.get(id);
    if (compaction === undefined) await sessions.compact(id, { summary: 'what was said' });
  },
  ({ sessions }, id) => sessions.fork(id, { newSessionId: `${id}-fork` }),
  turn('third'),
];

/** Asks for each step until it is done. Gives the codes that the tries before were refused with. */
const play = async (test: TestGreenroom, id: string): Promise<readonly string[]> => {
  const codes: string[] = [];
  for (const step of SCENARIO)
    for (let tries = 1; ; tries += 1) {
      const code = await codeOf(step(test, id));
      if (code === undefined || (tries > 1 && DONE.includes(code))) break;
      if (tries === MAX_TRIES) throw new Error(`${code}, again and again`);
      codes.push(code);
      await storedOf(test, id);
    }
  return codes;
};

/** What is stored of a session, but for times, cost and versions; checks on the way that it fits together. */
const storedOf = async ({ journal, greenroom }: TestGreenroom, id: string) => {
  const key = sessionKey('default', id);
  const head = await read(journal).head(key);
  if (head === undefined) return { id, isThere: false };
  const entries = await read(journal).entries(key, { limit: 1_000 });
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
  expect(entries).toHaveLength(head.seq);
  const row = greenroom.system.find(catalogName)?.find(key.tenant, id);
  if (row !== undefined) expect(row).toEqual(shown(catalogRowOf(head)));
  const { title, description, tags, status, numTurns, messageCount, openTurns, compaction } = head;
  return {
    ...{ title, description, tags, status, numTurns, messageCount, openTurns, compaction },
    isInCatalog: row !== undefined,
    entries: entries.map((entry) => [entry.kind, textOf(entry)]),
    turns: (await read(journal).turns(key, { limit: 100 })).map(({ turnId, status: end }) => [
      turnId,
      end,
    ]),
  };
};

/** What a whole scenario leaves. */
const leftOf = async (test: TestGreenroom, id: string): Promise<unknown> => {
  const left = await Promise.all([id, `${id}-fork`].map((each) => storedOf(test, each)));
  return JSON.parse(JSON.stringify(left).replaceAll(id, 'ID'));
};

type Part = 'commit' | (typeof READS)[number];
type Call = (...args: unknown[]) => unknown;

const replaced = <Of extends object>(of: Of, name: keyof Of, by: (real: Call) => Call): void => {
  const value = by((of[name] as Call).bind(of));
  Object.defineProperty(of, name, { value, configurable: true });
};

/** Lets the n-th call of a function of the journal, or of what it opens, do something else; returns how often it was called. */
const intercept = (
  journal: Journal,
  name: Part,
  nth: number,
  instead: (call: () => unknown) => unknown,
) => {
  let calls = 0;
  const counted =
    (real: Call): Call =>
    (...args) => {
      calls += 1;
      return calls === nth ? instead(() => real(...args)) : real(...args);
    };
  if (name === 'commit' || name === 'open') replaced(journal, name, counted);
  else
    replaced(journal, 'open', (open) => async (key) => {
      const session = (await open(key)) as SessionReader;
      replaced(session, name, counted);
      return session;
    });
  return {
    get calls() {
      return calls;
    },
    end: () => Reflect.deleteProperty(journal, name === 'commit' ? 'commit' : 'open'),
  };
};

const failure = () => new StorageError('failed as planned');

/** Plays a life for every n with the n-th call of a function replaced; gives how many were, and the codes that askers saw. */
const failEach = async (
  test: TestGreenroom,
  name: Part,
  instead: (call: () => unknown) => unknown,
): Promise<{ readonly failed: number; readonly codes: ReadonlySet<string> }> => {
  const ideal = `ideal-${name}`;
  await play(test, ideal);
  const seen = new Set<string>();
  for (let nth = 1; ; nth += 1) {
    const id = `${name}-${nth}`;
    const faulty = intercept(test.journal, name, nth, instead);
    const codes = await play(test, id);
    faulty.end();
    expect(await leftOf(test, id), `${name} ${nth}`).toEqual(await leftOf(test, ideal));
    if (faulty.calls < nth) return { failed: nth - 1, codes: seen };
    for (const code of codes) seen.add(code);
  }
};

const lost = async (call: () => unknown): Promise<never> => {
  await call();
  throw failure();
};

describe('a session of which the n-th commit fails', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['nothing of it is stored', () => Promise.reject(failure())],
    ['it is stored, and the answer lost', lost],
  ])('is in the end as if none had, for every n: %s', async (_, instead) => {
    const { failed, codes } = await failEach(await testGreenroom(), 'commit', instead);
    console.info(`${failed} commits failed, one in each life; askers saw ${[...codes]}`);
    expect(failed).toBeGreaterThan(SCENARIO.length);
    for (const code of codes) expect(['storage_failed', 'unavailable']).toContain(code);
  });

  it('would show a commit that is answered and not stored', async () => {
    const test = await testGreenroom();
    await expect(failEach(test, 'commit', () => Promise.resolve())).rejects.toThrow();
  });
});

describe('a session of which the n-th read fails', { timeout: TIMEOUT_MS }, () => {
  it.each(READS)('is in the end as if none had, for every n: %s', async (name) => {
    // A small cache: sessions are read anew between the steps.
    const test = await testGreenroom({ cacheSessions: 1 });
    const { failed, codes } = await failEach(test, name, () => Promise.reject(failure()));
    console.info(`${failed} reads of ${name} failed, one in each life; askers saw ${[...codes]}`);
    expect(failed).toBeGreaterThan(0);
    for (const code of codes) expect(['storage_failed', 'unavailable']).toContain(code);
  });
});
