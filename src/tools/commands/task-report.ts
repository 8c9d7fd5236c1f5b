/** What the model is told of a command in the background. */
import type { ToolOutcome } from '../../session/ports/tools.ts';
import type { Answer } from './launching.ts';
import { endingOf, textOf } from './report.ts';
import type { Task } from './tasks.ts';
import type { Printed } from './wire.ts';

/** A sentence about a task, with what was new of its output. */
export const said = (head: string, printed: Printed | undefined): ToolOutcome => {
  const text = printed === undefined ? '' : textOf(printed);
  const place = printed?.path === undefined ? '' : `(all of it: ${printed.path})`;
  const lines = [head, text === '' ? '(nothing new was printed)' : text, place];
  return {
    type: 'result',
    content: lines.filter((line) => line !== '').join('\n'),
    isError: false,
  };
};

/** It ended while it was read. */
export const joined = (one: Printed, other: Printed | undefined): Printed =>
  other === undefined || other.text === ''
    ? one
    : { ...other, text: `${textOf(one)}\n${other.text}` };

export const printedOf = (answer: Answer): Printed | undefined =>
  answer.type === 'ended' ? answer.printed : undefined;

/** How it ended, in a sentence. */
export const endOfTask = ({ timeoutMs }: Pick<Task, 'timeoutMs'>, answer: Answer): string => {
  switch (answer.type) {
    case 'ended':
      return answer.ending.type === 'exited'
        ? `ended with exit code ${answer.ending.code}.`
        : endingOf({ ending: answer.ending, timeoutMs });
    case 'refused':
      return `it was not run: ${answer.why}.`;
    case 'withdrawn':
      return 'it was stopped before it began.';
    case 'lost':
      return 'it was interrupted, and has ended.';
  }
};
