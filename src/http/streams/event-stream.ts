/**
 * One stream of server-sent events to one reader. It owns the response.
 *
 * 1. A reader that reads too slowly gets no more deltas; when even the rest is too much, the stream ends, and the reader
 *    comes back with the last id that it has.
 * 2. No stream is silent for longer than `HEARTBEAT_MS`.
 * 3. `onClose` runs once, whoever ended it.
 */
import type { Exchange } from '../wire/exchange.ts';

export const HEARTBEAT_MS = 15_000;
/** Bytes that wait for a reader: from here on no deltas, */
export const SLOW_BYTES = 512 * 1024;
/** and from here on nothing. */
export const TOO_SLOW_BYTES = 4 * 1024 * 1024;
/** How long a browser waits before it comes back. */
const RETRY_MS = 2_000;

const LINE_END = 0x0a;
const END = Buffer.from('\n\n');

export interface Event {
  readonly name: string;
  /** JSON. */
  readonly data: Uint8Array | string;
  /** Where a reader goes on that has this one; absent: where it was. */
  readonly id?: string;
  /** It may be left out: what it says comes again, whole, in a later one. */
  readonly isDelta?: boolean;
}

export class EventStream {
  readonly #exchange: Exchange;
  readonly #onClose: (() => void)[] = [];
  #isOpen = true;
  #isCorked = false;

  /** @param headers besides those of every stream. */
  constructor(exchange: Exchange, headers: Readonly<Record<string, string>> = {}) {
    this.#exchange = exchange;
    const { response, message } = exchange;
    message.socket.setTimeout(0);
    message.socket.setNoDelay(true);
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Accel-Buffering': 'no',
      ...headers,
    });
    response.on('close', () => this.#closed());
    if (message.method === 'HEAD')
      this.end(); // who asks for the headers waits for no event
    else this.#write(`retry: ${RETRY_MS}\n\n`);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs when the stream has ended; at once if it has. */
  onClose(run: () => void): void {
    if (this.#isOpen) this.#onClose.push(run);
    else run();
  }

  send({ name, data, id, isDelta = false }: Event): void {
    if (!this.#isOpen) return;
    const waiting = this.#exchange.response.writableLength;
    if (waiting > TOO_SLOW_BYTES) return this.end();
    if (isDelta && waiting > SLOW_BYTES) return;
    const head = `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: `;
    if (typeof data === 'string') return this.#write(`${head}${data}\n\n`);
    this.#write(Buffer.concat([Buffer.from(head), oneLine(data), END]));
  }

  heartbeat(): void {
    if (this.#isOpen) this.#write(':\n\n');
  }

  end(): void {
    if (this.#isOpen) this.#exchange.response.end();
    this.#closed();
  }

  /** What is sent in one tick leaves as one. */
  #write(chunk: string | Uint8Array): void {
    const { response } = this.#exchange;
    if (!this.#isCorked) {
      this.#isCorked = true;
      response.cork();
      queueMicrotask(() => {
        this.#isCorked = false;
        response.uncork();
      });
    }
    response.write(chunk);
  }

  #closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const run of this.#onClose.splice(0)) run();
  }
}

/** A message may have come with line ends between its parts; in our format they would end the event. */
const oneLine = (json: Uint8Array): Uint8Array =>
  json.includes(LINE_END)
    ? Buffer.from(JSON.stringify(JSON.parse(Buffer.from(json).toString())))
    : json;
