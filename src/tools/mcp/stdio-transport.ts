/**
 * A server that is a child process, as the client of the protocol wants it. It owns the process and all that this starts.
 *
 * 1. The server is in a process group of its own and bears marks in its environment: what ends it ends what it has
 *    started, also what has left its group.
 * 2. It sees of our environment what programs need, and what its settings name: no keys of ours.
 * 3. A message that is too long is answered for it, as an error; what is no message is skipped.
 * 4. Closed once, it starts nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { type Clock, pause } from '../../otp/clock.ts';
import { commandEnvironment } from '../commands/environment.ts';
import { Groups } from '../commands/group.ts';
import { marksOf, sweep } from '../commands/sweep.ts';
import { type Line, Lines, requestAnswered } from './lines.ts';
import type { StdioSettings } from './settings.ts';

/** A longer message would hold up everything else while it is read. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** To end by itself when its input does; then between the polite signal and the other one. */
const GRACE_MS = 1_000;
const LAST_WORDS = 2_000;
/** Of messages that the server has not read yet. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
const TOO_LARGE = -32_001;

export interface StdioOptions {
  readonly settings: StdioSettings;
  readonly clock: Clock;
  /** What all children of this kind bear. */
  readonly mark: string;
  /** Of this child alone. */
  readonly id: number;
  /** Reads one message; throws when the value is not a message. */
  readonly parse: (value: unknown) => JSONRPCMessage;
}

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: StdioOptions;
  readonly #lines = new Lines(MAX_MESSAGE_BYTES);
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #ended: Promise<void> | undefined;
  #isClosed = false;
  #lastWords = '';

  constructor(options: StdioOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it said last on its error output. */
  get lastWords(): string {
    return this.#lastWords.trim();
  }

  start(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('it is closed'));
    const { settings, mark, id } = this.#options;
    const child = spawn(settings.command, settings.args, {
      cwd: settings.cwd,
      env: commandEnvironment(marksOf(mark, id), settings.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    child.stdout.on('data', (bytes: Buffer) => this.#hear(bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString()).slice(-LAST_WORDS);
    });
    for (const stream of [child.stdin, child.stdout, child.stderr])
      stream.on('error', (error) => this.onerror?.(error));
    this.#exited = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
    void this.#exited.then(() => this.#end());
    return new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#isClosed || !stdin?.writable)
      return Promise.reject(new Error('the server does not listen any more'));
    if (stdin.writableLength > MAX_UNREAD_BYTES)
      return Promise.reject(new Error('the server does not read what it is sent'));
    return new Promise((resolve, reject) => {
      stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#child === undefined) return;
    this.#child.stdin?.end();
    await Promise.race([this.#exited, pause(this.#options.clock, GRACE_MS)]);
    await this.#end();
  }

  /** It has ended, or has to: so does all that it has started. */
  #end(): Promise<void> {
    this.#ended ??= this.#endAll();
    return this.#ended;
  }

  async #endAll(): Promise<void> {
    this.#isClosed = true;
    const { clock, mark, id } = this.#options;
    const { pid } = this.#child ?? {};
    try {
      if (pid === undefined) return;
      await new Groups(clock).end(pid, GRACE_MS);
      await sweep(mark, clock, new Set([String(id)]));
    } catch (error) {
      this.onerror?.(error as Error);
    } finally {
      this.#child?.stdout?.destroy();
      this.onclose?.();
    }
  }

  #hear(bytes: Buffer): void {
    for (const line of this.#lines.take(bytes)) this.#read(line);
  }

  #read(line: Line): void {
    if (line.type === 'too_long') return this.#refuse(requestAnswered(line));
    if (line.text.trim() === '') return;
    let message: JSONRPCMessage;
    try {
      message = this.#options.parse(JSON.parse(line.text));
    } catch (error) {
      this.onerror?.(new Error('the server has written what is no message', { cause: error }));
      return;
    }
    this.onmessage?.(message);
  }

  #refuse(id: number | undefined): void {
    const what = `the reply has more than ${MAX_MESSAGE_BYTES / 1024 / 1024} MiB`;
    if (id === undefined) this.onerror?.(new Error(what));
    else this.onmessage?.({ jsonrpc: '2.0', id, error: { code: TOO_LARGE, message: what } });
  }
}
