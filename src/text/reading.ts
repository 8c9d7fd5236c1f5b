/** What the index has yet to see of a session, read from the journal in slices: bytes, never parsed on this thread. */
import { firstSeqOf } from '../classic/classic-head.ts';
import type { Entry } from '../model/entry.ts';
import { codeOf } from '../model/errors.ts';
import type { Head } from '../model/head.ts';
import { isKnown, type Journal, type KnownSession } from '../session/ports/journal.ts';
import type { WaitingSession } from './waiting-sessions.ts';
import type { EntryBytes, Progress, SessionText } from './wire.ts';

/** Entries of one slice of a session. */
const MAX_ENTRIES = 500;

export interface Slice {
  readonly texts: readonly SessionText[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of which there is more to read. */
  readonly unfinished: readonly WaitingSession[];
}

/** Reads until there are so many bytes. Rejects when the journal is not there. */
export const readSlice = async (
  journal: Pick<Journal, 'open'>,
  sessions: readonly WaitingSession[],
  progress: readonly Progress[],
  maxBytes: number,
): Promise<Slice> => {
  const parcel = new Parcel();
  const texts: SessionText[] = [];
  const unfinished: WaitingSession[] = [];
  for (const [at, session] of sessions.entries()) {
    const room = maxBytes - parcel.size;
    const text = room <= 0 ? undefined : await read(journal, session, progress[at], parcel, room);
    if (text === undefined) unfinished.push(session);
    else {
      texts.push(...text.texts);
      if (!text.isWhole) unfinished.push({ ...session, wasDeleted: false });
    }
  }
  return { texts, bytes: parcel.packed(), unfinished };
};

interface Read {
  readonly texts: readonly SessionText[];
  readonly isWhole: boolean;
}

const read = async (
  journal: Pick<Journal, 'open'>,
  { key, wasDeleted, head }: WaitingSession,
  progress: Progress | undefined,
  parcel: Parcel,
  maxBytes: number,
): Promise<Read> => {
  const gone: SessionText = { is: 'gone', tenant: key.tenant, sessionId: key.sessionId };
  try {
    const session = await journal.open(key, head);
    if (!isKnown(session)) return { texts: [gone], isWhole: true };
    const isSame = !wasDeleted && progress?.createdAtMs === session.head.createdAtMs;
    const text = await textOf(session, isSame ? progress.seq : 0, parcel, maxBytes);
    return { texts: wasDeleted ? [gone, text] : [text], isWhole: text.version > 0 };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'session_deleted') return { texts: [gone], isWhole: true };
    // What cannot be read is not found; what else is wrong with it, others say.
    if (code === 'corrupt_record') return { texts: [], isWhole: true };
    throw error;
  }
};

const textOf = async (
  session: KnownSession,
  through: number,
  parcel: Parcel,
  maxBytes: number,
): Promise<SessionText & { is: 'text' }> => {
  const { head, key } = session;
  const firstSeq = firstSeqOf(head);
  const from = Math.max(through + 1, firstSeq);
  const range = { from, to: head.seq, limit: MAX_ENTRIES, maxBytes };
  const entries = from > head.seq ? [] : await session.entries(range);
  const seq = entries.at(-1)?.seq ?? Math.max(through, head.seq);
  return {
    is: 'text',
    tenant: key.tenant,
    sessionId: key.sessionId,
    createdAtMs: head.createdAtMs,
    updatedAtMs: lastAtMs(head),
    version: seq >= head.seq ? head.version : 0,
    firstSeq,
    seq,
    about: aboutOf(head),
    entries: entries.flatMap((entry) => parcel.add(entry)),
  };
};

/**
 * When a session changed last, as the index has it. An import may have the times, the version and the length of one that was
 * deleted, and is yet another one: when it was made tells them apart.
 */
export const lastAtMs = ({
  updatedAtMs,
  importedAtMs = 0,
}: Pick<Head, 'updatedAtMs' | 'importedAtMs'>): number => Math.max(updatedAtMs, importedAtMs);

/** What describes a session: row 0 of it. */
export const aboutOf = ({ title, description, summary }: Head): readonly string[] =>
  [title, description, summary].filter((text) => text !== undefined);

/** Bodies, to be handed over in one piece. */
export class Parcel {
  readonly #bodies: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Nothing for what nobody said, or has not said to its end. */
  add(entry: Entry): readonly EntryBytes[] {
    if (entry.kind === 'view' || (entry.kind === 'message' && entry.isPartial === true)) return [];
    const start = this.#size;
    this.#bodies.push(entry.body);
    this.#size += entry.body.byteLength;
    return [{ kind: entry.kind, seq: entry.seq, start, end: this.#size }];
  }

  packed(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const body of this.#bodies) {
      bytes.set(body, at);
      at += body.byteLength;
    }
    return bytes;
  }
}
