/** Where an export goes on: all that its next page is computed from. It was with the caller, so it is read as any input. */
import { z } from 'zod';
import { EMPTY_DIGEST } from '../../claude-code/digest.ts';
import { PlausibleMs } from '../../model/bound-schemas.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { TurnId } from '../../model/id-schemas.ts';
import { unfinishedTurns } from '../../model/unfinished.ts';
import type { StreamRecord } from '../ports/journal.ts';

const count = z.int().min(0);

/** A key of the journal's own, in base64url. */
const key = z
  .string()
  .max(1_500)
  .regex(/^[A-Za-z0-9_-]+$/);
const entry = z.int().min(1);

/** Where each section goes on, as it says itself. */
const PLACES = {
  head: z.undefined(),
  responses: key.optional(),
  main: entry.optional(),
  sides: entry.optional(),
  turns: TurnId.optional(),
  audit: key.optional(),
  end: z.undefined(),
};
type Section = keyof typeof PLACES;
const SECTIONS = Object.keys(PLACES) as [Section, ...Section[]];

const Place = z.strictObject({
  section: z.enum(SECTIONS),
  /** A cursor of the journal, or a `seq`. */
  at: z.union([z.string(), entry]).optional(),
  /** Number of the side transcript. */
  side: count.optional(),
});
export type Place = z.output<typeof Place>;

const digest = z.string().regex(/^([0-9a-f]{32})?$/);

const Cursor = z
  .strictObject({
    ...Place.shape,
    /** The moment that is exported. */
    version: count,
    seq: count,
    nowMs: PlausibleMs,
    openTurns: z.array(TurnId),
    /** Side transcripts, and the main one's record, with their ends. */
    streams: z.array(z.tuple([z.string(), count])),
    /** Lines that are out, and the digest over them. */
    lines: count,
    digest,
    /** Lines of this step that are out, and characters of the next one. */
    skip: count,
    offset: count,
  })
  .refine(({ section, at }) => PLACES[section].safeParse(at).success);
export type Cursor = z.output<typeof Cursor>;

export const begin = (head: Head, streams: readonly StreamRecord[], nowMs: number): Cursor => ({
  section: 'head',
  version: head.version,
  seq: head.seq,
  nowMs,
  openTurns: unfinishedTurns(head).map(({ turnId }) => turnId),
  streams: streams.map(({ subpath, seq }) => [subpath, seq]),
  lines: 0,
  digest: EMPTY_DIGEST,
  skip: 0,
  offset: 0,
});

/** Throws `invalid_request` for what `begin` and the pages behind it cannot have made. */
export const cursorIn = (text: string): Cursor => {
  const { success, data } = Cursor.safeParse(parsed(text));
  if (success) return data;
  throw new GreenroomError('invalid_request', 'cursor: it is not one of an export');
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON is no cursor: the schema says so
  }
};
