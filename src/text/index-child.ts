/**
 * The program of the index's process: it owns the file and answers one request after another. Its argument: the
 * `IndexArgs`, as JSON.
 *
 * 1. It ends when its channel does, so never later than who has started it. Nothing that it has needs to be kept: what
 *    was not committed comes again.
 * 2. Signals that are meant for its owner reach it too, from a terminal or a service manager: it does not heed them.
 * 3. The next request is looked at when the answer to the one before has been handed to the system: answers that are
 *    not taken do not heap up here.
 */
import process from 'node:process';
import { giveWay } from '../platform/give-way.ts';
import { bestRow } from './best-rows.ts';
import { piecesOf } from './extract.ts';
import { IndexFile, isBroken, removeIndex } from './index-file.ts';
import { matchOf, wantedBy } from './phrase.ts';
import { cutFrom } from './snippet.ts';
import type { FromIndex, IndexArgs, IndexCalls, Source, ToIndex } from './wire.ts';

const args = JSON.parse(process.argv[2] ?? '') as IndexArgs;

/** Resolves when it is on its way. */
const tell = (message: FromIndex): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, undefined, () => resolve());
  });

const load = async () => {
  try {
    return (await import('libsql')).default;
  } catch (error) {
    await tell({ type: 'missing', message: (error as Error).message.split('\n')[0] ?? '' });
    return process.exit(0);
  }
};

const matchesOf = (texts: readonly string[]): readonly string[] =>
  texts.map((text) => matchOf(wantedBy(text)));

const callsOn = (file: IndexFile): IndexCalls => ({
  known: (known) => file.known(known),
  listed: (after, limit) => file.listed(after, limit),
  progress: (places) => file.progress(places),
  apply: (texts, bytes) => file.apply(texts, bytes),
  flush: () => file.flush(),
  erase: () => file.erase(),
  find: (texts) => matchesOf(texts).map((match) => file.find(match)),
  rank: (texts) => file.rank(matchesOf(texts)) ?? null,
  best: (numbers, texts) => {
    const matches = matchesOf(texts);
    return numbers.map((number) => bestRow(file, number, matches) ?? null);
  },
  cut: (sources, texts, bytes) => {
    const wanted = texts.map(wantedBy);
    return sources.map((source) => source && (cutFrom(textsOf(source, bytes), wanted) ?? null));
  },
  close: () => {
    file.close();
    process.exit(0);
  },
});

const textsOf = (source: Source, bytes: Uint8Array): readonly string[] =>
  source.kind === 'about'
    ? source.texts
    : piecesOf(source.kind, bytes.subarray(source.start, source.end), args.scope);

/** An error of the library has a code that its words need. */
const wordsOf = (error: unknown): string => {
  const { code, message, stack } = error as { code?: unknown; message?: string; stack?: string };
  return `${String(code ?? '')} ${message ?? String(error)}\n${stack ?? ''}`.trim();
};

/** A broken file is deleted, and the next process begins a new one. */
const giveUp = async (error: unknown, file?: IndexFile): Promise<never> => {
  if (file !== undefined && isBroken(error)) {
    file.abandon();
    removeIndex(args.path);
  }
  await tell({ type: 'failed', message: wordsOf(error) });
  process.exit(1);
};

/** Requests in their order, each when the one before is done with. */
class Line {
  readonly #calls: IndexCalls;
  readonly #file: IndexFile;
  readonly #requests: ToIndex[] = [];
  #isBusy = false;

  constructor(file: IndexFile) {
    this.#file = file;
    this.#calls = callsOn(file);
  }

  take(request: ToIndex): void {
    this.#requests.push(request);
    if (!this.#isBusy) void this.#work().catch((error) => giveUp(error, this.#file));
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#requests.shift(); next !== undefined; next = this.#requests.shift()) {
      const { id, call, args: given } = next;
      const work = this.#calls[call] as (...all: readonly unknown[]) => unknown;
      await tell({ type: 'answer', id, value: work(...given) });
    }
    this.#isBusy = false;
  }
}

giveWay(process.pid); // commits and turns come first
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);

const library = await load();
try {
  const [file, why] = IndexFile.open(library, args);
  const line = new Line(file);
  process.on('message', (request: ToIndex) => line.take(request));
  void tell({ type: 'ready', why });
} catch (error) {
  await giveUp(error);
}
