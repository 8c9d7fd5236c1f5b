/**
 * Sessions that the Python original has made are in none of our indexes: the first listing takes them in. It
 * looks through the keys once per database, and through a directory whose set knows more sessions than our index;
 * a listing that has no more time for it goes on without, and the next one continues.
 */

import { ID_PATTERN } from '../../../model/ids.ts';
import { deserializeMessageFromJson } from '../../serialization.ts';
import { timestampFrom } from '../../timestamp.ts';
import { keysOf } from './layout.ts';
import type { RedisClient } from './redis-client.ts';

/** Set when all keys have been looked through. */
const DONE_KEY = 'sessions_adopted';
/** Keys that one SCAN looks at. */
const PAGE = '500';

type Scan = readonly [cursor: string, found: readonly string[]];

export class ForeignScan {
  #cursor = '0';
  #isDone = false;

  /** Before a listing of all. */
  async ofAll(client: RedisClient, isOver: () => boolean): Promise<void> {
    this.#isDone ||= (await client.command('EXISTS', DONE_KEY)) === 1;
    while (!this.#isDone && !isOver()) {
      const pattern = ['MATCH', 'session:*:metadata', 'COUNT', PAGE];
      const [next, keys] = (await client.command('SCAN', this.#cursor, ...pattern)) as Scan;
      await adopt(client, keys.map(idIn), '');
      this.#cursor = next;
      if (next !== '0') continue;
      await client.command('SET', DONE_KEY, '1');
      this.#isDone = true;
    }
  }

  /** Before a listing of one directory. */
  async ofDirectory(client: RedisClient, directory: string, isOver: () => boolean): Promise<void> {
    const set = `sessions_by_dir:${directory}`;
    const [known, indexed] = await Promise.all([
      client.command('SCARD', set),
      client.command('ZCARD', `sessions_by_update:${directory}`),
    ]);
    if (Number(known) <= Number(indexed)) return;
    let cursor = '0';
    do {
      const [next, ids] = (await client.command('SSCAN', set, cursor, 'COUNT', PAGE)) as Scan;
      await adopt(client, ids, directory);
      cursor = next;
    } while (cursor !== '0' && !isOver());
  }
}

const idIn = (key: string): string => key.slice('session:'.length, -':metadata'.length);

/** Each by a script that leaves alone what is indexed already, and drops from the set what is gone. */
const adopt = async (
  client: RedisClient,
  ids: readonly string[],
  directory: string,
): Promise<void> => {
  const ours = ids.filter((id) => ID_PATTERN.test(id));
  await Promise.all(
    ours.map(async (id) => {
      if ((await client.command('ZSCORE', indexOfDirectory(directory), id)) !== null) return;
      await client.run('adopt', keysOf(id), [id, await lastChange(client, id), directory]);
    }),
  );
};

const indexOfDirectory = (directory: string): string =>
  directory === '' ? 'sessions_by_update' : `sessions_by_update:${directory}`;

/** The time of its last message, else of its making: it has no other. In microseconds. */
const lastChange = async (client: RedisClient, id: string): Promise<string> => {
  const [createdAt, newest] = await Promise.all([
    client.command('GET', `session:${id}:created_at`),
    client.command('LINDEX', `session:${id}:messages`, '-1'),
  ]);
  const times = [timestampFrom(String(createdAt)), timeOf(newest)];
  return String(Math.max(0, ...times.map((time) => Date.parse(time ?? '') * 1000 || 0)));
};

const timeOf = (json: unknown): string | null => {
  try {
    return deserializeMessageFromJson(String(json)).timestamp;
  } catch {
    return null; // none, or broken: whoever reads it is told
  }
};
