/**
 * The Redis store's calls: one script per change, in the order in which the store was asked, tried again while it is
 * sure that nothing of it has happened. It owns the connection and the calls that wait.
 */
import { pause } from '../../../otp/clock.ts';
import { systemClock } from '../../../otp/system-clock.ts';
import { alreadyExists, type ChangeOptions, notFound, versionPassed } from '../../session-store.ts';
import { CallOrder } from '../shared/call-order.ts';
import type { Connection } from '../shared/connection.ts';
import type { CallDeadlines } from '../shared/deadlines.ts';
import { outage } from '../shared/outage.ts';
import { failureOf } from './failure.ts';
import { keysOf } from './layout.ts';
import type { RedisClient } from './redis-client.ts';
import type { ChangeReply, ScriptName } from './scripts.ts';

/** From one try to the next, while the server is loading its data. */
const PAUSE_MS = 50;

export interface CallsOptions {
  readonly connection: Connection<RedisClient>;
  readonly deadlines: CallDeadlines;
  /** The longest that a call may take. */
  readonly deadlineMs: number;
  /** A session goes so long after its last change. */
  readonly ttlSeconds: number;
}

export class Calls {
  readonly #options: CallsOptions;
  readonly #order = new CallOrder();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Waits for the replies under way. */
  close(): Promise<void> {
    return this.#options.connection.close(this.dueMs());
  }

  /** After what this store was asked for before. */
  inOrder<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#order.run(id, work);
  }

  /** Runs a script of a change, after those that this store was asked for before. */
  async change(
    name: ScriptName,
    id: string,
    argsAt: (serverMs: number) => readonly string[],
    options: ChangeOptions = {},
    source?: string,
  ): Promise<void> {
    const dueMs = this.dueMs();
    const lanes = source === undefined ? [id] : [id, source];
    const run = () => this.run(name, id, argsAt, options, dueMs, source);
    check(await this.#order.run(lanes, run), id, source ?? id, options.expectedVersion);
  }

  async run(
    name: ScriptName,
    id: string,
    argsAt: (serverMs: number) => readonly string[],
    { expectedVersion }: ChangeOptions,
    dueMs: number,
    source?: string,
  ): Promise<ChangeReply> {
    const keys = [...keysOf(id), ...(source === undefined ? [] : keysOf(source))];
    const reply = await this.#send(
      (client) =>
        client.run(name, keys, [
          id,
          String(this.#options.ttlSeconds),
          client.lastMoment(dueMs),
          expectedVersion === undefined ? '' : String(expectedVersion),
          ...argsAt(client.serverMs(systemClock.monotonic())),
        ]),
      dueMs,
      true,
    );
    return reply as ChangeReply;
  }

  ask(name: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.read((client) => client.run(name, keys, args), this.dueMs());
  }

  read(work: (client: RedisClient) => Promise<unknown>, dueMs: number): Promise<unknown> {
    return this.#send(work, dueMs, false);
  }

  dueMs(): number {
    return this.#options.deadlines.dueIn(this.#options.deadlineMs);
  }

  /** Does what is sure not to have happened again until it is due; all else is told. */
  async #send(
    work: (client: RedisClient) => Promise<unknown>,
    dueMs: number,
    isChange: boolean,
  ): Promise<unknown> {
    const late = () => outage('Redis did not answer in time', isChange ? 'unknown' : 'none');
    for (;;) {
      const client = await this.#options.connection.client(dueMs);
      try {
        return await this.#options.deadlines.limit(work(client), dueMs, late);
      } catch (thrown) {
        const { error, isPassing, isBroken } = failureOf(thrown, isChange);
        // Replies come in order: behind one that does not come there are no others.
        if (isBroken) this.#options.connection.drop(client);
        if (!isPassing || this.#options.deadlines.isOver(dueMs - PAUSE_MS)) throw error;
        await pause(systemClock, PAUSE_MS);
      }
    }
  }
}

const check = (
  reply: ChangeReply,
  id: string,
  sought: string,
  expectedVersion: number | undefined,
): void => {
  if (reply === 1) return;
  const [result, version] = reply;
  switch (result) {
    case 'absent':
      throw notFound(sought);
    case 'exists':
      throw alreadyExists(id);
    case 'conflict':
      throw versionPassed(id, expectedVersion ?? 0, Number(version));
    case 'late':
      throw outage('Redis came to this change too late', 'none');
  }
};
