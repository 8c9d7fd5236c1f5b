/**
 * What the Agent SDK's lists show of a session, gathered entry by entry: the fields and rules of the
 * SDK's `foldSessionSummary`, whose readers are in the SDK. A test compares the two.
 *
 * 1. Folding in pieces gives the same as folding at once, so an append reads nothing back.
 * 2. `isSidechain`, `createdAt`, `cwd` and `firstPrompt` stay as they were first seen; the others follow.
 */
import { z } from 'zod';
import { type RawLine, text } from '../../claude-code/raw-line.ts';
import { firstPromptIn } from './first-prompt.ts';

const words = z.string().optional();

const Stored = z.looseObject({
  ...{ isSidechain: z.boolean().optional(), createdAt: z.number().optional() },
  ...{ cwd: words, commandFallback: words, firstPrompt: words },
  firstPromptLocked: z.boolean().optional(),
  ...{ customTitle: words, aiTitle: words, lastPrompt: words, summaryHint: words },
  ...{ gitBranch: words, tag: words },
} satisfies Record<keyof SummaryData, z.ZodType>);

/** Whether a text from elsewhere is what `foldSummary` gives, as JSON. */
export const isSummaryText = (text: string): boolean => {
  try {
    return Stored.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
};

export interface SummaryData {
  isSidechain?: boolean;
  /** Milliseconds since the epoch. */
  createdAt?: number;
  cwd?: string;
  /** A slash command, where nobody wrote a prompt. */
  commandFallback?: string;
  firstPrompt?: string;
  firstPromptLocked?: boolean;
  customTitle?: string;
  aiTitle?: string;
  lastPrompt?: string;
  summaryHint?: string;
  gitBranch?: string;
  tag?: string;
}

type Entry = RawLine & { readonly lastPrompt?: unknown; readonly relocatedCwd?: unknown };

export const foldSummary = (
  before: SummaryData | undefined,
  entries: readonly RawLine[],
): SummaryData => {
  const data = { ...before };
  for (const entry of entries) fold(data, entry);
  return data;
};

const fold = (data: SummaryData, entry: Entry): void => {
  data.isSidechain ??= entry.isSidechain === true;
  const atMs = typeof entry.timestamp === 'string' ? Date.parse(entry.timestamp) : Number.NaN;
  if (!Number.isNaN(atMs)) data.createdAt ??= atMs;
  set(data, 'cwd', data.cwd ?? text(entry.cwd));
  foldPrompt(data, entry);
  set(data, 'customTitle', entry.customTitle);
  set(data, 'aiTitle', entry.aiTitle);
  set(data, 'lastPrompt', entry.lastPrompt);
  set(data, 'summaryHint', entry.summary);
  set(data, 'gitBranch', entry.gitBranch);
  if (entry.type === 'tag') {
    delete data.tag;
    set(data, 'tag', text(entry.tag));
  }
  if (entry.type === 'relocated') set(data, 'cwd', text(entry.relocatedCwd));
};

const foldPrompt = (data: SummaryData, entry: Entry): void => {
  if (data.firstPromptLocked === true) return;
  const { prompt, command } = firstPromptIn(entry, data.commandFallback);
  set(data, 'commandFallback', command);
  if (prompt === undefined) return;
  data.firstPrompt = prompt;
  data.firstPromptLocked = true;
};

type Words = 'cwd' | 'commandFallback' | 'customTitle' | 'aiTitle' | 'lastPrompt' | 'summaryHint';

/** A field is there or not; it is never `undefined`. */
const set = (data: SummaryData, field: Words | 'gitBranch' | 'tag', value: unknown): void => {
  if (typeof value === 'string') data[field] = value;
};
