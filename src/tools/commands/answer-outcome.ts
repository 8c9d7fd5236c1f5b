/** What the outcome of a call is, from what became of its command. */
import type { ToolMemory } from '../../model/tool-memory.ts';
import type { ToolOutcome } from '../../session/ports/tools.ts';
import { standAfter } from './cwd.ts';
import type { Answer, WantedCommand } from './launching.ts';
import { failed, outcomeOf, UNKNOWN } from './report.ts';
import type { Ended } from './wire.ts';

export const outcomeOfAnswer = (wanted: WantedCommand, answer: Answer): ToolOutcome => {
  switch (answer.type) {
    case 'ended':
      return outcomeOfEnd(wanted, answer);
    case 'refused':
      return failed(`The command was not run: ${answer.why}.`);
    case 'withdrawn':
      return { type: 'cancelled' };
    case 'lost':
      return failed(UNKNOWN);
  }
};

const outcomeOfEnd = (wanted: WantedCommand, ended: Ended): ToolOutcome => {
  const stand = standAfter(wanted, ended);
  const notes = [
    ...(ended.isMoved
      ? [`${wanted.cwd} is not there any more: the command began in ${wanted.workingDirectory}`]
      : []),
    ...(ended.hadOthers ? [OTHERS] : []),
    ...(stand.isReset ? [`Shell cwd was reset to ${stand.cwd}`] : []),
  ];
  const { ending, printed } = ended;
  const { timeoutMs, isOneFine: isFine } = wanted;
  const outcome = outcomeOf({ ending, printed, timeoutMs, isOneFine: isFine, notes });
  const memory: ToolMemory | undefined = stand.cwd === wanted.cwd ? undefined : { cwd: stand.cwd };
  return outcome.type === 'cancelled' || memory === undefined ? outcome : { ...outcome, memory };
};

const OTHERS =
  'What the command had left running was ended with it: use run_in_background for what has to go on.';
