/**
 * One session's records, seen in the order of their keys: whether they fit together. Gathers a few
 * numbers while the records go by, judges when the last one has.
 */

import { catalogRowOf } from '../../model/catalog-row.ts';
import { duesOf } from '../../model/due.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import { inheritedThrough, type Segment } from '../../model/segments.ts';
import type { StreamRecord } from '../../session/ports/journal.ts';
import {
  packRow,
  readEntry,
  readHead,
  readMetrics,
  readRow,
  readStream,
  readTurn,
} from '../records/codec.ts';
import { readValue, record } from '../records/frame.ts';
import * as keys from '../records/keys.ts';
import { AUDIT, ROWS, SESSIONS, UPKEEP } from '../records/keys.ts';
import type { ReadTables } from '../records/store.ts';

/** Tells of something that is wrong about the record at a key. */
export type Complain = (key: keys.Key, why: string) => void;

/** Entries of one transcript: numbered without gaps. */
interface Run {
  readonly first: number;
  last: number;
}

export class SessionCheck {
  readonly #prefix: keys.Key;
  readonly #tables: ReadTables;
  readonly #complain: Complain;
  readonly #sides = new Map<keys.Key, Run>();
  readonly #streams: StreamRecord[] = [];
  readonly #prompts = new Set<string>();
  #main: Run | undefined;
  #messages = 0;
  /** Its messages are not one per entry, or some entry cannot be read. */
  #isUncountable = false;
  #head: Head | undefined;
  #isHeadBroken = false;
  #isStreamBroken = false;

  constructor(prefix: keys.Key, tables: ReadTables, complain: Complain) {
    this.#prefix = prefix;
    this.#tables = tables;
    this.#complain = complain;
  }

  get prefix(): keys.Key {
    return this.#prefix;
  }

  /** A record that passed its checksum. What cannot be decoded throws. */
  see(key: keys.Key, value: Buffer): void {
    const found = keys.kindOf(this.#prefix, key);
    switch (found.kind) {
      case 'entry':
        return this.#entry(key, found.seq, value);
      case 'side':
        return this.#side(key, found.stream, found.seq, value);
      case 'stream':
        return void this.#streams.push(readStream(key, value));
      case 'head':
        this.#head = readHead(key, value);
        return;
      case 'turn':
        return this.#turn(key, value);
      case 'prompt':
        this.#prompts.add(keys.ofPromptKey(this.#prefix, key));
        return;
      case 'audited':
        return this.#audited(key);
      case 'metrics':
        return void readMetrics(key, value);
      case 'other':
        return void readValue(key, value);
    }
  }

  /** A record that cannot be read is told of already; nothing that follows from it is told of too. */
  seeBroken(key: keys.Key): void {
    const found = keys.kindOf(this.#prefix, key);
    if (found.kind === 'head') this.#isHeadBroken = true;
    if (found.kind === 'stream') this.#isStreamBroken = true;
    if (found.kind === 'side') this.#countSide(key, found.stream, found.seq);
    if (found.kind !== 'entry') return;
    this.#isUncountable = true;
    this.#main = this.#grown(this.#main, found.seq, key);
  }

  end(): void {
    if (this.#isHeadBroken) return;
    if (this.#head === undefined) return this.#endWithout();
    this.#entriesOf(this.#head);
    this.#sidesOf(this.#head);
    this.#rowOf(this.#head);
    this.#duesOf(this.#head);
    this.#promptsOf(this.#head);
    const { segments = [], key } = this.#head;
    for (const [at, segment] of segments.entries())
      this.#segment(key, segment, segments[at - 1]?.throughSeq ?? 0);
  }

  #entry(key: keys.Key, seq: number, value: Buffer): void {
    const entry = readEntry(key, value);
    if (entry.seq !== seq) this.#complain(key, `says that it is entry ${entry.seq}`);
    if (entry.kind === 'imported') this.#isUncountable = true;
    if (entry.kind === 'message' && entry.isPartial !== true) this.#messages += 1;
    this.#main = this.#grown(this.#main, seq, key);
  }

  #side(key: keys.Key, stream: keys.Key, seq: number, value: Buffer): void {
    readEntry(key, value);
    this.#countSide(key, stream, seq);
  }

  #countSide(key: keys.Key, stream: keys.Key, seq: number): void {
    this.#sides.set(stream, this.#grown(this.#sides.get(stream), seq, key));
  }

  #grown(run: Run | undefined, seq: number, key: keys.Key): Run {
    if (run === undefined) return { first: seq, last: seq };
    if (seq !== run.last + 1) this.#complain(key, `follows entry ${run.last}`);
    run.last = seq;
    return run;
  }

  #turn(key: keys.Key, value: Buffer): void {
    const turn = readTurn(key, value);
    const { seq = 0, openTurns = [] } = this.#head ?? {};
    if (this.#head !== undefined && turn.seq > seq)
      this.#complain(key, `begins at entry ${turn.seq} of ${seq}`);
    if (openTurns.some(({ turnId }) => turnId === turn.turnId))
      this.#complain(key, 'is closed in the ledger and open in the head');
  }

