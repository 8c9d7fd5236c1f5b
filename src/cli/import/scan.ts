/**
 * The first reading of a file: is it a transcript, of which session, how many lines, what did it
 * cost. Nothing is sent; memory is one batch of lines, one record per response
 * and one uuid per message.
 */
import { basename } from 'node:path';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import { type Identity, identify } from '../../claude-code/identify.ts';
import { mergeResponse, type ResponseRecord } from '../../claude-code/response-record.ts';
import { SNIFF_LINES, sniff } from '../../claude-code/sniff.ts';
import {
  copiesInOnePass,
  emptyFacts,
  foldChunk,
  type TranscriptFacts,
} from '../../claude-code/transcript-facts.ts';
import { whereOf } from './file-kind.ts';
import { isWholeLine, type LineBatch, readLines } from './lines.ts';
import type { FoundFile } from './walk.ts';

export interface Transcript extends FoundFile {
  readonly kind: 'transcript';
  readonly identity: Identity;
  readonly facts: TranscriptFacts;
  /** Whole lines; a half-written last one is not among them. */
  readonly lines: number;
  readonly hasUnfinishedLine: boolean;
  /** Lines that were too long to be stored as they are, by their numbers from 1. */
  readonly leftOut: readonly { readonly line: number; readonly bytes: number }[];
  /** Over all lines, and over the first one. */
  readonly digest: string;
  readonly firstDigest: string;
}

/** A transcript with its responses, for whoever counts them. */
export interface Scanned extends Transcript {
  readonly responses: ReadonlyMap<string, ResponseRecord>;
}

export interface Refused extends FoundFile {
  readonly kind: 'refused';
  /** Why, for the person who tried. */
  readonly reason: string;
}

export const scan = async (
  file: FoundFile,
  onRead: (bytes: number) => void = () => {},
): Promise<Scanned | Refused> => {
  const scanner = new Scanner();
  for await (const batch of readLines(whereOf(file), file.size)) {
    scanner.take(batch);
    onRead(batch.readBytes);
    const reason = scanner.refusal(false);
    if (reason !== undefined) return { ...file, kind: 'refused', reason };
  }
  const reason = scanner.refusal(true);
  return reason === undefined
    ? { ...file, ...scanner.result(basename(file.path, '.jsonl')) }
    : { ...file, kind: 'refused', reason };
};

class Scanner {
  #firstLines: Uint8Array[] = [];
  #isOurs = false;
  #facts = emptyFacts;
  readonly #isCopy = copiesInOnePass();
  readonly #responses = new Map<string, ResponseRecord>();
  #digest = EMPTY_DIGEST;
  #firstDigest = EMPTY_DIGEST;
  #hasUnfinishedLine = false;
  readonly #leftOut: { line: number; bytes: number }[] = [];

  take(batch: LineBatch): void {
    const lines = batch.isCut && !batch.lines.every(isWholeLine) ? [] : batch.lines;
    this.#hasUnfinishedLine = lines.length < batch.lines.length;
    if (!this.#isOurs) this.#firstLines.push(...lines.slice(0, SNIFF_LINES));
    if (lines.length > 0)
      for (const { position, bytes } of batch.leftOut)
        this.#leftOut.push({ line: this.#facts.lines + position + 1, bytes });
    const { facts, responses } = foldChunk(this.#facts, lines, undefined, this.#isCopy);
    this.#facts = facts;
    for (const [key, record] of responses)
      this.#responses.set(key, mergeResponse(this.#responses.get(key), record).record);
    for (const line of lines) {
      this.#digest = nextDigest(this.#digest, line);
      if (this.#firstDigest === EMPTY_DIGEST) this.#firstDigest = this.#digest;
    }
  }

  /** A sentence for what is no transcript of ours; undefined while it is or may yet be one. */
  refusal(isEnd: boolean): string | undefined {
    if (this.#isOurs) return undefined;
    const sniffed = sniff(this.#firstLines);
    if (sniffed.kind === 'claude-code') {
      this.#isOurs = true;
      this.#firstLines = [];
      return undefined;
    }
    const mayYetBe = sniffed.format === 'unknown' || sniffed.format === 'empty';
    const isEnough = this.#firstLines.length >= SNIFF_LINES;
    return mayYetBe && !isEnd && !isEnough ? undefined : sniffed.sentence;
  }

  result(fileStem: string): Omit<Scanned, keyof FoundFile> {
    return {
      kind: 'transcript',
      identity: identify(this.#facts, fileStem),
      facts: this.#facts,
      lines: this.#facts.lines,
      hasUnfinishedLine: this.#hasUnfinishedLine,
      leftOut: this.#leftOut,
      digest: this.#digest,
      firstDigest: this.#firstDigest,
      responses: this.#responses,
    };
  }
}
