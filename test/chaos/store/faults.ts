/**
 * Faults between the journal and its store: compiled programs in which an operation of the writing
 * thread fails as planned, and what the scenario left in a store, held against what it must be.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { mutant, mutate } from '../../support/mutant.ts';

/** The n-th look or put of the writing thread throws; or the put of a session's catalog row. */
const FAILING_TABLES = `
const failing = (tables) => {
  let left = Number(process.env.GREENROOM_FAIL_OPERATION ?? Infinity);
  const row = process.env.GREENROOM_FAIL_ROW;
  const isRow = (name, [table, key]) =>
    row !== undefined && name === 'put' && table === 1 && Buffer.from(key).includes(row);
  for (const name of ['get', 'peek', 'range', 'put', 'remove']) {
    const real = tables[name].bind(tables);
    tables[name] = (...args) => {
      left -= 1;
      if (left <= 0 || isRow(name, args)) throw new Error('this operation fails as planned');
      return real(...args);
    };
  }
  return tables;
};
`;

/** A compiled program whose store operations fail where the environment says. */
export const withFailingTables = (): string =>
  mutant(
    'src/storage/lmdb/writer-thread.js',
    /this\.#tables = new LmdbTables\(args\.dir\);/,
    `${FAILING_TABLES.trim().replaceAll('\n', ' ')} this.#tables = failing(new LmdbTables(args.dir));`,
  );

/** The mistake that LMDB invites: an error ends the transaction, and what was put before it is committed. */
export const keepWhatWasPut = (dist: string): void =>
  mutate(
    dist,
    'src/storage/tables/lmdb-tables.js',
    /result = \{ value: work\(\) \};/,
    'try { result = { value: work() }; } catch { /* and so it is committed */ }',
  );

/** A line of `scenario-child.mjs`. */
export interface Line {
  readonly store?: string | number;
  readonly session?: string;
  readonly version?: number | 'deleted';
  readonly state?: string;
  readonly isLast?: boolean;
  readonly end?: string;
  readonly broken?: readonly string[];
}

export interface Played {
  readonly lines: readonly Line[];
  /** Exit code, or the signal that ended it. */
  readonly exit: number | string | null;
}

export const playScenario = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Played> => {
  const script = fileURLToPath(new URL('./scenario-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    // On a failing disk LMDB says so there.
    stdio: ['ignore', 'pipe', env['LD_PRELOAD'] === undefined ? 'inherit' : 'ignore'],
    env: { ...process.env, ...env },
  });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'close');
  const lines = text.split('\n').slice(0, -1);
  return {
    lines: lines.map((line) => JSON.parse(line) as Line),
    exit: child.exitCode ?? child.signalCode,
  };
};

/** Each session of the scenario after each of its changes, in their order. */
export class Expected {
  readonly #states = new Map<string, Line[]>();

  static async play(): Promise<Expected> {
    const expected = new Expected();
    for (const line of (await playScenario(['expect'])).lines) {
      const { session = '' } = line;
      expected.#states.set(session, [...(expected.#states.get(session) ?? []), line]);
    }
    return expected;
  }

  /** What is wrong in a store that was read, in sentences; `told` are the changes that were answered. */
  compare(told: readonly Line[], read: readonly Line[]): readonly string[] {
    const wrong: string[] = [];
    for (const { broken = [] } of read) wrong.push(...broken.map((key) => `broken: ${key}`));
    for (const [session, states] of this.#states) {
      const found = read.find((line) => line.session === session && line.isLast !== true);
      const at = states.findIndex(({ state }) => state === found?.state);
      if (at < 0) wrong.push(`${session} is half there: ${found?.state}`);
      const answered = told.filter((line) => line.session === session).at(-1)?.version ?? 0;
      if (at < states.findIndex(({ version }) => version === answered))
        wrong.push(`${session} is at ${found?.version}, ${answered} was acknowledged`);
      const last = read.find((line) => line.session === session && line.isLast === true);
      if (last?.state !== states.at(-1)?.state)
        wrong.push(`${session} did not come to its end: ${last?.state}`);
    }
    return wrong;
  }
}
