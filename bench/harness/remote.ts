/**
 * Programs of the benches as child processes: each serves a few calls to its parent over the pipe
 * between them, and ends with it, so that none outlives the bench.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

type Call = (request: never) => unknown;
export type Calls = Readonly<Record<string, Call>>;

interface Request {
  readonly id: number;
  readonly call: string;
  readonly request: unknown;
}
type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** In the child: answers the parent's calls until the parent is gone. */
export const serveCalls = (calls: Calls): void => {
  const answer = async ({ id, call, request }: Request): Promise<Reply> => {
    try {
      const run = calls[call];
      if (run === undefined) throw new Error(`no call ${call}`);
      return { id, result: await run(request as never) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (message: Request) => {
    void answer(message).then((reply) => process.connected && process.send?.(reply));
  });
  process.on('disconnect', () => process.exit(0));
};

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Settings of the surroundings must not change what is measured. */
const FOREIGN = /^(GREENROOM|NATS|ANTHROPIC|CLAUDE|NODE_OPTIONS|OTEL)/;
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));

/** The compiled form of a file of `bench/programs`. */
export const programUrl = (name: string): string =>
  new URL(`../programs/${name}.js`, import.meta.url).href;

/** A running program, typed by the calls that it exports. */
export class Program<C extends Calls> {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #lastId = 0;
  #isEnding = false;

  /** @param name of a file in `bench/programs`. */
  constructor(name: string, nodeArgs: readonly string[] = []) {
    this.name = name;
    const file = fileURLToPath(programUrl(name));
    this.#child = spawn(process.execPath, [...nodeArgs, file], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (reply: Reply) => this.#settle(reply));
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#failAll(new Error(`${name} has ended (${signal ?? code})`));
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  call<N extends keyof C & string>(
    call: N,
    ...[request]: Parameters<C[N]>
  ): Promise<Awaited<ReturnType<C[N]>>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, call, request }, (error) => error && this.#failAll(error));
    });
  }

  /** Lets it go; it ends by itself when the pipe closes. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`${this.name}: ${reply.error}`));
    else waiting?.resolve(reply.result as never);
  }

  #failAll(error: Error): void {
    if (this.#isEnding && this.#waiting.size === 0) return;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
