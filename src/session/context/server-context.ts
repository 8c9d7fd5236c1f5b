/**
 * What the API is asked to do about a long prompt by itself, where a session wants that: to sum up what is old, and to
 * leave out old results of tools. Both are betas. Pure.
 */
import type { Head } from '../../model/head.ts';
import type { ApiObject } from '../ports/executor.ts';
import type { Window } from './window.ts';

export interface ServerContext {
  readonly contextManagement: ApiObject;
  readonly betas: readonly string[];
}

const COMPACT_BETA = 'compact-2026-01-12';
const EDITING_BETA = 'context-management-2025-06-27';
/** The API takes no smaller one. */
const LEAST_TRIGGER = 50_000;
/** Results that come together before the old ones go. */
const LEAST_STEP = 4;

/** What goes with any request of a session whose messages hold a summary of the API's, whoever sums up now. */
export const betasFor = ({
  compaction,
}: Pick<Head, 'compaction'>): readonly string[] | undefined =>
  compaction?.isServers === true ? [COMPACT_BETA] : undefined;

/** Undefined: the API is asked nothing. */
export const serverContext = (
  { context = {} }: Pick<Head, 'context'>,
  { compact, limit }: Window,
): ServerContext | undefined => {
  if (compact !== 'server') return undefined;
  const { compactPrompt, keepToolResults: keep } = context;
  const clearing = keep === undefined ? [] : [clearingEdit(keep)];
  const compaction = {
    type: 'compact_20260112',
    trigger: { type: 'input_tokens', value: Math.max(LEAST_TRIGGER, limit) },
    ...(compactPrompt === undefined ? {} : { instructions: compactPrompt }),
  };
  return {
    contextManagement: { edits: [...clearing, compaction] },
    betas: clearing.length === 0 ? [COMPACT_BETA] : [COMPACT_BETA, EDITING_BETA],
  };
};

const clearingEdit = (keep: number): object => ({
  type: 'clear_tool_uses_20250919',
  trigger: { type: 'tool_uses', value: keep + Math.max(LEAST_STEP, keep) },
  keep: { type: 'tool_uses', value: keep },
});
