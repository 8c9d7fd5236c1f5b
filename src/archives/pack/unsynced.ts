/** Files that were written and are not on disk yet: they are brought there many at once, which costs less than one by one. */

export interface Open {
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Open at once. */
const MOST = 64;

export class Unsynced {
  #held: Open[] = [];

  /** It is closed when it is on disk. */
  hold(file: Open): void {
    this.#held.push(file);
  }

  /** To be called now and then: at once where few are held. */
  async look(): Promise<void> {
    if (this.#held.length >= MOST) await this.flush();
  }

  /** Rejects with what the first of them could not be synced for. */
  async flush(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    const ended = await Promise.allSettled(held.map((file) => file.sync()));
    await Promise.all(held.map((file) => file.close()));
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
  }

  /** Whatever is on disk of them. */
  async close(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    await Promise.all(held.map((file) => file.close()));
  }
}
