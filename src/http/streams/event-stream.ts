/**
 * One stream of server-sent events to one reader. It owns the response.
 *
 * 1. A reader that reads too slowly gets no more deltas; when even the rest is too much, the stream ends, and the reader
 *    comes back with the last id that it has.
 * 2. No stream is silent for longer than `HEARTBEAT_MS`.
 * 3. `onClose` runs once, whoever ended it.
 */
import type { Clock } from '../../otp/clock.ts';
import { ChunkedBody } from '../wire/chunked-body.ts';
import { type Exchange, listed } from '../wire/exchange.ts';

export const HEARTBEAT_MS = 15_000;
/** Bytes that wait for a reader: from here on no deltas, */
export const SLOW_BYTES = 512 * 1024;
/** and from here on nothing. */
export const TOO_SLOW_BYTES = 4 * 1024 * 1024;
/** How long a browser waits before it comes back. */
const RETRY_MS = 2_000;

const RETRY = Buffer.from(`retry: ${RETRY_MS}\n\n`);
const HEARTBEAT = Buffer.from(':\n\n');
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
  readonly #body: ChunkedBody;
  readonly #defer: Clock['defer'];
  readonly #onClose: (() => void)[] = [];
  #isOpen = true;
  /** It ends with what leaves next. */
  #isEnding = false;
  /** What leaves with the end of this turn of the loop. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** @param headers besides those of every stream. */
  constructor(
    exchange: Exchange,
    { defer }: Pick<Clock, 'defer'>,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#exchange = exchange;
    this.#defer = defer;
    const { response, message } = exchange;
    message.socket.setTimeout(0);
    message.socket.setNoDelay(true);
    const type = ['Content-Type', 'text/event-stream', 'X-Accel-Buffering', 'no'];
    response.writeHead(200, listed(headers, ...type));
    this.#body = new ChunkedBody(response);
    response.on('close', () => this.#closed());
    if (message.method === 'HEAD')
      this.end(); // who asks for the headers waits for no event
    else this.#write(RETRY);
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
    const waiting = this.#waitingBytes + this.#exchange.response.writableLength;
    if (waiting > TOO_SLOW_BYTES) return this.end();
    if (isDelta && waiting > SLOW_BYTES) return;
    const head = `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: `;
    if (typeof data === 'string') return this.#write(Buffer.from(`${head}${data}\n\n`));
    this.#write(Buffer.from(head), oneLine(data), END);
  }

  heartbeat(): void {
    if (this.#isOpen) this.#write(HEARTBEAT);
  }

  end(): void {
    const { response } = this.#exchange;
    if (this.#isOpen && !response.writableEnded) this.#body.end(this.#taken());
    this.#closed();
  }

  /**
   * The same with what leaves at the end of this turn of the loop: turns end many at a time, with one commit, and to write in the
   * midst of their sessions' work costs more than to write for all of them behind it.
   */
  endSoon(): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#waiting.length === 0) this.#defer(() => this.#flush());
  }

  /** What is said in one turn of the loop leaves as one: a write costs more than what it carries. */
  #write(...parts: readonly Uint8Array[]): void {
    if (this.#waiting.length === 0) this.#defer(() => this.#flush());
    for (const part of parts) {
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
    }
  }

  #flush(): void {
    if (this.#isEnding) return this.end();
    const { response } = this.#exchange;
    const bytes = this.#taken();
    if (!response.writableEnded) this.#body.write(bytes); // a problem may have ended it
  }

  #taken(): Uint8Array {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const [first] = taken;
    return taken.length === 1 && first !== undefined ? first : Buffer.concat(taken);
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
