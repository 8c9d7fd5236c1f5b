/** A contestant from the outside: starts its program, asks it, ends it. */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { installPeers, versionOfPeer } from '../harness/peers.ts';
import { processMs } from '../harness/usage.ts';
import type { Question } from './contestant.ts';

export type RivalName = 'ours' | 'elixir' | 'nact' | 'xstate' | 'floor';

/** How a rival is started; `missing` says why it cannot be. */
export interface Entrant {
  readonly name: RivalName;
  readonly title: string;
  readonly command: readonly string[];
  readonly missing?: string;
}

const ANSWER_MS = 120_000;
const LONGEST_LINE = 200;

const compiled = (name: string): readonly string[] => [
  process.execPath,
  '--expose-gc',
  '--max-old-space-size=4096',
  fileURLToPath(new URL(`./${name}.js`, import.meta.url)),
];
const SCRIPT = fileURLToPath(new URL('../../../bench/otp/elixir.exs', import.meta.url));

/** In the order in which they take turns. */
export const entrants = (): readonly Entrant[] => {
  const missing = installPeers('xstate');
  const peer = (name: RivalName): Entrant =>
    missing === undefined
      ? { name, title: `${name} ${versionOfPeer(name)}`, command: compiled(name) }
      : { name, title: name, command: [], missing };
  return [
    { name: 'ours', title: 'ours', command: compiled('ours') },
    elixir(),
    peer('nact'),
    peer('xstate'),
    { name: 'floor', title: 'bare floor', command: compiled('floor') },
  ];
};

const elixir = (): Entrant => {
  const expression = 'IO.puts(System.version() <> " / OTP " <> System.otp_release())';
  try {
    const version = execFileSync('elixir', ['-e', expression], { encoding: 'utf8' }).trim();
    return { name: 'elixir', title: `Elixir ${version}`, command: ['elixir', SCRIPT] };
  } catch {
    return { name: 'elixir', title: 'Elixir', command: [], missing: 'elixir is not installed' };
  }
};

export class Rival {
  readonly entrant: Entrant;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  constructor(entrant: Entrant) {
    const [file = '', ...args] = entrant.command;
    this.entrant = entrant;
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaints = `${this.#complaints}${chunk}`.slice(-LONGEST_LINE);
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it has used so far, with all its threads. */
  get cpuMs(): number {
    return processMs(this.pid);
  }

  async ask(question: Question, count: number): Promise<number> {
    const bound = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS);
    this.#child.stdin.write(`${question} ${count}\n`);
    const { value, done } = await this.#answers.next();
    clearTimeout(bound);
    if (done === true)
      throw new Error(`${this.entrant.title} did not answer ${question}: ${this.#complaints}`);
    return Number(value);
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    const bound = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS);
    await gone;
    clearTimeout(bound);
  }

  /** Asks one that has done nothing before, and ends it. */
  static async fresh(entrant: Entrant, question: Question, count: number): Promise<number> {
    const rival = new Rival(entrant);
    try {
      return await rival.ask(question, count);
    } finally {
      await rival.end();
    }
  }
}
