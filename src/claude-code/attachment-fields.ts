/** Reading the fields of an attachment: each may be missing or of any type, and throws nothing. */
import { blocksOf, isObject, type RawBlock, text } from './raw-line.ts';

/** Names that some attachment has, at any depth. */
type FieldName =
  | 'addedBlocks'
  | 'addedLines'
  | 'addedNames'
  | 'addedTypes'
  | 'additionalContext'
  | 'agentType'
  | 'base64'
  | 'blockingError'
  | 'cells'
  | 'condition'
  | 'content'
  | 'contents'
  | 'deltaSummary'
  | 'description'
  | 'diagnostics'
  | 'displayPath'
  | 'file'
  | 'filename'
  | 'files'
  | 'from'
  | 'fullPath'
  | 'hookEvent'
  | 'hookName'
  | 'hookSpecificOutput'
  | 'line'
  | 'lineEnd'
  | 'lineStart'
  | 'memories'
  | 'message'
  | 'messages'
  | 'met'
  | 'name'
  | 'newDate'
  | 'pageCount'
  | 'path'
  | 'planContent'
  | 'planFilePath'
  | 'prompt'
  | 'range'
  | 'reminder'
  | 'removedNames'
  | 'removedTypes'
  | 'response'
  | 'server'
  | 'severity'
  | 'skills'
  | 'snippet'
  | 'start'
  | 'status'
  | 'subject'
  | 'systemMessage'
  | 'taskId'
  | 'text'
  | 'total'
  | 'truncated'
  | 'type'
  | 'uri'
  | 'used';

export type Fields = { readonly [Name in FieldName]?: unknown };

/** A string is a reminder's text; a block, such as an image, stands beside it. */
export type Part = string | RawBlock;

export const at = (value: unknown): Fields => (isObject(value) ? value : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Strings, and texts of text blocks, joined by newlines; '' for anything else. */
export const wordsOf = (value: unknown): string => {
  if (typeof value === 'number') return String(value);
  return blocksOf(value)
    .map((block) => text(block.text) ?? '')
    .filter((words) => words.trim() !== '')
    .join('\n');
};

/** A heading and what it is about; nothing when there is nothing. */
export const under = (heading: string, words: string): readonly Part[] =>
  words.trim() === '' ? [] : [`${heading}\n${words}`];

export const each = (value: unknown, line: (item: Fields) => string): string =>
  listOf(value)
    .map((item) => (typeof item === 'string' ? item : line(at(item))))
    .join('\n');
