/** Which user lines are prompts that somebody gave: what `numTurns` of an import counts. */
import { blocksOf, isObject, messageOf, type RawLine } from './raw-line.ts';

/** How Claude Code's own words in the user's place begin. */
const INJECTED = [
  '<command-name>',
  '<local-command-stdout>',
  '<local-command-caveat>',
  'Caveat:',
  '<task-notification>',
  '<bash-input>',
  '<ide_opened_file>',
  '<teammate-message',
  '[Request interrupted by user',
];

/**
 * Newer versions say where a prompt came from; older ones are told by how it looks. A prompt that a
 * program gave through the SDK counts: it was run like a typed one.
 */
export const isTypedPrompt = (line: RawLine): boolean => {
  if (line.type !== 'user' || line.isSidechain === true) return false;
  if (line.isMeta === true || line.isCompactSummary === true) return false;
  const blocks = blocksOf(messageOf(line).content);
  if (blocks.length === 0 || blocks.some((block) => block.type === 'tool_result')) return false;
  const origin: { readonly kind?: unknown } = isObject(line.origin) ? line.origin : {};
  if (typeof origin.kind === 'string') return origin.kind === 'human';
  if (typeof line.promptSource === 'string') return line.promptSource !== 'system';
  return !startsInjected(blocks[0]?.text);
};

const startsInjected = (words: unknown): boolean =>
  typeof words === 'string' && INJECTED.some((start) => words.trimStart().startsWith(start));
