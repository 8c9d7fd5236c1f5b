/** Looks into a Redis server, and changes what it holds, past the store under test. */
import { createClient } from 'redis';

export class RedisProbe {
  readonly #client: ReturnType<typeof clientOf>;

  private constructor(client: ReturnType<typeof clientOf>) {
    this.#client = client;
  }

  static async connect(url: string): Promise<RedisProbe> {
    const client = clientOf(url);
    client.on('error', () => undefined);
    await client.connect();
    return new RedisProbe(client);
  }

  command(...words: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(words);
  }

  async keys(): Promise<readonly string[]> {
    return ((await this.command('KEYS', '*')) as string[]).sort();
  }

  async hash(key: string): Promise<Readonly<Record<string, string>>> {
    const words = (await this.command('HGETALL', key)) as string[];
    return Object.fromEntries(
      words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])),
    );
  }

  /** As if their time had come. */
  async expire(...ids: readonly string[]): Promise<void> {
    for (const id of ids)
      for (const part of ['messages', 'metadata', 'created_at', 'state'])
        await this.command('DEL', `session:${id}:${part}`);
  }

  /** A session of one message, with the commands of the Python original. */
  async python(id: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    const fields = { model: 'claude-opus-4', working_directory: '/py', ...metadata };
    await this.command('HSET', `session:${id}:metadata`, ...Object.entries(fields).flat());
    await this.command('SET', `session:${id}:created_at`, '2025-10-19T12:00:00.000001');
    await this.command('SADD', 'sessions_by_dir:/py', id);
    const timestamp = '2025-10-19T12:34:56.789012';
    const message = { role: 'user', content: 'Hi', id: null, timestamp };
    await this.command('RPUSH', `session:${id}:messages`, JSON.stringify(message));
  }

  async end(): Promise<void> {
    if (this.#client.isOpen) this.#client.destroy();
  }
}

const clientOf = (url: string) => createClient({ url, RESP: 2 });
