/**
 * Whose log is this? Other agents also write `.jsonl` files with sessions in them; importing one as
 * Claude Code's would store lines that nobody can read again, so it is refused with a sentence.
 */

import { isObject, type RawLine, text } from './raw-line.ts';
import { objectsOf } from './read-line.ts';

export type Sniffed =
  | { readonly kind: 'claude-code' }
  | {
      readonly kind: 'foreign';
      readonly format: 'codex' | 'pi' | 'gemini' | 'unknown' | 'empty';
      /** For the person who tried to import it. */
      readonly sentence: string;
    };

/** How many first lines are enough: a transcript tells itself by its first whole object. */
export const SNIFF_LINES = 50;

export const sniff = (firstLines: readonly (Uint8Array | string)[]): Sniffed => {
  const lines = firstLines.slice(0, SNIFF_LINES);
  const objects = lines.flatMap((line) => objectsOf(line));
  for (const object of objects) {
    const found = recognise(object);
    if (found !== undefined) return found;
  }
  if (looksLikeGemini(lines)) return foreign('gemini', 'a Gemini session');
  if (lines.every((line) => line.length === 0)) return { ...EMPTY };
  return {
    kind: 'foreign',
    format: 'unknown',
    sentence:
      'This is not a Claude Code transcript: none of its first lines is one of its records.',
  };
};

const EMPTY: Sniffed = { kind: 'foreign', format: 'empty', sentence: 'This file is empty.' };

const foreign = (format: 'codex' | 'pi' | 'gemini', what: string): Sniffed => ({
  kind: 'foreign',
  format,
  sentence: `This is ${what}, not a Claude Code transcript; Greenroom does not import it.`,
});

const recognise = (line: RawLine & ForeignFields): Sniffed | undefined => {
  if (isCodex(line)) return foreign('codex', 'a Codex rollout');
  if (isPi(line)) return foreign('pi', 'a pi session');
  if (text(line.projectHash) !== undefined && Array.isArray(line.messages))
    return foreign('gemini', 'a Gemini session');
  return isClaudeCode(line) ? { kind: 'claude-code' } : undefined;
};

interface ForeignFields {
  readonly payload?: unknown;
  readonly provider?: unknown;
  readonly modelId?: unknown;
  readonly id?: unknown;
  readonly projectHash?: unknown;
  readonly messages?: unknown;
  readonly messageId?: unknown;
}

const CODEX_TYPES = new Set(['session_meta', 'response_item', 'event_msg', 'turn_context']);

const isCodex = (line: RawLine & ForeignFields): boolean =>
  typeof line.type === 'string' && CODEX_TYPES.has(line.type) && isObject(line.payload);

const isPi = (line: RawLine & ForeignFields): boolean =>
  (line.type === 'session' && text(line.id) !== undefined && line.sessionId === undefined) ||
  (line.type === 'message' && isObject(line.message) && line.sessionId === undefined);

/** A record has a type, and says which session, which record or which message it belongs to. */
const isClaudeCode = (line: RawLine & ForeignFields): boolean =>
  text(line.type) !== undefined &&
  [line.sessionId, line.uuid, line.leafUuid, line.messageId].some((id) => text(id) !== undefined);

/** One JSON document over many lines, so that no line of it is an object. */
const looksLikeGemini = (lines: readonly (Uint8Array | string)[]): boolean => {
  const start = lines.map((line) =>
    typeof line === 'string' ? line : new TextDecoder().decode(line),
  );
  return start[0]?.trim() === '{' && start.some((line) => /^\s*"projectHash":/.test(line));
};
