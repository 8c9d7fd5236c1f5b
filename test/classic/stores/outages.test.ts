/** The stores that live on servers, while these are killed (SIGKILL), paused (SIGSTOP) and started again. */
import { describe, expect, test } from 'vitest';
import { PostgresSessionStore } from '../../../src/classic/stores/postgres/postgres-session-store.ts';
import { RedisSessionStore } from '../../../src/classic/stores/redis/redis-session-store.ts';
import { isFull } from '../../chaos/size.ts';
import { startPostgres, withoutPostgres } from '../../support/postgres.ts';
import { startRedis, withoutRedis } from '../../support/redis.ts';
import { DEADLINE_MS, survivesOutages } from './outages.ts';

const ROUNDS = isFull() ? 20 : 1;
const PATIENCE_MS = isFull() ? 900_000 : 120_000;

/** A kill meets a call whose answer is under way, or it meets none: then the mutant was right all the time. */
const MUTANT_ATTEMPTS = 10;

/** A mutant: says of changes with an unknown outcome that they are stored. */
class TakesSilenceForYes extends RedisSessionStore {
  override async appendMessage(...asked: Parameters<RedisSessionStore['appendMessage']>) {
    await super.appendMessage(...asked).catch((error: { details?: { outcome?: string } }) => {
      if (error.details?.outcome !== 'unknown') throw error;
    });
  }
}

describe.skipIf(withoutRedis())('a Redis server in trouble', () => {
  test(
    'nothing acknowledged is lost, nothing is stored twice, what is read stays true',
    async () => {
      await using server = await startRedis();
      const store = new RedisSessionStore(server.url, 30, { deadlineMs: DEADLINE_MS });
      const load = await survivesOutages(server, store, ROUNDS);
      expect(load.unknown).toBeGreaterThan(0);
      await store.close();
    },
    PATIENCE_MS,
  );

  test(
    'a store that takes no answer for a yes is found out',
    async () => {
      let isFoundOut = false;
      for (let attempt = 0; attempt < MUTANT_ATTEMPTS && !isFoundOut; attempt += 1) {
        await using server = await startRedis();
        const store = new TakesSilenceForYes(server.url, 30, { deadlineMs: DEADLINE_MS });
        isFoundOut = await survivesOutages(server, store, ROUNDS).then(
          () => false,
          () => true,
        );
        await store.close();
      }
      expect(isFoundOut).toBe(true);
    },
    PATIENCE_MS,
  );

  test('no server at all is unavailable, and nothing was done', async () => {
    const store = new RedisSessionStore('redis://127.0.0.1:1', 30, { deadlineMs: 100 });
    const refusal = { code: 'unavailable', details: { outcome: 'none' } };
    await expect(store.createSession('s')).rejects.toMatchObject(refusal);
    await expect(store.listSessions()).rejects.toMatchObject(refusal);
    await store.close();
  });
});

describe.skipIf(withoutPostgres())('a PostgreSQL server in trouble', () => {
  test(
    'nothing acknowledged is lost, nothing is stored twice, what is read stays true',
    async () => {
      await using server = await startPostgres();
      const store = new PostgresSessionStore(server.url, { deadlineMs: DEADLINE_MS });
      const load = await survivesOutages(server, store, ROUNDS);
      expect(load.unknown).toBeGreaterThan(0);
      await store.close();
    },
    PATIENCE_MS,
  );

  test('no server at all is unavailable, and nothing was done', async () => {
    const store = new PostgresSessionStore('postgres://127.0.0.1:1/none', { deadlineMs: 100 });
    const refusal = { code: 'unavailable', details: { outcome: 'none' } };
    await expect(store.createSession('s')).rejects.toMatchObject(refusal);
    await expect(store.listSessions()).rejects.toMatchObject(refusal);
    await store.close();
  });
});
