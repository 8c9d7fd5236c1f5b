/** Delivers the outcome of a call: once, later than `start` returns. */
import type { System } from '../../otp/system.ts';
import type { ToolHandle, ToolOutcome, ToolSink } from '../../session/ports/tools.ts';

export type Tell = (outcome: ToolOutcome) => void;

/** @param begin does the work, and gives how to cancel it. What it tells after the first outcome is dropped. */
export const begun = (
  system: System,
  sink: ToolSink,
  begin: (tell: Tell) => () => void,
): ToolHandle => {
  let isTold = false;
  const deliver = (outcome: ToolOutcome): void => {
    try {
      sink.outcome(outcome);
    } catch (error) {
      const during = 'the sink of a tool call';
      system.report({ kind: 'fault', actor: 'tools', during, error, where: sink.about });
    }
  };
  const tell: Tell = (outcome) => {
    if (isTold) return;
    isTold = true;
    system.clock.defer(() => deliver(outcome));
  };
  return { cancel: begin(tell) };
};
