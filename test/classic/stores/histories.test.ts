/**
 * Every backend is linearizable per session: random histories of several clients, over several stores where these can
 * share, and a checker that looks for an order that explains all answers. A few short ones; `GREENROOM_FULL=1`
 * 500 of 200 operations each.
 */
import { describe, expect, test } from 'vitest';
import { openStore, type SessionStore } from '../../../src/stores/index.ts';
import { Dice } from '../../chaos/dice.ts';
import { isFull } from '../../chaos/size.ts';
import { folders } from '../../storage/folders.ts';
import { startPostgres, withoutPostgres } from '../../support/postgres.ts';
import { startRedis, withoutRedis } from '../../support/redis.ts';
import { historyOf } from './history.ts';
import { type Answer, type Event, isLinearizable, type Operation } from './linearize.ts';
import { OwnStore } from './own-store.ts';

const folder = folders();
const SIZE = isFull() ? { count: 500, operations: 200 } : { count: 10, operations: 60 };
const CLIENTS = 5;
const PATIENCE_MS = isFull() ? 3_600_000 : 120_000;

/** The number of histories that no order explains. */
const violationsOf = async (stores: readonly SessionStore[], dice: Dice): Promise<number> => {
  let violations = 0;
  for (let at = 0; at < SIZE.count; at += 1) {
    const options = { operations: SIZE.operations, clients: CLIENTS };
    const events = await historyOf(stores, `h${at}`, dice, options);
    if (!isLinearizable(events)) violations += 1;
  }
  return violations;
};

const expectNone = async (urls: readonly string[]): Promise<void> => {
  const stores = await Promise.all(urls.map((url) => openStore(url)));
  try {
    const dice = new Dice();
    expect(await violationsOf(stores, dice), `seed ${dice.seed}`).toBe(0);
  } finally {
    for (const store of stores) await store.close();
  }
};

describe('no history is impossible', () => {
  test('in memory', () => expectNone(['memory:']), PATIENCE_MS);

  test('in LMDB', () => expectNone([`lmdb:${folder()}`]), PATIENCE_MS);

  test(
    'in files, by two stores',
    () => {
      const url = `file:${folder()}`;
      return expectNone([url, url]);
    },
    PATIENCE_MS,
  );

  test.skipIf(withoutRedis())(
    'in Redis, by two stores',
    async () => {
      await using server = await startRedis();
      await expectNone([server.url, server.url]);
    },
    PATIENCE_MS,
  );

  test.skipIf(withoutPostgres())(
    'in PostgreSQL, by two stores',
    async () => {
      await using server = await startPostgres();
      await expectNone([server.url, server.url]);
    },
    PATIENCE_MS,
  );
});

class ComparesNothing extends OwnStore {
  protected override mustBeAt() {}
}

class ReadsOldStates extends OwnStore {
  readonly #seen = new Map<string, Awaited<ReturnType<OwnStore['loadSession']>>>();
  #reads = 0;

  override async loadSession(sessionId: string) {
    this.#reads += 1;
    const old = this.#seen.get(sessionId);
    if (this.#reads % 3 === 0 && old !== undefined) return old;
    const state = await super.loadSession(sessionId);
    this.#seen.set(sessionId, state);
    return state;
  }
}

class LosesSome extends OwnStore {
  #appends = 0;

  override async appendMessage(...asked: Parameters<OwnStore['appendMessage']>) {
    this.#appends += 1;
    if (this.#appends % 20 === 0) return;
    await super.appendMessage(...asked);
  }
}

describe('the checker', () => {
  test('finds nothing in a store that is right', async () => {
    expect(await violationsOf([new OwnStore()], new Dice())).toBe(0);
  });

  test.each([ComparesNothing, ReadsOldStates, LosesSome])('finds %o out', async (Mutant) => {
    expect(await violationsOf([new Mutant()], new Dice())).toBeGreaterThan(0);
  });

  const event = (operation: Operation, answer: Answer, calledAt: number, answeredAt: number) =>
    ({ operation, answer, calledAt, answeredAt }) satisfies Event;
  const append = (id: string, expected?: number): Operation => ({ kind: 'append', id, expected });
  const state = (version: number, ...ids: string[]): Answer => ({
    ...{ kind: 'state', ids, turns: 0, version },
  });
  const ok: Answer = { kind: 'ok' };
  const load: Operation = { kind: 'load' };

  test('lets what overlaps come in any order, and what does not in its own only', () => {
    const overlapping = [
      event(append('a'), ok, 1, 4),
      event(append('b'), ok, 2, 3),
      event(load, state(3, 'a', 'b'), 5, 6),
    ];
    expect(isLinearizable(overlapping)).toBe(true);
    const oneAfterOther = [
      event(append('b'), ok, 1, 2),
      event(append('a'), ok, 3, 4),
      event(load, state(3, 'a', 'b'), 5, 6),
    ];
    expect(isLinearizable(oneAfterOther)).toBe(false);
  });

  test('lets one version be won once', () => {
    const read = event(load, state(1), 1, 2);
    const both = [read, event(append('a', 1), ok, 3, 6), event(append('b', 1), ok, 4, 5)];
    expect(isLinearizable(both)).toBe(false);
    const one = [
      read,
      event(append('a', 1), ok, 3, 6),
      event(append('b', 1), { kind: 'conflict' }, 4, 5),
    ];
    expect(isLinearizable(one)).toBe(true);
  });
});
