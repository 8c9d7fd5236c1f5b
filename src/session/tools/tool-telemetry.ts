/** What is told of tool calls to those who listen: their starts, their ends, and, where that is wanted, what they say. */
import type { SessionKey } from '../../model/ids.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import type { OpenTurn } from '../../model/turn.ts';
import type { Told } from '../events/narrator.ts';
import type { ToolCall, ToolOutcome } from '../ports/tools.ts';

/** A call under way, as it is told. */
export interface ToldRun extends Told {
  readonly key: SessionKey;
  readonly name: string;
  readonly toolUseId: string;
  readonly atMs: number;
}

export const tellStart = ({ attempt, traceId }: OpenTurn, call: ToolCall): void => {
  const { key, turnId, toolUseId, name: tool, input } = call;
  const { toolStart } = TELEMETRY;
  if (toolStart.isHeard) toolStart.tell({ ...key, turnId, attempt, traceId, tool, toolUseId });
  tellContent(call, 'arguments', input);
};

/** @param outcome undefined: what ran it is gone. */
export const tellEnd = (run: ToldRun, outcome: ToolOutcome | undefined, nowMs: number): void => {
  if (outcome !== undefined) tellContent(run, 'result', outcome.content);
  if (!TELEMETRY.toolStop.isHeard) return;
  const { key, turnId, attempt, traceId, name: tool, toolUseId } = run;
  TELEMETRY.toolStop.tell({
    ...{ ...key, turnId, attempt, traceId, tool, toolUseId },
    outcome: outcome === undefined ? 'lost' : outcomeWord(outcome),
    durationMs: Math.max(0, nowMs - run.atMs), // a clock that was set back gives no negative time
  });
};

const outcomeWord = (outcome: ToolOutcome): string => {
  if (outcome.type === 'cancelled') return 'cancelled';
  return outcome.isError ? 'error' : 'ok';
};

const tellContent = (
  { key, turnId, toolUseId }: Pick<ToolCall, 'key' | 'turnId' | 'toolUseId'>,
  kind: 'arguments' | 'result',
  content: unknown,
): void => {
  if (TELEMETRY.content.isHeard)
    TELEMETRY.content.tell({ ...key, turnId, kind, toolUseId, content });
};
