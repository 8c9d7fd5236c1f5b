/** Collects what goes to the other side of a port and posts it once per tick, as one array. */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../otp/clock.ts';

export class Outbox<M> {
  readonly #port: MessagePort;
  readonly #clock: Clock;
  #messages: M[] = [];
  #transfers: ArrayBuffer[] = [];
  #tick = 0;

  constructor(port: MessagePort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
  }

  /** Changes with every flush: what was posted under another tick is gone and cannot be added to. */
  get tick(): number {
    return this.#tick;
  }

  /** `transfer` belongs to the message and is not ours any more afterwards. */
  post(message: M, transfer?: ArrayBuffer): void {
    if (this.#messages.push(message) === 1) this.#clock.defer(() => this.#flush());
    if (transfer !== undefined) this.#transfers.push(transfer);
  }

  #flush(): void {
    const messages = this.#messages;
    const transfers = this.#transfers;
    this.#messages = [];
    this.#transfers = [];
    this.#tick++;
    this.#port.postMessage(messages, transfers);
  }
}
