/**
 * Hands mutated exports, transcripts, mirrors and classic files to a Greenroom, and then does with what it took
 * whatever a user may do. Gives what should never be: an answer of 500 or more, a crash, a parked session, a list that
 * fails, a store that does not verify, a backup that is not made.
 */
import { join } from 'node:path';
import { readJsonFile } from '../../src/classic/json-file.ts';
import { EMPTY_DIGEST, nextDigest } from '../../src/claude-code/digest.ts';
import type { Greenroom } from '../../src/index.ts';
import { codeOf, ERRORS } from '../../src/model/errors.ts';
import type { Report } from '../../src/otp/report.ts';
import { classicExport, stateOfLines } from '../../src/session/transfer/classic-export.ts';
import { backupStore } from '../../src/storage/backup/care.ts';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { Dice } from '../../src/testing/dice.ts';
import type { Bases } from './bases.ts';
import { mutated, textOf } from './mutations.ts';

export interface Fuzzed {
  /** What should never be, and of which case. */
  readonly faults: readonly string[];
  /** Cases that were taken, of all. */
  readonly taken: number;
}

export interface Subject {
  readonly greenroom: Greenroom;
  readonly dataDir: string;
  readonly reports: readonly Report[];
}

interface Extent {
  readonly seed: number;
  readonly cases: number;
  /** Ends with the first case that has a fault. */
  readonly isOneEnough?: boolean;
}

export const fuzz = async (
  subject: Subject,
  bases: Bases,
  { seed, cases, isOneEnough = false }: Extent,
): Promise<Fuzzed> => {
  const faults: string[] = [];
  let taken = 0;
  for (let at = 0; at < cases && !(isOneEnough && faults.length > 0); at += 1) {
    const run = new Case(subject, bases, new Dice(seed + at), `f${at}`);
    if (await run.isTaken()) {
      taken += 1;
      await run.use();
    }
    for (const fault of run.faults) faults.push(`case ${at} of seed ${seed}: ${fault}`);
  }
  faults.push(...(await faultsOfStore(subject)));
  return { faults, taken };
};

const faultsOfStore = async ({ dataDir, reports }: Subject): Promise<string[]> => {
  const store = join(dataDir, 'store');
  const verdict = await verifyInChild(store);
  const { problems } = await backupStore(store, join(dataDir, 'backup'), 0);
  return [
    ...(verdict.isSound ? [] : [`the store does not verify: ${verdict.why}`]),
    ...problems.map(({ key, why }) => `the backup warns of ${key}: ${why}`),
    ...reports.flatMap((report) =>
      report.kind === 'crash' || report.kind === 'parked' ? [JSON.stringify(report)] : [],
    ),
  ];
};

class Case {
  readonly faults: string[] = [];
  readonly #subject: Subject;
  readonly #bases: Bases;
  readonly #dice: Dice;
  readonly #id: string;
  #session: string;

  constructor(subject: Subject, bases: Bases, dice: Dice, id: string) {
    this.#subject = subject;
    this.#bases = bases;
    this.#dice = dice;
    this.#id = id;
    this.#session = id;
  }

