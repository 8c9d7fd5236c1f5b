/** Processes of clients on one backend: they play histories side by side, which are then judged. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { builtFile } from '../../../src/platform/compiled.ts';
import { judgeHistory, type Operation } from './linearize.ts';

type Late = 'lmdb, read late' | 'greenroom, read late';
export type Backend = 'memory' | 'lmdb' | 'greenroom' | 'file' | 'redis' | 'postgres' | Late;

export interface ClientsOptions {
  readonly backend: Backend;
  /** A folder or a URL. */
  readonly place: string;
  /** A backend that only one process may open has one, with more clients in it. */
  readonly processes: number;
  readonly clientsEach: number;
  /** Another compiled program. */
  readonly dist?: string;
}

export interface Size {
  readonly histories: number;
  /** Of all clients together, in each history. */
  readonly operations: number;
}

export interface Judged {
  readonly histories: number;
  readonly operations: number;
  readonly conflicts: number;
  readonly unknown: number;
  /** What is wrong, in sentences; empty if each history is linearizable. */
  readonly wrong: readonly string[];
}

/** One process; an order is answered by a line. */
class ClientProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  constructor({ backend, place, clientsEach, dist }: ClientsOptions, name: string) {
    builtFile('src/storage/lmdb/lmdb-store.js');
    const script = fileURLToPath(new URL('./client.mjs', import.meta.url));
    const args = [script, backend, place, name, String(clientsEach)];
    const child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...(dist === undefined ? {} : { GREENROOM_DIST: dist }) },
    });
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async order(...words: readonly (string | number)[]): Promise<unknown> {
    this.#child.stdin?.write(`${words.join(' ')}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`a client ended at: ${words.join(' ')}`);
    return JSON.parse(value);
  }

  async end(): Promise<void> {
    this.#reader.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** Has the histories played and judges each. */
export const playHistories = async (
  options: ClientsOptions,
  { histories, operations }: Size,
  seed: number,
): Promise<Judged> => {
  const { processes, clientsEach } = options;
  const each = Math.ceil(operations / (processes * clientsEach));
  const all = Array.from({ length: processes }, (_, at) => new ClientProcess(options, `p${at}c`));
  const [first] = all;
  const judged = { histories: 0, operations: 0, conflicts: 0, unknown: 0, wrong: [] as string[] };
  try {
    for (let number = 0; number < histories && first !== undefined; number += 1) {
      const session = `h${number}`;
      await first.order('make', session);
      const played = await Promise.all(
        all.map((one, at) => one.order('play', session, each, seed + number * 1_000 + at * 100)),
      );
      const history = played.flat() as Operation[];
      const stored = (await first.order('read', session)) as { values: string[] };
      const wrong = judgeHistory(history, stored.values);
      judged.wrong.push(...wrong.map((what) => `${session}: ${what}`));
      judged.histories += 1;
      judged.operations += history.length;
      judged.conflicts += history.filter(({ outcome }) => outcome === 'conflict').length;
      judged.unknown += history.filter(({ outcome }) => outcome === 'unknown').length;
    }
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
  return judged;
};
