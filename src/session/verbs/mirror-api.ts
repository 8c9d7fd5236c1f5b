/**
 * What can be asked of mirrored transcripts: sessions that another program, the Agent SDK, keeps here
 * under its own names. One declaration per verb, as in `api.ts`, which takes these in.
 */
import { z } from 'zod';
import type { SummaryData } from '../mirror/session-summary.ts';

const name = z.string().min(1).max(1_000);
const foreign = { projectKey: z.string().max(1_000), sessionId: name };
/** Absent: the main transcript. Empty is refused, so that it is never taken for that by mistake. */
const subpath = name.optional();

/** Most entries of one append: each is up to three records of a commit. */
export const MAX_APPENDED = 5_000;
/** Largest page of entries, in bytes, and what is given without a `maxBytes`. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** Requests: `<prefix>.v1.<tenant>.sessions.<verb>`. */
export const MIRROR_VERBS = {
  'mirror-append': z.strictObject({
    ...foreign,
    subpath,
    /** Objects (or whatever JSON the transcript holds) as JSON text, one line each. One whose `uuid` is stored already is left out. */
    entries: z.array(z.string()).min(1).max(MAX_APPENDED),
  }),
  'mirror-load': z.strictObject({
    ...foreign,
    subpath,
    from: z.int().min(1).default(1),
    limit: z.int().min(1).max(10_000).default(1_000),
    maxBytes: z.int().min(1).max(MAX_PAGE_BYTES).default(MAX_PAGE_BYTES),
    /** Of the first page: a transcript that was deleted and begun anew meanwhile is another one. */
    life: z.string().max(300).optional(),
  }),
  'mirror-list': z.strictObject({
    projectKey: foreign.projectKey,
    /** With what the SDK's lists show of each. */
    summaries: z.boolean().default(false),
    limit: z.int().min(1).max(1_000).default(1_000),
    cursor: z.string().max(1_000).optional(),
  }),
  'mirror-subkeys': z.strictObject(foreign),
  'mirror-delete': z.strictObject({ ...foreign, subpath }),
} as const;

export interface MirrorReplies {
  /** Our id of the session, how many entries its transcript holds, and how many of these are new. */
  'mirror-append': { sessionId: string; lines: number; added: number };
  /** Entries as they came. `exists` tells an unknown transcript from one that has no more. */
  'mirror-load': { exists: boolean; entries: string[]; nextFrom?: number; life?: string };
  'mirror-list': { sessions: MirroredSession[]; nextCursor?: string };
  'mirror-subkeys': { subkeys: string[] };
  'mirror-delete': { deleted: boolean };
}

export interface MirroredSession {
  readonly sessionId: string;
  /** When its main transcript was last written to: integer milliseconds, higher each time. */
  readonly mtime: number;
  readonly data?: SummaryData;
}
