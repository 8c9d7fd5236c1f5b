/**
 * An import: reads every file once to know what it is, then stores what is new.
 *
 * 1. Memory does not grow with the files, but for one small record per model response and file.
 * 2. Files of one session go one after another: its own transcript first, the longest copy first, so
 *    that an older copy of it is found to be contained. Sessions go side by side.
 * 3. A file that cannot be imported says why and holds up nobody.
 * 4. What is told to be spent is what counts in the sessions that were stored: a response that another
 *    session has made is told apart, and one that was not stored is not told.
 */
import { groupBy } from './group-by.ts';
import {
  type FileResult,
  type ImportSettings,
  importSession,
  type Stored,
  told,
} from './import-session.ts';
import { type Refused, type Scanned, scan } from './scan.ts';
import { type Spent, sumOf } from './totals.ts';
import type { FoundFile } from './walk.ts';

/** Sessions written at once: enough to share commits, few enough to leave room for live work. */
const SESSIONS_AT_ONCE = 6;

/** Resolves with what all files together used. */
export const importFiles = async (
  files: readonly FoundFile[],
  settings: ImportSettings,
): Promise<Spent> => {
  const progress = new ByteCount(settings.onProgress);
  const transcripts: Scanned[] = [];
  for (const file of files) {
    const scanned = await scanOrFail(file, progress);
    if (scanned.kind === 'transcript') transcripts.push(scanned);
    else {
      progress.set(file.path, 2 * file.size);
      settings.onFile({ ...nothing(file.path), status: scanned.kind, reason: scanned.reason });
    }
  }
  const sessions: (readonly Stored[])[] = [];
  const queue = groups(transcripts).entries();
  const onRead = (path: string, bytes: number) => progress.set(path, bytes);
  const worker = async (): Promise<void> => {
    for (const [at, group] of queue) sessions[at] = await importSession(group, settings, onRead); // told in the order of the files
  };
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, worker));
  // Only now: a session that came later may have had the better claim to a response.
  const spent: Spent[] = [];
  for (const stored of sessions) {
    const session = await told(stored, settings.daemon);
    for (const result of session.results) settings.onFile(result);
    spent.push(session.spent);
  }
  return sumOf(spent);
};

interface Failed extends FoundFile {
  readonly kind: 'failed';
  readonly reason: string;
}

const scanOrFail = async (
  file: FoundFile,
  progress: ByteCount,
): Promise<Scanned | Refused | Failed> => {
  try {
    return await scan(file, (bytes) => progress.set(file.path, bytes));
  } catch (error) {
    return { ...file, kind: 'failed', reason: (error as Error).message };
  }
};

/** The files of each session, in the order in which they are stored. */
const groups = (files: readonly Scanned[]): readonly (readonly Scanned[])[] =>
  [...groupBy(files, (file) => file.identity.sessionId ?? file.path).values()].map((group) =>
    group.sort(parentFirst),
  );

/** A main transcript without messages comes behind one that has some: it is no beginning of it. */
const parentFirst = (a: Scanned, b: Scanned): number =>
  Number(a.identity.subpath !== '') - Number(b.identity.subpath !== '') ||
  Number(a.facts.messageCount === 0) - Number(b.facts.messageCount === 0) ||
  b.lines - a.lines;

const nothing = (path: string): Omit<FileResult, 'status'> => ({
  ...{ path, lines: 0, added: 0, malformed: 0, recovered: 0 },
});

/** How far all files together are. */
class ByteCount {
  readonly #onChange: (doneBytes: number) => void;
  readonly #byPath = new Map<string, number>();
  #sum = 0;

  constructor(onChange: (doneBytes: number) => void) {
    this.#onChange = onChange;
  }

  set(path: string, bytes: number): void {
    this.#sum += bytes - (this.#byPath.get(path) ?? 0);
    this.#byPath.set(path, bytes);
    this.#onChange(this.#sum);
  }
}
