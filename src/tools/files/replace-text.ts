/** The change of an `Edit` in a text. Pure. */
import { Refusal } from '../tool/refusal.ts';

export interface Edited {
  readonly text: string;
  readonly places: number;
  /** Where the first change begins, in characters of the new text. */
  readonly at: number;
  /** Characters that stand there now. */
  readonly length: number;
}

export interface TextEdit {
  readonly oldText: string;
  readonly newText: string;
  readonly isForAll: boolean;
}

/** Throws a `Refusal` that says why it does not fit. */
export const replaceText = (text: string, edit: TextEdit): Edited => {
  const { oldText, newText, isForAll } = fitting(text, edit);
  const parts = text.split(oldText); // no pattern and no `$1` in it
  const places = parts.length - 1;
  if (places === 0)
    throw new Refusal(
      'old_string is not in the file. It must be there exactly, with every space and line break, and without the line numbers of Read.',
    );
  if (places > 1 && !isForAll)
    throw new Refusal(
      `old_string is in the file ${places} times. Give more of what stands around it so that it is there once, or set replace_all.`,
    );
  return { text: parts.join(newText), places, at: parts[0]?.length ?? 0, length: newText.length };
};

/** A model writes line breaks as `\n`; a file that has only `\r\n` keeps them. */
const fitting = (text: string, edit: TextEdit): TextEdit => {
  const { oldText, newText } = edit;
  const isWindows = text.includes('\r\n') && !/(?<!\r)\n/.test(text);
  if (!isWindows || oldText.includes('\r\n') || !`${oldText}${newText}`.includes('\n')) return edit;
  const windows = (part: string) => part.replaceAll(/\r?\n/g, '\r\n');
  return { ...edit, oldText: windows(oldText), newText: windows(newText) };
};

/** Lines around the change that are shown. */
const AROUND = 3;
/** Changed lines that are shown. */
const MAX_SHOWN = 20;

/** The lines of the first change, numbered as `Read` does it. */
export const snippetOf = ({ text, at, length }: Edited): string => {
  const first = text.slice(0, at).split('\n').length;
  const last = first + text.slice(at, at + length).split('\n').length - 1;
  const from = Math.max(1, first - AROUND);
  const to = Math.min(last, first + MAX_SHOWN) + AROUND;
  return text
    .split('\n')
    .slice(from - 1, to)
    .map((line, n) => `${String(from + n).padStart(6)}\t${line.replace(/\r$/, '').slice(0, 500)}`)
    .join('\n');
};
