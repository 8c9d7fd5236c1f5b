/**
 * Everything that a daemon is asked for over hours, by the client library: turns with and without tools, searches, imports,
 * forks, deletions, cleanups, clients that come and go. Each kind has slots of its own, which go on until the time is over. What is
 * refused while the broker is away is counted by its code, and tried no more than once.
 */
import { randomUUID } from 'node:crypto';
import { type Client, connectClient } from '../../src/client/client.ts';
import { codeOf } from '../../src/model/errors.ts';
import { serveCalls } from '../harness/remote.ts';

export interface MixedLoad {
  readonly url: string;
  readonly prefix: string;
  readonly sessions: number;
  /** Slots that run turns. */
  readonly inFlight: number;
  readonly turnsEach: number;
  readonly prompt: string;
  readonly toolPrompt: string;
  readonly session: object;
  readonly maxMs: number;
}

export interface MixedDone {
  /** How often each kind was done. */
  readonly done: Readonly<Record<string, number>>;
  /** How often each code came, by kind. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Between two of the same slot, so that turns have most of the machine. */
const REST_MS = { search: 100, import: 250, fork: 400, cleanup: 5_000, visit: 500 };
/** Lines of a transcript that is imported. */
const LINES = 20;
/** Tag of what the cleanup takes. */
const PASSING = 'passing';

const rest = (forMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, forMs));

class Load {
  readonly done: Record<string, number> = {};
  readonly refused: Record<string, number> = {};
  readonly #client: Client;
  readonly #load: MixedLoad;
  readonly #untilMs: number;
  readonly #slots: { generation: number; turns: number; isBusy: boolean }[];
  #count = 0;
  /** The session that had a turn last: it is there. */
  #latest: string | undefined;

  constructor(client: Client, load: MixedLoad) {
    this.#client = client;
    this.#load = load;
    this.#untilMs = performance.now() + load.maxMs;
    this.#slots = Array.from({ length: load.sessions }, (_, at) => ({
      ...{ generation: 0, turns: at % load.turnsEach, isBusy: false },
    }));
  }

  async run(): Promise<void> {
    const { inFlight } = this.#load;
    await Promise.all([
      ...Array.from({ length: inFlight }, () => this.#keepOn('turn', 0, () => this.#turn())),
      this.#keepOn('search', REST_MS.search, () => this.#search()),
      this.#keepOn('import', REST_MS.import, () => this.#import()),
      this.#keepOn('fork', REST_MS.fork, () => this.#fork()),
      this.#keepOn('cleanup', REST_MS.cleanup, () => this.#cleanup()),
      this.#keepOn('visit', REST_MS.visit, () => this.#visit()),
    ]);
  }

  async #keepOn(kind: string, restMs: number, work: () => Promise<string>): Promise<void> {
    while (performance.now() < this.#untilMs) {
      try {
        const what = await work();
        this.done[what] = (this.done[what] ?? 0) + 1;
      } catch (error) {
        const what = `${kind}: ${codeOf(error) ?? String(error)}`;
        this.refused[what] = (this.refused[what] ?? 0) + 1;
        await rest(100);
      }
      if (restMs > 0) await rest(restMs);
    }
  }

  #nameOf(at: number): string {
    return `mixed-${at}-${this.#slots[at]?.generation}`;
  }

  /** A session that has had its turns is deleted, and its place has a new one: so lengths stay the same. */
  async #turn(): Promise<string> {
    const free = this.#next();
    const slot = this.#slots[free];
    if (slot === undefined) throw new Error('no session is free');
    slot.isBusy = true;
    try {
      if (slot.turns >= this.#load.turnsEach) {
        const old = this.#nameOf(free);
        [slot.turns, slot.generation] = [0, slot.generation + 1];
        await this.#client.session(old, 'delete', {});
        this.done['delete'] = (this.done['delete'] ?? 0) + 1;
      }
      slot.turns += 1;
      const withTools = slot.turns % 3 === 0;
      const { prompt, toolPrompt, session } = this.#load;
      const asked = { prompt: withTools ? toolPrompt : prompt, session } as never;
      let status: string | undefined;
      for await (const event of this.#client.turn(this.#nameOf(free), asked))
        if (event.type === 'turn.finished') status = event.status;
      this.#latest = this.#nameOf(free);
      return status === 'completed' ? `turn${withTools ? ' with tools' : ''}` : `turn ${status}`;
    } finally {
      slot.isBusy = false;
    }
  }

  /** Round and round, past those at work. */
  #next(): number {
    do this.#count = (this.#count + 7) % this.#slots.length;
    while (this.#slots[this.#count]?.isBusy === true);
    return this.#count;
  }

  async #search(): Promise<string> {
    const asked = [
      { tags: [PASSING] },
      { sortBy: 'cost', limit: 20 },
      { q: 'done' },
      { q: 'turns:>3' },
    ];
    const nth = this.done['search'] ?? 0;
    if (nth % 5 === 4) await this.#client.sessions('facets', { by: 'tag' });
    else await this.#client.sessions('search', asked[nth % asked.length] as never);
    return 'search';
  }

  async #import(): Promise<string> {
    const sessionId = randomUUID();
    const at = new Date().toISOString();
    const lines = Array.from({ length: LINES }, (_, line) =>
      JSON.stringify({
        ...{
          type: line % 2 === 0 ? 'user' : 'assistant',
          uuid: randomUUID(),
          sessionId,
          cwd: '/srv/app',
        },
        timestamp: at,
        message: {
          role: line % 2 === 0 ? 'user' : 'assistant',
          content: `line ${line} of what was said`,
        },
      }),
    );
    const name = `imported-${sessionId}`;
    const externalKey = `soak/${sessionId}`;
    await this.#client.session(name, 'import', { externalKey, fromLine: 0, lines } as never);
    await this.#client.session(name, 'update', { tags: [PASSING] } as never);
    return 'import';
  }

  async #fork(): Promise<string> {
    if (this.#latest === undefined) return 'fork that waits';
    const newSessionId = `fork-${randomUUID()}`;
    await this.#client.session(this.#latest, 'fork', { newSessionId });
    await this.#client.session(newSessionId, 'update', { tags: [PASSING] } as never);
    return 'fork';
  }

  /** Takes what passes through; the place of those at work stays. */
  async #cleanup(): Promise<string> {
    await this.#client.sessions('cleanup', {
      maxAgeDays: 0,
      tags: [PASSING],
      dryRun: false,
    } as never);
    return 'cleanup';
  }

  /** A client comes, looks, listens for a while and goes. */
  async #visit(): Promise<string> {
    const { url, prefix } = this.#load;
    const visitor = await connectClient({ servers: url, prefix });
    try {
      await visitor.daemon('status');
      const listening = (async () => {
        for await (const _ of visitor.watch());
      })();
      await rest(300);
      await visitor.close();
      await listening;
    } finally {
      await visitor.close();
    }
    return 'visit';
  }
}

const calls = {
  run: async (load: MixedLoad): Promise<MixedDone> => {
    const client = await connectClient({ servers: load.url, prefix: load.prefix });
    const mixed = new Load(client, load);
    await mixed.run();
    await client.close();
    return { done: mixed.done, refused: mixed.refused };
  },
};

export type MixedLoadCalls = typeof calls;
serveCalls(calls);
