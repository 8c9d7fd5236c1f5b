/**
 * What fits into the window of a model: the session's settings over those of the daemon, and how many tokens so many
 * bytes are. Between model calls that is an estimate, which each answer corrects: the API says how many tokens the
 * request was, and we know its bytes. Pure.
 */
import type { ContextUse } from '../../model/compaction.ts';
import type { ContextSettings } from '../../model/context-settings.ts';
import type { CompactMode } from '../../model/words.ts';

/** What the daemon says for sessions that say nothing. */
export interface ContextRules {
  readonly compact: CompactMode;
  readonly windowTokens: number;
  /** Part of the window at which a compaction begins. */
  readonly compactAt: number;
}

export const USUAL_CONTEXT: ContextRules = {
  compact: 'auto',
  windowTokens: 200_000,
  compactAt: 0.75,
};

/** All in tokens. */
export interface Window {
  readonly compact: CompactMode;
  readonly tokens: number;
  /** A model call of more begins with a compaction. */
  readonly limit: number;
  /** What a compaction leaves as it is, at most, besides the prompt. */
  readonly kept: number;
  /** Of the messages that one summary is made of, at most. */
  readonly chunk: number;
  /** Of a summary, at most. */
  readonly summary: number;
}

const MOST_SUMMARY_TOKENS = 4_096;
/** A request for a summary has a prompt too, and the estimate may be off. */
const CHUNK_PART = 0.85;
const KEPT_PART = 0.25;

export const windowOf = (
  settings: ContextSettings | undefined,
  use: ContextUse | undefined,
  rules: ContextRules = USUAL_CONTEXT,
): Window => {
  const said = settings?.windowTokens ?? rules.windowTokens;
  const tokens = Math.min(said, use?.windowTokens ?? said);
  const soft = settings?.compactAtTokens ?? Math.floor(tokens * rules.compactAt);
  const limit = Math.min(soft, tokens);
  const summary = Math.min(MOST_SUMMARY_TOKENS, Math.floor(limit / 4));
  return {
    compact: settings?.compact ?? rules.compact,
    tokens,
    limit,
    kept: Math.floor(limit * KEPT_PART),
    chunk: Math.floor((tokens - summary) * CHUNK_PART),
    summary,
  };
};

/** Bytes of JSON in one token, as long as nothing better is known: rather too few, for a compaction may begin early. */
const USUAL_BYTES_PER_TOKEN = 3;
/** A smaller request consists of what comes with every one. */
const TELLING_BYTES = 4_096;
const MOST_BYTES_PER_TOKEN = 8;

const bytesPerToken = ({ bytes, tokens }: ContextUse): number =>
  bytes < TELLING_BYTES
    ? USUAL_BYTES_PER_TOKEN
    : Math.min(MOST_BYTES_PER_TOKEN, Math.max(1, bytes / tokens));

/** About how many tokens a request of so many bytes is. */
export const tokensOf = (bytes: number, use: ContextUse | undefined): number => {
  if (use === undefined || use.tokens === 0) return Math.ceil(bytes / USUAL_BYTES_PER_TOKEN);
  if (bytes < use.bytes) return Math.ceil((use.tokens * bytes) / use.bytes);
  return Math.ceil(use.tokens + (bytes - use.bytes) / bytesPerToken(use));
};

/** The other way. */
export const bytesOf = (tokens: number, use: ContextUse | undefined): number => {
  if (use === undefined || use.tokens === 0) return tokens * USUAL_BYTES_PER_TOKEN;
  if (tokens < use.tokens) return Math.floor((use.bytes * tokens) / use.tokens);
  return Math.floor(use.bytes + (tokens - use.tokens) * bytesPerToken(use));
};
