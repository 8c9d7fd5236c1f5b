/**
 * What the lines of an export add up to, for comparing it with what the export says of itself. It stands in the head
 * between two chunks, so it is small and plain.
 */
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import type { Entry } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';
import type { Lines, Tally } from '../../model/transfer.ts';
import type { StreamRecord } from '../ports/journal.ts';
import { type ExportedHead, wrong } from './format.ts';

const NO_LINES: Lines = { lines: 0, digest: EMPTY_DIGEST };

export const emptyTally: Tally = {
  ...{ sideTranscripts: 0, messages: 0 },
  main: NO_LINES,
  side: { ...NO_LINES, subpath: '' },
};

export const withEntry = (tally: Tally, subpath: string, entry: Entry): Tally => {
  const isCounted = subpath === '' && entry.kind === 'message' && entry.isPartial !== true;
  if (isCounted) return { ...tally, messages: tally.messages + 1 };
  if (entry.kind !== 'imported') return tally;
  if (subpath === '') return { ...tally, main: withLine(tally.main, entry.body) };
  const before = tally.side.subpath === subpath ? tally.side : NO_LINES;
  return { ...tally, side: { ...withLine(before, entry.body), subpath } };
};

const withLine = ({ lines, digest }: Lines, body: Uint8Array): Lines => ({
  lines: lines + 1,
  digest: nextDigest(digest, body),
});

interface Noted {
  readonly digest: string;
  readonly facts: { readonly lines: number };
  readonly fragments?: readonly unknown[];
}

/** What the importer noted of a stream is of the lines that came: it goes on from there. */
export const mustBeOfItsLines = (
  { subpath, imported }: StreamRecord,
  { main, side }: Tally,
  number: number,
): void => {
  const noted = imported as Noted | undefined;
  if (noted === undefined) return;
  const found = subpath === '' ? main : side.subpath === subpath ? side : NO_LINES;
  const { digest, facts, fragments } = noted;
  if (facts.lines !== found.lines)
    throw wrong(
      number,
      `is wrong: stream.imported.facts.lines: ${facts.lines}, there are ${found.lines}`,
      'stream.imported.facts.lines',
    );
  // Where a stream has several files the digest is of the last one's lines, and whether the next piece of
  // that file fits is asked when it comes.
  if (fragments === undefined && digest !== found.digest)
    throw wrong(number, 'is wrong: stream.imported.digest: not of these lines', 'digest');
};

/**
 * Counters that follow from the lines, counted anew. Messages are one for each that came, unless other programs'
 * lines are among them, or messages that a save has replaced.
 */
export const counted = (
  session: ExportedHead,
  { sideTranscripts, messages, main }: Tally,
): Pick<Head, 'sideTranscripts' | 'messageCount'> => {
  const isCountable = main.lines === 0 && session.classic === undefined;
  return { sideTranscripts, messageCount: isCountable ? messages : session.messageCount };
};
