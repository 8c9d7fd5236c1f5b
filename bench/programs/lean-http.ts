/**
 * HTTP/1.1 over connections that are kept, as little of it as a bench needs: requests are made once, of answers only their
 * end is looked for. A client that costs more than the server would measure itself.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Of the body as it came, with the framing of its chunks. */
  readonly bytes: number;
  /** Its last bytes. */
  readonly end: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const STATUS_AT = 'HTTP/1.1 '.length;
/** What is kept of a body's end. */
const END_BYTES = 4_096;

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** One connection: one request at a time. */
class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  /** Of the head until it is whole, then the end of the body. */
  #seen: Buffer = Buffer.alloc(0);
  #status = 0;
  #bytes = 0;
  /** undefined: the head is not there yet. NaN: the body is chunks. */
  #length: number | undefined;

  constructor(host: string, port: number) {
    this.#socket = connect(port, host).setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    const failed = (error: Error) => this.#waiting?.reject(error);
    this.#socket.on('error', failed).on('close', () => failed(new Error('closed')));
  }

  ask(request: string): Promise<Answer> {
    this.#seen = Buffer.alloc(0);
    this.#bytes = 0;
    this.#length = undefined;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  end(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#seen = this.#seen.length === 0 ? chunk : Buffer.concat([this.#seen, chunk]);
    this.#bytes += chunk.length;
    if (this.#length === undefined && !this.#readHead()) return;
    const isWhole = Number.isNaN(this.#length)
      ? this.#seen.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
      : this.#bytes === this.#length;
    if (this.#seen.length > END_BYTES) this.#seen = this.#seen.subarray(-END_BYTES);
    if (!isWhole) return;
    this.#waiting?.resolve({ status: this.#status, bytes: this.#bytes, end: this.#seen });
  }

  #readHead(): boolean {
    const at = this.#seen.indexOf(HEAD_END);
    if (at === -1) return false;
    const head = this.#seen.toString('latin1', 0, at);
    this.#status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
    this.#length = Number(LENGTH.exec(head)?.[1] ?? Number.NaN);
    this.#seen = this.#seen.subarray(at + HEAD_END.length);
    this.#bytes = this.#seen.length;
    return true;
  }
}

/** As many connections as there are requests at once. */
export class LeanHttp {
  readonly #host: string;
  readonly #port: number;
  readonly #all: Connection[] = [];
  readonly #free: Connection[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** @param request its bytes: line, headers, body. */
  async ask(request: string): Promise<Answer> {
    let connection = this.#free.pop();
    if (connection === undefined) {
      connection = new Connection(this.#host, this.#port);
      this.#all.push(connection);
    }
    const answer = await connection.ask(request);
    this.#free.push(connection);
    return answer;
  }

  end(): void {
    for (const connection of this.#all) connection.end();
  }
}