  get #api() {
    return this.#subject.greenroom.api;
  }

  /** Whether the outcome is one that a caller may see. */
  async #try<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if (ERRORS[code].status >= 500)
        this.faults.push(`${what}: ${code}: ${(error as Error).message} ${causeOf(error)}`);
      return undefined;
    }
  }

  async isTaken(): Promise<boolean> {
    switch (this.#dice.int(0, 9)) {
      case 0:
        return this.#classic(() => readJsonFile(textOf(mutated(this.#bases.saved, this.#dice))));
      case 1:
        return this.#classic(() =>
          stateOfLines(this.#id, this.#oneMutated(this.#bases.stored).map(textOf)),
        );
      case 2:
        return this.#mirror();
      case 3:
        return this.#transcript();
      case 4:
        return this.#append();
      default:
        return this.#export();
    }
  }

  #oneMutated<T>(items: readonly T[]): unknown[] {
    const harmed = this.#dice.int(0, items.length - 1);
    return items.map((item, at) => (at === harmed ? mutated(item, this.#dice) : item));
  }

  #export(): Promise<boolean> {
    const lines = this.#dice.pick(this.#bases.exports);
    // The first line says most.
    const harmed = this.#dice.once(2) ? 0 : this.#dice.int(0, lines.length - 1);
    const texts = lines.map((line, at) => textOf(at === harmed ? mutated(line, this.#dice) : line));
    return this.#restore(texts);
  }

  /** With the digest that these lines have. */
  async #restore(lines: readonly string[]): Promise<boolean> {
    const digest = lines.reduce((sum, line) => nextDigest(sum, Buffer.from(line)), EMPTY_DIGEST);
    const all = [...lines, JSON.stringify({ type: 'end', lines: lines.length, digest })];
    const reply = await this.#try('import-session', () =>
      this.#api.session(this.#id, 'import-session', { fromLine: 0, lines: all }),
    );
    return reply?.isDone === true;
  }

  async #classic(state: () => Parameters<typeof classicExport>[0]): Promise<boolean> {
    const lines = await this.#try('a classic file', async () => classicExport(state()));
    if (lines === undefined) return false;
    return this.#restore(lines.slice(0, -1));
  }

  async #mirror(): Promise<boolean> {
    const reply = await this.#try('mirror-append', () =>
      this.#api.sessions('mirror-append', {
        ...{ projectKey: 'p', sessionId: this.#id },
        entries: this.#oneMutated(this.#bases.transcript).map(textOf),
      }),
    );
    this.#session = reply?.sessionId ?? this.#id;
    return reply !== undefined;
  }

  async #transcript(): Promise<boolean> {
    const lines = this.#oneMutated(this.#bases.transcript).map(textOf);
    const externalKey = `claude-code/${this.#id}`;
    const reply = await this.#try('import', () =>
      this.#api.session(this.#id, 'import', { externalKey, fromLine: 0, lines }),
    );
    return reply !== undefined;
  }

  async #append(): Promise<boolean> {
    const message = { role: 'user', content: [{ type: 'text', text: 'x' }], id: 'm', n: 1 };
    const metadata = { model: 'claude-sonnet-4-5', totalCostUsd: 1, usage: { input_tokens: 1 } };
    const store = this.#subject.greenroom.store();
    const given = JSON.parse(textOf(mutated(metadata, this.#dice))) as object;
    const made = await this.#try('createSession', async () => {
      await store.createSession(this.#id, given);
      return true;
    });
    const said = JSON.parse(textOf(mutated(message, this.#dice))) as typeof message;
    await this.#try('appendMessage', () => store.appendMessage(this.#id, said));
    return made === true;
  }

  /** All that a user may do with a session. */
  async use(): Promise<void> {
    const id = this.#session;
    const api = this.#api;
    const session = (verb: string, request: object) =>
      this.#try(verb, () => api.session(id, verb as 'get', request as Record<string, never>));
    for (const sortBy of ['updatedAt', 'createdAt', 'cost', 'turns'] as const)
      await this.#try(`search by ${sortBy}`, () => api.sessions('search', { sortBy, limit: 20 }));
    await this.#try('count', () => api.sessions('count', {}));
    await this.#try('mirror-list', () =>
      api.sessions('mirror-list', { projectKey: 'p', summaries: true }),
    );
    await this.#try('loadSession', () => this.#subject.greenroom.store().loadSession(id));
    await session('messages', {});
    await session('turns', {});
    await this.#fork();
    await session('tag', { tags: ['touched'] });
    await this.#turn();
    await session('compact', { summary: 'all of it' });
    await this.#roundTrip();
    const after = await this.#try('get', () => api.session(id, 'get', {}));
    if (after?.session.status === 'parked' && after.session.lastError?.code === 'internal')
      this.faults.push(`it is parked: ${after.session.lastError.message}`);
  }

  async #fork(): Promise<void> {
    const { seq = 0 } = (await this.#try('get', () => this.#api.session(this.#session, 'get', {})))
      ?.session ?? { seq: 0 };
    const atSeq = this.#dice.int(0, seq);
    await this.#try('fork', () =>
      this.#api.session(this.#session, 'fork', { newSessionId: `${this.#id}-fork`, atSeq }),
    );
  }

  async #turn(): Promise<void> {
    const last = await this.#try('turn', async () => {
      let event: { readonly type: string; readonly error?: { code: string } } | undefined;
      for await (const next of this.#api.turn(this.#session, { prompt: 'go on' })) {
        if (next.attempt > 1) this.faults.push('its step was lost');
        event = next as typeof event;
      }
      return event;
    });
    if (last?.error?.code === 'internal') this.faults.push(`its turn: ${JSON.stringify(last)}`);
  }

  /** What it is now is an export that is taken again. */
  async #roundTrip(): Promise<void> {
    const { sessions } = this.#subject.greenroom;
    const text: string[] = [];
    await this.#try('export', async () => {
      for await (const piece of sessions.exportSession(this.#session)) text.push(piece);
    });
    if (text.length === 0) return;
    async function* pieces() {
      yield* text;
    }
    try {
      await sessions.importSession(pieces(), { as: `${this.#id}-copy` });
    } catch (error) {
      this.faults.push(`its own export: ${(error as Error).message}`);
    }
  }
}

const causeOf = (error: unknown): string => {
  const { cause } = error as { readonly cause?: Error };
  return cause === undefined ? '' : `(${cause.stack?.slice(0, 600) ?? String(cause)})`;
};
