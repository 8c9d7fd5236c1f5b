/**
 * Which user lines are prompts that somebody gave (what `numTurns` of an import counts), and what such
 * a prompt is called in titles.
 */
import { blocksOf, isObject, messageOf, type RawBlock, type RawLine, text } from './raw-line.ts';

/** How Claude Code's own words in the user's place begin. */
const INJECTED = [
  '<command-name>',
  '<local-command-stdout>',
  '<local-command-caveat>',
  'Caveat:',
  '<task-notification>',
  '<bash-input>',
  '<ide_opened_file>',
  '<ide_selection>',
  '<system-reminder>',
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
  return blocks.some((block) => !isInjected(block));
};

/** What was typed, without markup; undefined where that is no text. */
export const promptWords = (line: RawLine): string | undefined => {
  const blocks = blocksOf(messageOf(line).content).filter(hasWords);
  const typed = blocks.find((block) => !isInjected(block)) ?? blocks[0];
  return typed === undefined ? undefined : plainTitle(String(typed.text));
};

/**
 * A slash command as it was typed, `/name arguments`, instead of the markup that Claude Code keeps of
 * it; other words as they are.
 */
export const plainTitle = (words: string): string => {
  const trimmed = words.trim();
  if (!/^<command-(?:message|name|args)>/.test(trimmed)) return trimmed;
  const name = within(trimmed, 'command-name') ?? within(trimmed, 'command-message') ?? '';
  const command = name.startsWith('/') ? name : `/${name}`;
  return [command, within(trimmed, 'command-args') ?? ''].join(' ').trim();
};

/** Of the text in an element; up to the end where the text was cut before its end. */
const within = (words: string, tag: string): string | undefined => {
  const start = words.indexOf(`<${tag}>`);
  if (start === -1) return undefined;
  const rest = words.slice(start + tag.length + 2);
  const end = rest.indexOf(`</${tag}>`);
  return text((end === -1 ? rest : rest.slice(0, end)).trim());
};

const hasWords = (block: RawBlock): boolean => (text(block.text)?.trim() ?? '') !== '';

const isInjected = (block: RawBlock): boolean =>
  typeof block.text === 'string' &&
  INJECTED.some((start) => String(block.text).trimStart().startsWith(start));
