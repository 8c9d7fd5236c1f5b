/**
 * A request as the server saw it, and the bounded list of them.
 *
 * 1. `rawBody` is byte for byte what came; parsing happens when somebody asks, and is let go
 *    of once the answer is out, so that a kept request costs its bytes and no more.
 * 2. The list holds at most so many requests and so many bytes; the oldest go first.
 */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { wholeJson } from '../model/bounds.ts';
import type { WireUsage } from './wire-usage.ts';

/** As much of the Messages API's request as the server reads. Checked by rules.ts before use. */
export interface MessagesBody {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly RequestMessage[];
  readonly stream?: boolean;
  readonly stop_sequences?: readonly string[];
  readonly tools?: readonly { readonly name?: string }[];
  readonly output_config?: { readonly format?: { readonly schema: object } | null };
}

export interface RequestMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly RequestBlock[];
}

export interface RequestBlock {
  readonly type: string;
  readonly text?: string;
  readonly content?: unknown;
}

export interface SeenAt {
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  /** The machine's monotonic clock, comparable with `process.hrtime` of another process here. */
  readonly receivedMonotonicMs: number;
}

export class SeenRequest implements SeenAt {
  /** Counts from 1 over the life of the server. */
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawBody: Buffer;
  readonly receivedAt: number;
  readonly receivedMonotonicMs: number;
  /** What it was answered with; undefined while it waits, 0 where no status line went out. */
  status: number | undefined;
  /** The connection ended before the answer was complete: the client went away, or a fault cut it. */
  isBroken = false;
  /** Tools that the answer asks for and the request does not offer; a model would not. */
  notOffered: readonly string[] = [];
  /** What its answer was counted as; undefined where there was none, or it broke off. */
  usage: WireUsage | undefined;
  #parsed: { readonly json: unknown } | undefined;
  #hash: string | undefined;

  constructor(
    seq: number,
    line: { method: string; path: string; headers: IncomingHttpHeaders },
    rawBody: Buffer,
    at: SeenAt,
  ) {
    this.seq = seq;
    this.method = line.method;
    this.path = line.path;
    this.headers = line.headers;
    this.rawBody = rawBody;
    this.receivedAt = at.receivedAt;
    this.receivedMonotonicMs = at.receivedMonotonicMs;
  }

  /** The parsed body. @throws SyntaxError where it is not JSON to the API. */
  get json(): unknown {
    this.#parsed ??= { json: parsed(this.rawBody.toString('utf8')) };
    return this.#parsed.json;
  }

  /** The body of a valid Messages request: what a script is given. */
  get body(): MessagesBody {
    return this.json as MessagesBody;
  }

  /** Lets go of the parsed body; the next reader parses again. */
  forgetParsed(): void {
    this.#parsed = undefined;
  }

  /** Hexadecimal SHA-1 of the raw body: the same request has the same, in any process. */
  get bodyHash(): string {
    this.#hash ??= hash('sha1', this.rawBody, 'hex');
    return this.#hash;
  }
}

const parsed = (text: string): unknown => {
  if (wholeJson(text) !== text) throw new SyntaxError('no low surrogate in string');
  return JSON.parse(text) as unknown;
};

/** What a kept request costs beside its body (headers, the object), about. */
const OVERHEAD_BYTES = 1024;

export class SeenRequests implements Iterable<SeenRequest> {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  /** By `seq`, so in order of arrival: the first key is the oldest. */
  readonly #kept = new Map<number, SeenRequest>();
  #bytes = 0;
  #last: SeenRequest | undefined;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The one seen last. */
  get last(): SeenRequest | undefined {
    return this.#last;
  }

  push(request: SeenRequest): void {
    this.#kept.set(request.seq, request);
    this.#last = request;
    this.#bytes += request.rawBody.length + OVERHEAD_BYTES;
    while (this.size > this.#maxCount || this.#bytes > this.#maxBytes) this.#dropOldest();
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
    this.#last = undefined;
  }

  toArray(): SeenRequest[] {
    return [...this.#kept.values()];
  }

  [Symbol.iterator](): Iterator<SeenRequest> {
    return this.#kept.values();
  }

  #dropOldest(): void {
    for (const [seq, oldest] of this.#kept) {
      this.#kept.delete(seq);
      this.#bytes -= oldest.rawBody.length + OVERHEAD_BYTES;
      return;
    }
  }
}
