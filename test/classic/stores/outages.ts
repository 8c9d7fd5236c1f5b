/**
 * A shared store while its server is killed, paused and started again under load. Kept outside: every message that was
 * asked for, and what its promise said. Whatever was acknowledged must be there, once; whatever was refused must not;
 * and what is unknown is read again, and stays as it was read.
 */
import { expect } from 'vitest';
import { pause } from '../../../src/otp/clock.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import type { SessionStore } from '../../../src/stores/index.ts';
import type { TestServer } from '../../support/redis.ts';
import { until } from '../../support/until.ts';

/** Short, so that tests are; what waits longer than this and a busy machine's slowness hangs. */
export const DEADLINE_MS = 2_000;
const HANGS_AFTER_MS = DEADLINE_MS + 10_000;
const SESSIONS = ['s0', 's1', 's2', 's3'];

type Fate = 'acknowledged' | 'absent';

export class OutageLoad {
  readonly #store: SessionStore;
  readonly #fates = new Map<string, Map<string, Fate>>(SESSIONS.map((id) => [id, new Map()]));
  #isStopping = false;
  #senders: Promise<void>[] = [];
  acknowledged = 0;
  refused = 0;
  /** Outcomes that had to be read. */
  unknown = 0;
  /** Of these, the ones that were stored. */
  found = 0;

  constructor(store: SessionStore) {
    this.#store = store;
  }

  async start(): Promise<void> {
    for (const id of SESSIONS)
      await persistently(async () => {
        if (!(await this.#store.sessionExists(id))) await this.#store.createSession(id);
      });
    this.#senders = SESSIONS.map((id) => this.#send(id));
    for (const sender of this.#senders) sender.catch(() => undefined); // `stop` tells
  }

  /** Resolves when so many more have been acknowledged. */
  async flows(count: number): Promise<void> {
    const wanted = this.acknowledged + count;
    await until(() => this.acknowledged >= wanted);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#senders);
  }

  /** Compares what is stored with what was said. */
  async check(): Promise<void> {
    for (const [sessionId, fates] of this.#fates) {
      const messages = await persistently(() => this.#store.getMessages(sessionId));
      const stored = messages.map(({ id }) => String(id));
      const expected = [...fates].filter(([, fate]) => fate === 'acknowledged');
      expect(stored).toEqual(expected.map(([id]) => id));
    }
  }

  async #send(sessionId: string): Promise<void> {
    const fates = this.#fates.get(sessionId) ?? new Map<string, Fate>();
    for (let at = 0; !this.#isStopping; at += 1) {
      const id = `${sessionId}-${at}`;
      fates.set(id, await this.#append(sessionId, id));
      await pause(systemClock, 1);
    }
  }

  async #append(sessionId: string, id: string): Promise<Fate> {
    const message = { role: 'user', content: id, id };
    const error = await inTime(this.#store.appendMessage(sessionId, message)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) {
      this.acknowledged += 1;
      return 'acknowledged';
    }
    const { code, details } = error as { code?: unknown; details?: { outcome?: unknown } };
    expect(code, String(error)).toBe('unavailable');
    if (details?.outcome === 'none') {
      this.refused += 1;
      return 'absent';
    }
    this.unknown += 1;
    return (await this.#isThere(sessionId, id)) ? this.#foundIt() : 'absent';
  }

  #foundIt(): Fate {
    this.found += 1;
    return 'acknowledged';
  }

  /** Read again, until the server answers. What it answers holds for good: `check` compares with it. */
  async #isThere(sessionId: string, id: string): Promise<boolean> {
    const stored = await persistently(() => inTime(this.#store.getMessages(sessionId)));
    return stored.some((message) => message.id === id);
  }
}

/** Until the server answers. */
const persistently = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      expect((error as { code?: unknown }).code, String(error)).toBe('unavailable');
    }
  }
};

const inTime = async <T>(promise: Promise<T>): Promise<T> => {
  let timer: { cancel(): void } | undefined;
  const hang = new Promise<never>((_, reject) => {
    const late = () => reject(new Error('hangs beyond its deadline'));
    timer = systemClock.setTimeout(late, HANGS_AFTER_MS);
  });
  try {
    return await Promise.race([promise, hang]);
  } finally {
    timer?.cancel();
  }
};

/** Kills, pauses and restarts, each under load; after each the store must serve again by itself. */
export const survivesOutages = async (
  server: TestServer,
  store: SessionStore,
  rounds: number,
): Promise<OutageLoad> => {
  const load = new OutageLoad(store);
  await load.start();
  for (let round = 0; round < rounds; round += 1) {
    await load.flows(20);
    await server.kill();
    await pause(systemClock, round % 2 === 0 ? 0 : 1.5 * DEADLINE_MS); // some calls find nobody at all
    await server.restart();
    await load.flows(20);
    server.pause();
    await until(() => load.unknown + load.refused > 0);
    await pause(systemClock, 1.5 * DEADLINE_MS);
    server.resume();
    await load.flows(20);
    await server.restart();
  }
  await load.flows(20);
  await load.stop();
  await load.check();
  return load;
};
