/** Settings with which no server can ever be reached: told at once, with what to do, and without a piece of the password. */
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { codeOf } from '../../../src/model/errors.ts';
import { openStore } from '../../../src/stores/open-store.ts';
import { startPostgres, withoutPostgres } from '../../support/postgres.ts';
import { startRedis, withoutRedis } from '../../support/redis.ts';

/** What the first call, or the opening, fails with. */
const failure = async (url: string): Promise<{ code: string; message: string }> => {
  try {
    const store = await openStore(url);
    onTestFinished(() => store.close());
    await store.listSessions();
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message };
  }
  throw new Error('it was opened');
};

test.each([
  'redis://me:hunter2/x@127.0.0.1:6379',
  'redis://me:12/hunter2@127.0.0.1:6379',
  'redis://me:12?hunter2@127.0.0.1:6379',
  'redis://me:12#hunter2@127.0.0.1:6379',
  'redis://me:hunter2%zz@127.0.0.1:6379',
  'redis://:hunter2@127.0.0.1:6379/sessions',
  'redis://:hunter2@127.0.0.1:99999',
  'postgres://me:12/hunter2@127.0.0.1/db',
  'postgres://me:12#hunter2@127.0.0.1/db',
  'postgres://me:hunter2%@127.0.0.1/db',
])('%s is refused before anybody is asked', async (url) => {
  const { code, message } = await failure(url);
  expect(code).toBe('invalid_settings');
  expect(message).not.toContain('hunter2');
  expect(message).toMatch(/write (redis|postgres):\/\/user:password@host|database by its number/);
});

test('a certificate that the URL names and nobody finds is a wrong setting', async () => {
  const { code } = await failure('postgres://me@127.0.0.1:1/db?sslrootcert=/nowhere/ca.pem');
  expect(code).toBe('invalid_settings');
});

describe.skipIf(withoutRedis())('of a Redis server', () => {
  test('TLS that it does not speak', async () => {
    await using server = await startRedis();
    const { code, message } = await failure(server.url.replace('redis:', 'rediss:'));
    expect([code, message]).toEqual([
      'invalid_settings',
      'the Redis server at this URL does not speak TLS: write redis: instead of rediss:',
    ]);
  });

  test('nothing but TLS, where the URL does not speak it', async () => {
    const file = (name: string) =>
      fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url));
    await using server = await startRedis({ tls: { cert: file('cert'), key: file('key') } });
    const { code, message } = await failure(server.url);
    expect([code, message]).toEqual([
      'invalid_settings',
      'the Redis server at this URL speaks nothing but TLS: write rediss: instead of redis:',
    ]);
  });

  test('a database that it does not have', async () => {
    await using server = await startRedis();
    expect(await failure(`${server.url}/999`)).toMatchObject({ code: 'invalid_settings' });
  });

  test('a cluster', async () => {
    await using server = await startRedis({ isCluster: true });
    const { code, message } = await failure(server.url);
    expect(code).toBe('invalid_settings');
    expect(message).toContain('part of a cluster');
  });
});

test.skipIf(withoutPostgres())('TLS that a PostgreSQL server does not speak', async () => {
  await using server = await startPostgres();
  const url = `${server.url}${server.url.includes('?') ? '&' : '?'}sslmode=require`;
  const { code, message } = await failure(url);
  expect([code, message]).toEqual([
    'invalid_settings',
    'the PostgreSQL server at this URL does not speak TLS: leave sslmode out of it',
  ]);
});
