/**
 * A history on its way to another thread: bodies in one shared run of bytes, numbers in arrays. What is handed over is
 * a handle and two arrays, not an object for each of a hundred thousand lines.
 */
import type { SeenEntry, SeenImport, SeenMessage } from '../../session/context/model-messages.ts';
import { sharedMemory } from '../../session/memory/slabs.ts';

type Bodiless = Omit<SeenMessage, 'body'> | Exclude<SeenEntry, SeenMessage | SeenImport>;

export interface PackedHistory {
  /** The bodies, one behind the other. */
  readonly bytes: SharedArrayBuffer;
  /** Where each entry's body ends; it begins where the one before it ended. */
  readonly ends: Float64Array;
  readonly seqs: Float64Array;
  /** What is not an imported line, by its place. */
  readonly others: readonly (readonly [place: number, entry: Bodiless])[];
}

export const packHistory = (entries: readonly SeenEntry[]): PackedHistory => {
  const size = entries.reduce((sum, entry) => sum + bodyOf(entry).byteLength, 0);
  const bytes = sharedMemory(size);
  const target = new Uint8Array(bytes);
  const ends = new Float64Array(entries.length);
  const seqs = new Float64Array(entries.length);
  const others: [number, Bodiless][] = [];
  let end = 0;
  for (const [place, entry] of entries.entries()) {
    const body = bodyOf(entry);
    target.set(body, end);
    end += body.byteLength;
    ends[place] = end;
    seqs[place] = entry.seq;
    if (entry.kind !== 'imported') others.push([place, bodiless(entry)]);
  }
  return { bytes, ends, seqs, others };
};

export const unpackHistory = ({
  bytes,
  ends,
  seqs,
  others,
}: PackedHistory): readonly SeenEntry[] => {
  const byPlace = new Map(others);
  const entries: SeenEntry[] = [];
  let start = 0;
  for (const [place, end] of ends.entries()) {
    const body = new Uint8Array(bytes, start, end - start);
    const other = byPlace.get(place);
    if (other === undefined) entries.push({ kind: 'imported', seq: seqs[place] ?? 0, body });
    else entries.push(other.kind === 'view' ? other : { ...other, body });
    start = end;
  }
  return entries;
};

const bodyOf = (entry: SeenEntry): Uint8Array =>
  entry.kind === 'view' ? new Uint8Array() : entry.body;

/** Only what `modelMessages` reads: entries may carry much more. */
const bodiless = (entry: Exclude<SeenEntry, SeenImport>): Bodiless => {
  if (entry.kind === 'view') return { kind: 'view', seq: entry.seq, view: entry.view };
  const { kind, seq, role, turnId, isPartial, model } = entry;
  return {
    ...{ kind, seq, role },
    ...(turnId === undefined ? {} : { turnId }),
    ...(isPartial === undefined ? {} : { isPartial }),
    ...(model === undefined ? {} : { model }),
  };
};
