/** Whether a turn asks a person something. Without the schemas of turns: clients load this. */
import type { OpenTurn } from './turn.ts';

/** Whether something of it waits for the answer of a person. */
export const isAsking = (turn: OpenTurn | undefined): boolean => {
  const { phase } = turn ?? {};
  if (phase?.kind !== 'tools') return phase?.kind === 'budget';
  return phase.calls.some(
    (call) => call.state === 'asked' || (call.state === 'started' && call.question !== undefined),
  );
};
