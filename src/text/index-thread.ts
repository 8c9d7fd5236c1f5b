/** The program of the index's thread: it owns the file and answers one request after another. What it throws ends it. */
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay } from '../platform/give-way.ts';
import { bestRow } from './best-rows.ts';
import { piecesOf } from './extract.ts';
import { IndexFile, isBroken, removeIndex } from './index-file.ts';
import { matchOf, wantedBy } from './phrase.ts';
import { cutFrom } from './snippet.ts';
import type { FromIndex, IndexArgs, IndexCalls, Source, ToIndex } from './wire.ts';

const args = workerData as IndexArgs;
const port = parentPort;
if (port === null) throw new Error('this runs in a thread');

const tell = (message: FromIndex, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer as ArrayBuffer[]);

const load = async () => {
  try {
    return (await import('libsql')).default;
  } catch (error) {
    tell({ type: 'missing', message: (error as Error).message.split('\n')[0] ?? '' });
    return undefined;
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
  best: (tenant, sessionIds, texts) => {
    const matches = matchesOf(texts);
    return sessionIds.map((sessionId) => {
      const number = file.numberOf(tenant, sessionId);
      const seq = number === 0 ? undefined : bestRow(file, number, matches);
      return seq === undefined ? null : { seq };
    });
  },
  cut: (sources, texts, bytes) => {
    const wanted = texts.map(wantedBy);
    return sources.map((source) => source && (cutFrom(textsOf(source, bytes), wanted) ?? null));
  },
  close: () => {
    file.close();
    port.close();
  },
});

const textsOf = (source: Source, bytes: Uint8Array): readonly string[] =>
  source.kind === 'about'
    ? source.texts
    : piecesOf(source.kind, bytes.subarray(source.start, source.end), args.scope);

/** A broken file is deleted, and whoever starts this thread again begins a new one. */
const giveUp = (file: IndexFile, error: unknown): never => {
  if (isBroken(error)) {
    file.abandon();
    removeIndex(args.path);
  }
  throw said(error);
};

/** An error of the library loses its words on its way to another thread. */
const said = (error: unknown): Error => {
  const { code, message, stack } = error as { code?: unknown; message?: string; stack?: string };
  return Object.assign(new Error(`${String(code ?? '')} ${message}`.trim()), { stack });
};

const open = (found: Parameters<typeof IndexFile.open>[0]) => {
  try {
    return IndexFile.open(found, args);
  } catch (error) {
    throw said(error);
  }
};

giveWay(); // commits and turns come first
const library = await load();
if (library !== undefined) {
  const [file, why] = open(library);
  const calls = callsOn(file);
  port.on('message', ({ id, call, args: given }: ToIndex) => {
    if (!file.isOpen) return; // sent before the end was heard of
    const work = calls[call] as (...all: readonly unknown[]) => unknown;
    try {
      tell({ type: 'answer', id, value: work(...given) });
    } catch (error) {
      giveUp(file, error);
    }
  });
  tell({ type: 'ready', why });
}
