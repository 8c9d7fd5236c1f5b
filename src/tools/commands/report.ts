/** What the model is told of a command that has ended, or of a task that has not. */
import type { ToolOutcome } from '../../session/ports/tools.ts';
import type { Ending, Printed } from './wire.ts';

export const failed = (content: string): ToolOutcome => ({
  type: 'result',
  content,
  isError: true,
});

/** The words for a call of which only its beginning is known. */
export const UNKNOWN = 'interrupted: it is unknown whether it ran';

export interface Run {
  readonly ending: Ending;
  readonly printed: Printed;
  readonly timeoutMs: number;
  readonly isOneFine: boolean;
  /** Sentences about what happened around it. */
  readonly notes: readonly string[];
}

/** Without what it has to remember. */
export const outcomeOf = (run: Run): ToolOutcome => {
  const content = [headOf(run), textOf(run.printed), ...run.notes].filter(isSaid).join('\n');
  if (run.ending.type === 'cancelled') return { type: 'cancelled', content };
  return { type: 'result', content: content === '' ? NOTHING : content, isError: isFailure(run) };
};

const NOTHING = '(no output)';

const isSaid = (line: string | undefined): line is string => line !== undefined && line !== '';

const isFailure = ({ ending, isOneFine }: Pick<Run, 'ending' | 'isOneFine'>): boolean =>
  ending.type !== 'exited' || (ending.code !== 0 && !(ending.code === 1 && isOneFine));

const headOf = (run: Run): string | undefined => (isFailure(run) ? endingOf(run) : undefined);

/** How it ended, in a sentence or in bash's own words. */
export const endingOf = ({ ending, timeoutMs }: Pick<Run, 'ending' | 'timeoutMs'>): string => {
  switch (ending.type) {
    case 'exited':
      return `Exit code ${ending.code}`;
    case 'signalled':
      return `The command was ended by ${ending.signal}.`;
    case 'timed_out':
      return `The command was ended: it had not finished within its ${timeoutMs / 1_000} s timeout.`;
    case 'cancelled':
      return 'The command was cancelled.';
    case 'too_much':
      return 'The command was ended: it had printed 64 MiB.';
    case 'not_started':
      return `The command was not run: ${ending.why}.`;
  }
};

/** What was printed, as far as it is shown, and where the rest is. */
export const textOf = ({ text, cut, path, fault }: Printed): string => {
  const lost = fault === undefined ? '' : `(What is printed cannot be kept: ${fault})`;
  if (cut === undefined) return [text.trimEnd(), lost].filter(isSaid).join('\n');
  const place = path === undefined ? 'nowhere' : path;
  const gap = `[${cut.left} characters are left out here; all of it is in ${place}]`;
  return [text.trimEnd(), '', gap, '', cut.tail.trim(), lost].join('\n').trimEnd();
};
