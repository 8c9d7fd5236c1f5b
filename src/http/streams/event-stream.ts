/**
 * One stream of server-sent events to one reader. It owns the response.
 *
 * 1. A reader that reads too slowly gets no more deltas; when even the rest is too much, the stream ends, and the reader
 *    comes back with the last id that it has.
 * 2. No stream is silent for longer than `HEARTBEAT_MS`.
 * 3. `onClose` runs once, whoever ended it.
 * 4. What is said in one turn of the loop leaves as one write. Node would frame each chunk as four buffers, which costs
 *    more than what a stream of short events carries; so the chunks are framed here.
 */
import type { Clock } from '../../otp/clock.ts';
import type { Exchange } from '../wire/exchange.ts';

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
const CRLF = Buffer.from('\r\n');
/** RFC 9112, 7.1: a chunk of no bytes ends the body. */
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const NONE = Buffer.alloc(0);

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
  readonly #defer: Clock['defer'];
  readonly #onClose: (() => void)[] = [];
  /** HTTP/1.0 knows no chunks: its body ends with the connection. */
  readonly #isChunked: boolean;
  #isOpen = true;
  /** Something has left, and the headers with it. */
  #hasBegun = false;
  /** What waits is its last. */
  #isLast = false;
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
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Accel-Buffering': 'no',
      ...headers,
    });
    this.#isChunked = response.chunkedEncoding;
    response.chunkedEncoding = false;
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
    if (!this.#isOpen || this.#isLast) return;
    const waiting = this.#waitingBytes + this.#exchange.response.writableLength;
    if (waiting > TOO_SLOW_BYTES) return this.end();
    if (isDelta && waiting > SLOW_BYTES) return;
    const head = `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: `;
    if (typeof data === 'string') return this.#write(Buffer.from(`${head}${data}\n\n`));
    this.#write(Buffer.from(head), oneLine(data), END);
  }

  heartbeat(): void {
    if (this.#isOpen && !this.#isLast) this.#write(HEARTBEAT);
  }

  /** The last that it says: it ends when that has left. */
  sendLast(event: Event): void {
    this.send(event);
    this.#isLast = true;
  }

  /** Ends it now, behind what was said. */
  end(): void {
    if (this.#isOpen) {
      this.#isLast = true;
      const last = this.#taken();
      this.#exchange.response.end(last.length === 0 ? undefined : last);
    }
    this.#closed();
  }

  #write(...parts: readonly Uint8Array[]): void {
    if (this.#waiting.length === 0) this.#defer(() => this.#flush());
    for (const part of parts) {
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
    }
  }

  #flush(): void {
    const { response } = this.#exchange;
    const bytes = this.#taken();
    if (bytes.length === 0 || response.writableEnded) return; // a problem may have ended it
    // As text the first bytes leave with the headers, in one write: Node joins these with text alone.
    if (this.#hasBegun) response.write(bytes);
    else response.write(bytes.toString('latin1'), 'latin1');
    this.#hasBegun = true;
    if (!this.#isLast) return;
    this.#defer(() => void response.end()); // behind the write and not with it: so it writes nothing itself
    this.#closed();
  }

  /** One chunk of all that waits, and the end of all chunks behind the last. */
  #taken(): Buffer {
    const taken = this.#waiting;
    const size = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const last = this.#isLast ? LAST_CHUNK : NONE;
    if (!this.#isChunked) return Buffer.concat(taken);
    if (size === 0) return last;
    return Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), ...taken, CRLF, last]);
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
