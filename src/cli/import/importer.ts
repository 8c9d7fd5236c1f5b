/**
 * An import: reads every file once to know what it is, then stores what is new.
 *
 * 1. Memory does not grow with the files, but for one small record per model response.
 * 2. Files of one session go one after another: its own transcript first, the longest copy first, so
 *    that an older copy of it is found to be contained. Sessions go side by side.
 * 3. A file that cannot be imported says why and holds up nobody.
 */
import type { ResponseRecord } from '../../session/claude-code/response-record.ts';
import type { DaemonClient } from '../shell.ts';
import { groupBy } from './group-by.ts';
import { type Refused, type Scanned, scan, type Transcript } from './scan.ts';
import { findSeat, type Seat } from './seat.ts';
import { mergeInto, type Spent, spentOf } from './totals.ts';
import { upload } from './upload.ts';
import type { FoundFile } from './walk.ts';

export interface FileResult extends Partial<Spent> {
  readonly path: string;
  readonly status: 'new' | 'grown' | 'unchanged' | 'refused' | 'failed';
  readonly sessionId?: string;
  readonly subpath?: string;
  /** The session was made by this import. */
  readonly isNewSession?: boolean;
  readonly lines: number;
  readonly added: number;
  readonly malformed: number;
  readonly recovered: number;
  /** The last line is half written: the next import takes it. */
  readonly hasUnfinishedLine?: true;
  /** Why it was refused or failed. */
  readonly reason?: string;
}

export interface ImportSettings {
  readonly daemon: DaemonClient;
  readonly sleep: (ms: number) => Promise<void>;
  /** Bytes read so far, of the two readings together. */
  readonly onProgress: (doneBytes: number) => void;
  readonly onFile: (result: FileResult) => void;
}

/** Sessions written at once: enough to share commits, few enough to leave room for live work. */
const SESSIONS_AT_ONCE = 6;

/** Resolves with what all files together used. */
export const importFiles = async (
  files: readonly FoundFile[],
  settings: ImportSettings,
): Promise<Spent> => {
  const progress = new ByteCount(settings.onProgress);
  const all = new Map<string, ResponseRecord>();
  const transcripts: Counted[] = [];
  for (const file of files) {
    const scanned = await scanOrFail(file, progress);
    if (scanned.kind === 'transcript') {
      const { responses, ...transcript } = scanned;
      mergeInto(all, responses);
      transcripts.push({ ...transcript, spent: spentOf(responses) });
    } else {
      progress.set(file.path, 2 * file.size);
      settings.onFile({ ...nothing(file.path), status: scanned.kind, reason: scanned.reason });
    }
  }
  const queue = groups(transcripts).values();
  const worker = async (): Promise<void> => {
    for (const group of queue) for (const file of group) await importOne(file, settings, progress);
  };
  await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, worker));
  return spentOf(all);
};

/** Its responses have been counted and are no longer needed: they are most of a scan's memory. */
interface Counted extends Transcript {
  readonly spent: Spent;
}

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
const groups = (files: readonly Counted[]): readonly (readonly Counted[])[] =>
  [...groupBy(files, (file) => file.identity.sessionId ?? file.path).values()].map((group) =>
    group.sort(parentFirst),
  );

const parentFirst = (a: Transcript, b: Transcript): number =>
  Number(a.identity.subpath !== '') - Number(b.identity.subpath !== '') || b.lines - a.lines;

const importOne = async (
  file: Counted,
  { daemon, sleep, onFile }: ImportSettings,
  progress: ByteCount,
): Promise<void> => {
  const onRead = (bytes: number) => progress.set(file.path, file.size + bytes);
  try {
    const seat = await findSeat(daemon, file);
    if (seat.kind === 'free' && seat.stored < file.lines)
      await upload(file, seat, { daemon, sleep, onRead });
    onFile(resultOf(file, seat));
  } catch (error) {
    onFile({ ...described(file), status: 'failed', added: 0, reason: (error as Error).message });
  }
  progress.set(file.path, 2 * file.size);
};

const resultOf = (file: Counted, seat: Seat): FileResult => {
  if (seat.kind === 'diverged')
    return {
      ...described(file),
      status: 'refused',
      added: 0,
      reason: `It begins like session ${seat.sessionId} that is stored here, and goes on differently: it was changed, not continued.`,
    };
  if (seat.kind === 'mirrored')
    return {
      ...described(file),
      status: 'refused',
      added: 0,
      reason: `The Agent SDK keeps this session here already, as ${seat.sessionId}: its importSessionToStore brings what may be missing.`,
    };
  const { sessionId, isNew: isNewSession, stored } = seat;
  const added = Math.max(0, file.lines - stored);
  const status = added === 0 ? 'unchanged' : stored === 0 ? 'new' : 'grown';
  return { ...described(file), status, sessionId, isNewSession, added };
};

const described = ({ path, identity, lines, facts, spent, hasUnfinishedLine }: Counted) => ({
  path,
  subpath: identity.subpath,
  lines,
  malformed: facts.malformed,
  recovered: facts.recovered,
  ...(hasUnfinishedLine ? { hasUnfinishedLine } : {}),
  ...spent,
});

const nothing = (path: string) => ({ path, lines: 0, added: 0, malformed: 0, recovered: 0 });

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
