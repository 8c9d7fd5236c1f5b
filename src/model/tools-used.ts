/**
 * Which tools a session has used, by name. Names come from models and transcripts: they are believed as
 * far as they could be a tool's, and a session remembers a bounded number of them.
 */
import { isWellFormed } from './bounds.ts';
import { tagKey } from './tag-key.ts';

/** Tools that a session remembers; one that comes later is not found by its name. */
export const MAX_TOOLS_USED = 200;
/** A longer name is no tool's. */
export const MAX_TOOL_NAME_LENGTH = 256;

/** Whether a session could remember it. */
export const isToolName = (name: string): boolean =>
  name.length > 0 && name.length <= MAX_TOOL_NAME_LENGTH && isWellFormed(name);

/**
 * `known` with `names`, each once, in the order of its first use and compared without case; `known` itself when that
 * adds nothing.
 */
export const withTools = (
  known: readonly string[] | undefined,
  names: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (names === undefined || names.length === 0) return known;
  const byKey = new Map((known ?? []).map((name) => [tagKey(name), name]));
  const before = byKey.size;
  for (const name of names)
    if (byKey.size < MAX_TOOLS_USED && isToolName(name) && !byKey.has(tagKey(name)))
      byKey.set(tagKey(name), name);
  return byKey.size === before ? known : [...byKey.values()];
};
