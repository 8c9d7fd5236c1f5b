/**
 * A gate in front of every commit's sync, open unless a test holds it. While it is held a transaction
 * that has put everything stays uncommitted, so that a test can see that no reply, no read and no
 * event leaves before the sync. It works across threads.
 */
const HELD = 1;

export class SyncGate {
  /** Shared with the writing thread. */
  readonly state = new Int32Array(new SharedArrayBuffer(4));
  readonly #onRelease = new Set<() => void>();

  get isHeld(): boolean {
    return Atomics.load(this.state, 0) === HELD;
  }

  hold(): void {
    Atomics.store(this.state, 0, HELD);
  }

  release(): void {
    Atomics.store(this.state, 0, 0);
    Atomics.notify(this.state, 0);
    for (const tell of this.#onRelease) tell();
  }

  onRelease(tell: () => void): void {
    this.#onRelease.add(tell);
  }
}

/** Blocks this thread while the gate is held. */
export const passGate = (state: Int32Array): void => {
  while (Atomics.load(state, 0) === HELD) Atomics.wait(state, 0, HELD);
};
