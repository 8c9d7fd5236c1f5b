/**
 * Attachments of a transcript: what Claude Code put beside people's words, kind by kind, as the model
 * is shown it. `docs/guide/claude-code.md` has the table; a test compares the two.
 *
 * 1. What the attachment carries is shown, in sentences of ours: a transcript holds the matter, not
 *    the words around it. A kind that is not known here shows whatever text it has.
 * 2. Words from the queue stand as they are; all else stands in a reminder, as told by the program.
 * 3. Left out is what the model was not given (notes for people), and what says only in which mode
 *    the other program was.
 */
import { type Fields, type Part, wordsOf } from './attachment-fields.ts';
import { SHOWN } from './attachment-kinds.ts';
import { blocksOf, isObject, type RawBlock, text } from './raw-line.ts';

/** Blocks of a user message; empty: the model is shown nothing of it. */
export const attached = (attachment: unknown): readonly RawBlock[] => {
  if (!isObject(attachment)) return [];
  const fields: Fields = attachment;
  const kind = text(fields.type) ?? '';
  if (kind === 'queued_command') return blocksOf(fields.prompt);
  if (NOT_SHOWN.has(kind)) return [];
  return reminders((SHOWN.get(kind) ?? whateverTextItHas)(fields));
};

/** Kinds of which the model is shown nothing. */
export const NOT_SHOWN: ReadonlySet<string> = new Set([
  ...['hook_system_message', 'hook_non_blocking_error', 'hook_error_during_execution'],
  ...['hook_cancelled', 'hook_permission_decision', 'command_permissions', 'structured_output'],
  ...['already_read_file', 'edited_image_file', 'dynamic_skill'],
  ...['plan_mode', 'plan_mode_exit', 'plan_mode_reentry', 'auto_mode', 'auto_mode_exit'],
  ...['ultra_effort_enter', 'output_style'],
]);

const reminders = (parts: readonly Part[]): readonly RawBlock[] =>
  parts.flatMap((part): RawBlock[] => {
    if (typeof part !== 'string') return [part];
    if (part.trim() === '') return [];
    return [{ type: 'text', text: `<system-reminder>\n${part.trim()}\n</system-reminder>` }];
  });

const TEXT_FIELDS = ['content', 'text', 'prompt', 'message', 'snippet', 'reminder'] as const;

const whateverTextItHas = (fields: Fields): readonly Part[] => {
  const found = TEXT_FIELDS.map((name) => wordsOf(fields[name])).filter((words) => words !== '');
  return found.length === 0 ? [] : [found.join('\n')];
};
