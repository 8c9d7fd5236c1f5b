/** Outcomes of a tool, and how long texts are cut. */
import type { ToolMemory } from '../../model/tool-memory.ts';
import type { ResultBlock, ToolOutcome } from '../../session/ports/tools.ts';

export const said = (content: string | readonly ResultBlock[], memory?: ToolMemory): ToolOutcome =>
  memory === undefined
    ? { type: 'result', content, isError: false }
    : { type: 'result', content, isError: false, memory };

export const failed = (content: string): ToolOutcome => ({
  type: 'result',
  content,
  isError: true,
});

/** Characters of one line that are shown; more are counted. */
export const MAX_LINE = 2_000;

export const shortLine = (line: string): string =>
  line.length <= MAX_LINE
    ? line
    : `${whole(line.slice(0, MAX_LINE))} [… ${line.length - MAX_LINE} more characters in this line]`;

/** Without half a surrogate pair at its end. */
export const whole = (text: string): string => {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
};

/** Lines until they are `maxChars` long together, line ends included; and whether that is all of them. */
export const linesWithin = (
  lines: readonly string[],
  maxChars: number,
): { readonly text: string; readonly shown: number } => {
  let length = 0;
  let shown = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > maxChars && shown > 0) break;
    shown += 1;
  }
  return { text: whole(lines.slice(0, shown).join('\n').slice(0, maxChars)), shown };
};