  #audited(key: keys.Key): void {
    if (this.#tables.get(AUDIT, keys.ofAuditedKey(this.#prefix, key)) === undefined)
      this.#complain(key, 'names an audit record that is missing');
  }

  #entriesOf({ seq, segments, messageCount, classic }: Head): void {
    const inherited = inheritedThrough(segments);
    const first = this.#main?.first ?? inherited + 1;
    const last = this.#main?.last ?? inherited;
    if (first !== inherited + 1)
      this.#complain(this.#entryKey(inherited + 1), 'is missing: the transcript begins with it');
    if (last < seq) this.#complain(this.#entryKey(last + 1), `is missing: the head has ${seq}`);
    if (last > seq)
      this.#complain(this.#entryKey(last), `is not known to the head, which has ${seq}`);
    if (
      inherited === 0 &&
      classic === undefined &&
      !this.#isUncountable &&
      this.#messages !== messageCount
    )
      this.#complain(this.#headKey, `counts ${messageCount} messages, there are ${this.#messages}`);
  }

  #sidesOf({ sideTranscripts }: Head): void {
    const known = this.#streams.filter(({ subpath }) => subpath !== '');
    if (known.length !== sideTranscripts && !this.#isStreamBroken)
      this.#complain(
        this.#headKey,
        `counts ${sideTranscripts} side transcripts, there are ${known.length}`,
      );
    for (const { subpath, seq } of known) {
      const last = this.#sides.get(keys.sideEntriesPrefix(this.#prefix, subpath))?.last ?? 0;
      if (last !== seq)
        this.#complain(
          keys.streamKey(this.#prefix, subpath),
          `says that it has ${seq} entries, there are ${last}`,
        );
    }
  }

  #rowOf(head: Head): void {
    const key = keys.rowKey(this.#prefix);
    const stored = this.#tables.get(ROWS, key);
    if (stored === undefined) return this.#complain(key, 'is missing: the session has no row');
    try {
      const row = readRow(key, stored, head.key);
      const expected = record(key, packRow, catalogRowOf(head));
      if (row === undefined || record(key, packRow, row).equals(expected)) return;
      this.#complain(key, 'says something else than the head');
    } catch (error) {
      this.#complain(key, (error as Error).message.slice(0, 200));
    }
  }

  #duesOf(head: Head): void {
    for (const { kind, atMs } of duesOf(head)) {
      const due = keys.dueKey(kind, this.#prefix, atMs);
      if (this.#tables.get(UPKEEP, due) === undefined)
        this.#complain(due, 'is missing: nobody would wake the session, which waits for it');
    }
  }

  /** Each turn that is yet to begin has its prompt, and no other turn has one. */
  #promptsOf({ delayed = [] }: Head): void {
    const waiting = new Set(delayed.map(({ turnId }) => turnId as string));
    for (const turnId of waiting)
      if (!this.#prompts.has(turnId))
        this.#complain(
          keys.promptKey(this.#prefix, turnId),
          'is missing: its turn is yet to begin',
        );
    for (const turnId of this.#prompts)
      if (!waiting.has(turnId))
        this.#complain(keys.promptKey(this.#prefix, turnId), 'is of no turn that is yet to begin');
  }

  /** Its writer still has it, from its first entry to its last, and the reference that keeps it there. */
  #segment(key: SessionKey, { sessionId, throughSeq }: Segment, after: number): void {
    const writer = keys.sessionPrefix({ ...key, sessionId } as SessionKey);
    const reference = keys.referenceKey(writer, throughSeq, this.#prefix);
    if (this.#tables.get(UPKEEP, reference) === undefined)
      this.#complain(reference, 'is missing: a fork refers to these entries');
    for (const seq of [after + 1, throughSeq]) {
      const entry = keys.entryKey(writer, '', seq);
      if (this.#tables.get(SESSIONS, entry) === undefined)
        this.#complain(entry, `is missing: the fork ${key.sessionId} refers to it`);
    }
  }

  /** Only what waits for its purge, or is kept for forks, has no head. */
  #endWithout(): void {
    const isPurging = this.#tables.get(UPKEEP, keys.purgeKey(this.#prefix)) !== undefined;
    const kept = this.#tables.get(UPKEEP, keys.keptKey(this.#prefix));
    if (isPurging || this.#tables.get(ROWS, keys.rowKey(this.#prefix)) !== undefined) return;
    if (kept === undefined) return this.#complain(this.#headKey, 'is missing: the rest is there');
    const { throughSeq } = readValue(keys.keptKey(this.#prefix), kept) as { throughSeq: number };
    if (this.#main?.last !== throughSeq)
      this.#complain(this.#entryKey(throughSeq), 'should be the last that is kept for forks');
  }

  get #headKey(): keys.Key {
    return keys.headKey(this.#prefix);
  }

  #entryKey(seq: number): keys.Key {
    return keys.entryKey(this.#prefix, '', seq);
  }
}
