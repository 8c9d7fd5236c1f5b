/**
 * What can be asked of mirrored transcripts: sessions that another program, the Agent SDK, keeps here
 * under its own names. The schemas apart from the work (`mirror-verbs.ts`), for that program is a client.
 */
import { z } from 'zod';
import type { SummaryData } from '../mirror/session-summary.ts';

const name = z.string().min(1).max(1_000);
const foreign = { projectKey: z.string().max(1_000), sessionId: name };
/** Absent: the main transcript. Empty is refused, so that it is never taken for that by mistake. */
const subpath = name.optional();
const text = z.string();
const count = z.int().min(0);

/** Most entries of one append: each is up to three records of a commit. */
export const MAX_APPENDED = 5_000;
/** Largest page of entries, in bytes, and what is given without a `maxBytes`. */
export const MAX_PAGE_BYTES = 4 * 1024 * 1024;

const flag = z.boolean().exactOptional();
const words = text.exactOptional();

const Summary = z.strictObject({
  isSidechain: flag,
  /** Milliseconds since the epoch. */
  createdAt: z.number().exactOptional(),
  cwd: words,
  commandFallback: words,
  firstPrompt: words,
  firstPromptLocked: flag,
  customTitle: words,
  aiTitle: words,
  lastPrompt: words,
  summaryHint: words,
  gitBranch: words,
  tag: words,
}) satisfies z.ZodType<SummaryData>;

const MirroredSession = z.strictObject({
  sessionId: text,
  /** When its main transcript was last written to: integer milliseconds, higher each time. */
  mtime: count,
  data: Summary.exactOptional(),
});
export type MirroredSession = Readonly<z.output<typeof MirroredSession>>;

export const MIRROR = {
  'mirror-append': {
    request: z.strictObject({
      ...foreign,
      subpath,
      entries: z
        .array(text)
        .min(1)
        .max(MAX_APPENDED)
        .describe(
          'objects (or whatever JSON the transcript holds) as JSON text, one line each. One whose `uuid` is stored already is left out',
        ),
    }),
    /** Our id of the session, how many entries its transcript holds, and how many of these are new. */
    reply: z.strictObject({ sessionId: text, lines: count, added: count }),
  },
  'mirror-load': {
    request: z.strictObject({
      ...foreign,
      subpath,
      from: z.int().min(1).default(1),
      limit: z.int().min(1).max(10_000).default(1_000),
      maxBytes: z.int().min(1).max(MAX_PAGE_BYTES).default(MAX_PAGE_BYTES),
      life: z
        .string()
        .max(300)
        .optional()
        .describe(
          'of the first page: a transcript that was deleted and written again meanwhile is another one',
        ),
    }),
    /** Entries as they came. `exists` tells an unknown transcript from one that has no more. */
    reply: z.strictObject({
      exists: z.boolean(),
      entries: z.array(text),
      nextFrom: count.exactOptional(),
      life: words,
    }),
  },
  'mirror-list': {
    request: z.strictObject({
      projectKey: foreign.projectKey,
      summaries: z.boolean().default(false).describe("with what the SDK's lists show of each"),
      limit: z.int().min(1).max(1_000).default(1_000),
      cursor: z.string().max(1_000).optional(),
    }),
    reply: z.strictObject({ sessions: z.array(MirroredSession), nextCursor: words }),
  },
  'mirror-subkeys': {
    request: z.strictObject(foreign),
    reply: z.strictObject({ subkeys: z.array(text) }),
  },
  'mirror-delete': {
    request: z.strictObject({ ...foreign, subpath }),
    reply: z.strictObject({ deleted: z.boolean() }),
  },
} as const;

type MirrorVerb = keyof typeof MIRROR;
export type MirrorRequests = {
  readonly [V in MirrorVerb]: z.output<(typeof MIRROR)[V]['request']>;
};
export type MirrorReplies = { readonly [V in MirrorVerb]: z.output<(typeof MIRROR)[V]['reply']> };
