/** The driver, as the store uses it: scripts over one connection, which is never mended but replaced. */
import { createHash } from 'node:crypto';
import { StorageError } from '../../../model/errors.ts';
import type { Clock } from '../../../otp/clock.ts';
import type { Link } from '../shared/connection.ts';
import type { CallDeadlines } from '../shared/deadlines.ts';
import { loadDriver } from '../shared/driver.ts';
import { outage } from '../shared/outage.ts';
import { noTls, onlyTls, settingsFault } from '../shared/wrong-settings.ts';
import { SCRIPTS, type ScriptName } from './scripts.ts';
import { speaksPlain, speaksTls } from './spoken-tls.ts';

type Driver = typeof import('redis');

const PLAIN = 'write redis: instead of rediss:';
const TLS = 'write rediss: instead of redis:';
type DriverClient = ReturnType<typeof createDriverClient>;

export class RedisClient {
  readonly #client: DriverClient;
  /** From our monotonic clock to the server's, in milliseconds; never more than it really is. */
  readonly #toServerMs: number;

  constructor(client: DriverClient, toServerMs: number) {
    this.#client = client;
    this.#toServerMs = toServerMs;
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  /** The server's clock, in microseconds, when ours shows `dueMs`: after that a change comes too late. */
  lastMoment(dueMs: number): string {
    return String(Math.floor((dueMs + this.#toServerMs) * 1000));
  }

  /** The server's time, in milliseconds since the epoch. */
  serverMs(monotonicMs: number): number {
    return Math.floor(monotonicMs + this.#toServerMs);
  }

  async run(name: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#client.sendCommand(['EVALSHA', DIGESTS[name], ...rest]);
    } catch (error) {
      // Somebody emptied the server's cache of scripts: EVAL fills it again.
      if (!hasPrefix(error, 'NOSCRIPT')) throw error;
      return this.#client.sendCommand(['EVAL', SCRIPTS[name], ...rest]);
    }
  }

  command(...words: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(words);
  }

  async end(): Promise<void> {
    await this.#client.close();
  }

  destroy(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }
}

const digestOf = (script: string): string => createHash('sha1').update(script).digest('hex');

const DIGESTS = Object.fromEntries(
  Object.entries(SCRIPTS).map(([name, script]) => [name, digestOf(script)]),
) as Readonly<Record<ScriptName, string>>;

/** Connects, compares clocks, and teaches the server the scripts. */
export const redisLink = (
  url: string,
  clock: Clock,
  deadlines: CallDeadlines,
  limitMs: number,
  onOpen: (client: RedisClient) => Promise<void>,
): Link<RedisClient> => ({
  open: async () => {
    const driver = await loadDriver('RedisSessionStore', 'redis');
    const client = createDriverClient(driver, url, limitMs);
    const late = () => outage('the server did not answer in time', 'none');
    const ready = async () => {
      await client.connect();
      await mustBeOneServer(client);
      const opened = new RedisClient(client, await clockDistance(client, clock));
      await Promise.all(
        Object.values(SCRIPTS).map((script) => client.sendCommand(['SCRIPT', 'LOAD', script])),
      );
      await onOpen(opened);
      return opened;
    };
    try {
      const opening = deadlines.limit(ready(), deadlines.dueIn(limitMs), late);
      return await (url.startsWith('rediss:') ? orPlain(opening, url, clock) : opening);
    } catch (error) {
      if (client.isOpen) client.destroy();
      if (hasPrefix(error, 'WRONGPASS', 'NOAUTH', 'NOPERM')) throw refusal(error);
      if (url.startsWith('redis:') && wasCut(error) && (await speaksTls(url, clock)))
        throw onlyTls('Redis', TLS, error);
      throw settingsFault('Redis', error, PLAIN) ?? error;
    }
  },
  destroy: (client) => client.destroy(),
  end: (client) => client.end(),
  isAlive: (client) => client.isReady,
});

/** The server took the line and closed it, as one does that was not greeted with TLS. */
const wasCut = (error: unknown): boolean =>
  ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '') ||
  (error as Error).message === 'Socket closed unexpectedly';

/** Fails as soon as it is known that the server does not speak TLS. */
const orPlain = (
  opening: Promise<RedisClient>,
  url: string,
  clock: Clock,
): Promise<RedisClient> => {
  let isDone = false;
  const done = opening.finally(() => {
    isDone = true;
  });
  const plain = speaksPlain(url, clock, () => isDone).then((isPlain) => {
    if (isPlain) throw noTls('Redis', PLAIN);
    return opening;
  });
  return Promise.race([done, plain]);
};

/** What is changed together lies in several slots of a cluster, which changes one slot at a time. */
const mustBeOneServer = async (client: DriverClient): Promise<void> => {
  const info = await client.sendCommand(['INFO', 'cluster']).catch(() => ''); // it may be forbidden
  if (/^cluster_enabled:1/m.test(String(info)))
    throw new StorageError(
      'this Redis is part of a cluster, over which a change cannot be made in one go: use a server of its own, with a replica where you want one',
      {},
      'invalid_settings',
    );
};

/** No queue for commands without a connection, and no second try: what was sent may have been done. */
const createDriverClient = (driver: Driver, url: string, limitMs: number) => {
  const client = driver.createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: limitMs },
    commandOptions: { timeout: 0 }, // our own deadline is above it
  });
  client.on('error', () => undefined); // every command under way rejects, which is how we learn of it
  return client;
};

/** The reply was made before it came: so the distance is at least this. */
const clockDistance = async (client: DriverClient, clock: Clock): Promise<number> => {
  const [seconds, micros] = (await client.sendCommand(['TIME'])) as unknown as [string, string];
  return Number(seconds) * 1000 + Number(micros) / 1000 - clock.monotonic();
};

const refusal = (error: unknown): StorageError =>
  new StorageError(`Redis refuses us: ${String(error)}`, { cause: error }, 'unauthorized');

/** Redis begins its errors with a word in capitals. */
export const hasPrefix = (error: unknown, ...prefixes: readonly string[]): boolean =>
  error instanceof Error && prefixes.some((prefix) => error.message.startsWith(prefix));
