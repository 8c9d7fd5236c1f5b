/**
 * The driver, as the store uses it: a bounded number of connections, each compared with the server's clock, each
 * dropped when it was late or broke.
 */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { GreenroomError, StorageError } from '../../../model/errors.ts';
import { type Clock, pause } from '../../../otp/clock.ts';
import type { CallDeadlines } from '../shared/deadlines.ts';
import { loadDriver } from '../shared/driver.ts';
import { outage } from '../shared/outage.ts';
import { settingsFault } from '../shared/wrong-settings.ts';
import { failureOf, sqlStateOf } from './failure.ts';
import type { Row } from './rows.ts';
import { STATEMENTS, type StatementName } from './statements.ts';

export interface Answer {
  readonly rows: readonly Row[];
  /** Rows that were found or changed. */
  readonly count: number;
}

/** One connection, held for a while. */
export class PostgresClient {
  readonly #client: ClientBase;
  /** From our monotonic clock to the server's, in milliseconds; never more than it really is. */
  readonly #toServerMs: number;

  constructor(client: ClientBase, toServerMs: number) {
    this.#client = client;
    this.#toServerMs = toServerMs;
  }

  async run(name: StatementName, values: readonly unknown[]): Promise<Answer> {
    const { name: prepared, text } = STATEMENTS[name];
    const query = { name: prepared, text, values: values as unknown[] }; // which the driver only reads
    const { rows, rowCount } = await this.#client.query<Row>(query);
    return { rows, count: rowCount ?? 0 };
  }

  async command(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#client.query<Row>(text, [...values])).rows;
  }

  /** The server's clock, in milliseconds, when ours shows `dueMs`: after that a change comes too late. */
  lastMoment(dueMs: number): number {
    return dueMs + this.#toServerMs;
  }
}

export interface PoolOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly deadlines: CallDeadlines;
  readonly limitMs: number;
  readonly maxConnections: number;
  /** Done once, over the first connection, before anything else. */
  readonly onOpen: (client: PostgresClient) => Promise<void>;
}

/** From one attempt to the next. */
const PAUSE_MS = 50;

export class PostgresPool {
  readonly #options: PoolOptions;
  /** Those whose clock was compared, once the tables were looked at. */
  readonly #ready = new WeakMap<PoolClient, PostgresClient>();
  #pool: Promise<Pool> | undefined;
  #opened: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Work over one connection, before `dueMs`. What is sure not to have happened, and reading, is tried again until
   * then; all else is told.
   */
  async use<T>(
    work: (client: PostgresClient) => Promise<T>,
    dueMs: number,
    isChange: boolean,
  ): Promise<T> {
    for (;;) {
      try {
        return await this.#once(work, dueMs, isChange);
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        if (this.#options.deadlines.isOver(dueMs - PAUSE_MS)) throw error.why;
        await pause(this.#options.clock, PAUSE_MS);
      }
    }
  }

  /** Waits until `dueMs` for work under way. The next call opens again. */
  async close(dueMs: number): Promise<void> {
    const pool = await this.#pool?.catch(() => undefined);
    this.#pool = undefined;
    this.#opened = undefined;
    if (pool === undefined) return;
    const late = () => outage('PostgreSQL did not answer in time', 'unknown');
    await this.#options.deadlines.limit(pool.end(), dueMs, late).catch(() => undefined);
  }

  async #once<T>(
    work: (client: PostgresClient) => Promise<T>,
    dueMs: number,
    isChange: boolean,
  ): Promise<T> {
    const { client, opened } = await this.#acquire(dueMs);
    const late = () => outage('PostgreSQL did not answer in time', isChange ? 'unknown' : 'none');
    try {
      const result = await this.#options.deadlines.limit(work(opened), dueMs, late);
      client.release();
      return result;
    } catch (thrown) {
      const { error, isPassing, isBroken } = failureOf(thrown, isChange);
      client.release(isBroken || isChange); // a transaction that failed is not carried on
      throw isPassing ? new Passing(error) : error;
    }
  }

  async #acquire(dueMs: number): Promise<{ client: PoolClient; opened: PostgresClient }> {
    const { deadlines } = this.#options;
    const late = () => outage('PostgreSQL did not answer in time', 'none');
    const pool = await this.#open();
    const isAtHand = pool.idleCount > 0;
    const connecting = connectOn(pool);
    let client: PoolClient;
    try {
      client = await (isAtHand ? connecting : deadlines.limit(connecting, dueMs, late));
    } catch (error) {
      connecting.then((tooLate) => tooLate.release()).catch(() => undefined);
      throw unreachable(error);
    }
    const ready = this.#ready.get(client);
    if (ready !== undefined) return { client, opened: ready };
    try {
      const opened = await deadlines.limit(this.#prepare(client), dueMs, late);
      this.#ready.set(client, opened);
      return { client, opened };
    } catch (error) {
      client.release(true);
      throw unreachable(error);
    }
  }

  async #prepare(client: PoolClient): Promise<PostgresClient> {
    const { rows } = await client.query<{ ms: string }>(
      'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms',
    );
    // The reply was made before it came: so the distance is at least this.
    const opened = new PostgresClient(
      client,
      Number(rows[0]?.ms) - this.#options.clock.monotonic(),
    );
    this.#opened ??= this.#options.onOpen(opened).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    await this.#opened;
    return opened;
  }

  #open(): Promise<Pool> {
    this.#pool ??= this.#newPool().catch((error: unknown) => {
      this.#pool = undefined;
      throw error;
    });
    return this.#pool;
  }

  async #newPool(): Promise<Pool> {
    const { url, limitMs, maxConnections } = this.#options;
    const driver = await loadDriver('PostgresSessionStore', 'pg');
    const pool = new driver.default.Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: limitMs,
      statement_timeout: limitMs, // the server gives up too
      application_name: 'greenroom',
    });
    // A connection that breaks between two queries says so in an event, which without a listener ends the process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => void client.on('error', () => undefined));
    return pool;
  }
}

/** A throw of the driver, which reads the URL and the files that it names here, is a failure like the others. */
const connectOn = async (pool: Pool): Promise<PoolClient> => pool.connect();

/** To be tried again. */
class Passing extends Error {
  readonly why: Error;

  constructor(why: Error) {
    super(why.message);
    this.why = why;
  }
}

/** No connection: nothing was done. What trying again cannot mend is told at once. */
const unreachable = (error: unknown): Error => {
  if (error instanceof GreenroomError) return error;
  const fault = settingsFault('PostgreSQL', error, 'leave sslmode out of it');
  if (fault !== undefined) return fault;
  const code = sqlStateOf(error);
  const words = error instanceof Error ? error.message || error.name : String(error);
  if (code?.startsWith('28')) return new StorageError(words, { cause: error }, 'unauthorized');
  if (code === '3D000') return new StorageError(words, { cause: error }, 'invalid_settings');
  const failure = failureOf(error, false);
  if (!failure.isPassing) return failure.error;
  return new Passing(outage(`PostgreSQL cannot be reached: ${words}`, 'none', error));
};
