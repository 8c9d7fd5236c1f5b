/** What is declared of the verbs, as a whole: what stands in each row, whatever verbs there are. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { REQUEST_TIMEOUT_MS } from '../../../src/model/deadlines.ts';
import {
  DAEMON_VERBS,
  SESSION_VERBS,
  SESSIONS_VERBS,
} from '../../../src/session/verbs/registry.ts';
import { TurnRequest } from '../../../src/session/verbs/turn-request.ts';
import { mustFit, perform, type SessionsWork } from '../../../src/session/verbs/verb.ts';
import { DAEMON, SESSION, SESSIONS, TURNS } from '../../../src/session/verbs/verb-facts.ts';

const FAMILIES = [SESSION, SESSIONS, DAEMON, TURNS];
const VERBS = [SESSION_VERBS, SESSIONS_VERBS, DAEMON_VERBS].flatMap((verbs) =>
  Object.values(verbs),
);

/** Answered out of memory. */
const LOOKS = ['ping', 'status', 'tree', 'inspect', 'trace'] as const;

it.each([
  ['import', SESSION.import.timeoutMs, 120_000],
  ['import-session', SESSION['import-session'].timeoutMs, 120_000],
  ['compact', SESSION.compact.timeoutMs, 120_000],
  ['context', SESSION.context.timeoutMs, 120_000],
  ['archive', SESSION.archive.timeoutMs, 120_000],
  ['archives.verify', SESSIONS['archives.verify'].timeoutMs, 120_000],
  ['archives.restore', SESSIONS['archives.restore'].timeoutMs, 120_000],
  ['archives.delete', SESSIONS['archives.delete'].timeoutMs, 120_000],
  ['archives.read', SESSIONS['archives.read'].timeoutMs, 120_000],
  ['archives.take-over', SESSIONS['archives.take-over'].timeoutMs, 120_000],
  ['backups', DAEMON.backups.timeoutMs, 120_000],
  ['backup-state', DAEMON['backup-state'].timeoutMs, 120_000],
  ['back-up', DAEMON['back-up'].timeoutMs, 120_000],
  ['verify-backup', DAEMON['verify-backup'].timeoutMs, 120_000],
  ['delete-backup', DAEMON['delete-backup'].timeoutMs, 120_000],
  ['fork', SESSION.fork.timeoutMs, 120_000],
  ['cleanup', SESSIONS.cleanup.timeoutMs, 600_000],
  ['retag', SESSIONS.retag.timeoutMs, 600_000],
  ['retention', SESSIONS.retention.timeoutMs, 600_000],
])('%s may take longer than others', (_, timeoutMs, longer) => {
  expect(timeoutMs).toBe(longer);
});

it('all others may take half a minute', () => {
  const slow = ['import', 'import-session', 'compact', 'context'];
  slow.push('cleanup', 'retag', 'retention', 'archive', 'fork');
  slow.push('archives.verify', 'archives.restore', 'archives.delete', 'archives.read');
  slow.push('archives.take-over');
  slow.push('backups', 'backup-state', 'back-up', 'verify-backup', 'delete-backup');
  const usual = FAMILIES.flatMap((family) => Object.entries(family)).filter(
    ([name]) => ![...slow, ...LOOKS].some((other) => other === name),
  );
  expect(REQUEST_TIMEOUT_MS).toBe(30_000);
  expect(usual.filter(([, { timeoutMs }]) => timeoutMs !== REQUEST_TIMEOUT_MS)).toEqual([]);
});

it('whoever looks at a daemon hears within ten seconds that it hangs', () => {
  for (const name of LOOKS) expect(DAEMON[name].timeoutMs).toBe(10_000);
});

it('every verb says what it does in one sentence', () => {
  const sentences = FAMILIES.flatMap((family) => Object.values(family)).map(({ says }) => says);
  expect(sentences.filter((says) => !/^[A-Z].*\.$/.test(says))).toEqual([]);
});

test('what is declared loads no library: clients and the command line start with it', () => {
  const room = new URL('../../../src/session/verbs/', import.meta.url);
  const facts = readdirSync(new URL('facts/', room)).map((name) => `facts/${name}`);
  const loaded = ['verb-facts.ts', ...facts].flatMap((name) => {
    const text = readFileSync(new URL(name, room), 'utf8');
    return [...text.matchAll(/^(?:import|export) (?!type )[^']*from '(.*)';$/gm)];
  });
  const others = loaded.map(([, path = '']) => path).filter((path) => !/^\.\/(?!\.)/.test(path));
  expect(others).toEqual(['../../../model/deadlines.ts']);
});

test('every verb goes by the name that it is declared under', () => {
  for (const verbs of [SESSION_VERBS, SESSIONS_VERBS, DAEMON_VERBS])
    expect(Object.values(verbs).map(({ name }) => name)).toEqual(Object.keys(verbs));
});

describe.each(VERBS.map((verb) => [verb.name, verb] as const))('the example of %s', (_, verb) => {
  test('is a request that its schema takes', () => {
    expect(verb.request.safeParse(verb.example.request).error).toBeUndefined();
  });

  test('is answered with what its schema knows', () => {
    const { reply } = verb.example;
    if (reply !== undefined) mustFit(verb, reply);
  });
});

test.each([TURNS.turn, TURNS.ask])('the example of a turn is a request', ({ example }) => {
  expect(TurnRequest.safeParse(example.request).error).toBeUndefined();
});

test('a reply with a field that is not declared does not fit', () => {
  expect(() =>
    mustFit(SESSIONS_VERBS.count, { count: 1, costUsd: 0, tokens: 0, turns: 0, more: 1 }),
  ).toThrow('the reply of count is not as declared: : Unrecognized key: "more"');
});

test('in a test, a reply that does not fit fails its request', async () => {
  const wrong = {
    ...SESSIONS_VERBS.count,
    run: () => ({ count: -1, costUsd: 0, tokens: 0, turns: 0 }),
  };
  const asked = perform(wrong, {} as SessionsWork, {});
  await expect(asked).rejects.toMatchObject({ code: 'internal' });
});
