/**
 * Hooks around a whole turn: before its first model call, and when the model has said its last. What a hook says is
 * committed before the turn goes on; a process that dies meanwhile asks them again.
 */

import type { OpenTurn, RunId } from '../../model/turn.ts';
import { runIdOf } from '../../model/turn.ts';
import { saidIn } from './apply-cut-off.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import { closeTurn, publish, replaceFirst, settle, startModel, takeBack } from './next-turn.ts';
import type { Rules } from './rules.ts';
import { hookExecuted, noteHook, noteHookOf } from './turn-records.ts';

/** Rounds in a row that a hook may ask for when a turn wants to end. */
const MAX_STOP_BLOCKS = 8;

type HooksTurn = Extract<OpenTurn, { status: 'running' }> & {
  readonly phase: { readonly kind: 'hooks' };
};

const awaiting = (draft: Draft, runId: RunId): HooksTurn | undefined => {
  const [first] = draft.head.openTurns;
  if (first?.status !== 'running' || first.phase.kind !== 'hooks') return undefined;
  return runIdOf(first.turnId, first.phase.run) === runId ? (first as HooksTurn) : undefined;
};

/** All hooks of the phase have spoken. */
export const endHooks = (draft: Draft, input: InputOf<'hooked'>, rules: Rules): void => {
  const turn = awaiting(draft, input.runId);
  if (turn === undefined) return;
  for (const run of input.runs) noteHook(draft, turn, run);
  if (draft.cancelling === turn.turnId)
    closeTurn(draft, turn, { status: 'cancelled', stopReason: null, text: '' });
  else if (turn.phase.event === 'UserPromptSubmit') afterPrompt(draft, turn, input);
  else afterStop(draft, turn, input, rules);
  if (draft.head.openTurns[0]?.turnId !== turn.turnId) settle(draft);
};

const afterPrompt = (draft: Draft, turn: HooksTurn, said: InputOf<'hooked'>): void => {
  const { blocked, context } = said;
  if (blocked === undefined) return startModel(draft, withMessage(draft, turn, context));
  const error = { code: 'hook_blocked', message: blocked, retryable: false };
  takeBack(draft, turn);
  draft.patch({ errorCount: draft.head.errorCount + 1, lastError: error });
  closeTurn(draft, turn, { status: 'failed', stopReason: null, error, text: '' });
};

const afterStop = (draft: Draft, turn: HooksTurn, said: InputOf<'hooked'>, rules: Rules): void => {
  const { blocked, context, text } = said;
  const { stopReason = null } = turn.phase;
  const blocks = turn.stopBlocks ?? 0;
  const mayGoOn = blocks < MAX_STOP_BLOCKS && turn.steps < stepsOf(draft, turn, rules);
  if (blocked === undefined || !mayGoOn)
    return closeTurn(draft, turn, {
      ...{ status: 'completed', stopReason },
      text: saidIn(turn.room, text),
    });
  const next = withMessage(draft, turn, [blocked, ...context]);
  const room = next.room?.said === undefined ? {} : { room: { ...next.room, said: undefined } };
  startModel(draft, { ...next, ...room, stopBlocks: blocks + 1 });
};

const stepsOf = ({ head }: Draft, { options }: OpenTurn, { maxSteps }: Rules): number =>
  options.maxSteps ?? head.limits?.maxSteps ?? maxSteps;

/** What hooks have for the model: a message of the user's, of this turn. */
const withMessage = (draft: Draft, turn: HooksTurn, texts: readonly string[]): OpenTurn => {
  const said = texts.filter((text) => text.trim() !== '');
  if (said.length === 0) return turn;
  const content = said.map((text) => ({ type: 'text', text }));
  const body = Buffer.from(JSON.stringify({ role: 'user', content }));
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId: turn.turnId });
  publish(draft, turn, { type: 'message', seq, body });
  draft.effect({ type: 'see', seq, body });
  const next = { ...turn, lastSeq: seq };
  replaceFirst(draft, next);
  return next;
};

/** What hooks were told of; their turn may have ended since. */
export const noteTold = (draft: Draft, { turnId, runs }: InputOf<'told'>): void => {
  const turn = draft.head.openTurns.find((open) => open.turnId === turnId);
  for (const run of runs) {
    noteHookOf(draft, turnId, run);
    if (turn !== undefined) publish(draft, turn, hookExecuted(run));
  }
  draft.answer = { type: 'session' };
};
