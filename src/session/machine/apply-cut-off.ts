/**
 * Answers that were cut off: by their limit of tokens, or by the end of the model's window. The model is asked to go on,
 * where that is safe and the session wants it.
 *
 * 1. It is asked by a message of the user's; to hand the half answer back as the beginning of the next is refused by most
 *    models. Where tools were asked for, the results that say that they did not run are that message.
 * 2. Not safe is what cannot be put together again: an answer in a form of its own, one that is all thinking, one in which
 *    a tool of the API's is under way.
 * 3. At the end of the window a compaction comes first, once in a turn.
 */

import { wellCut } from '../../model/bounds.ts';
import type { TurnRoom } from '../../model/compaction.ts';
import type { OpenTurn } from '../../model/turn.ts';
import type { StepOutcome } from '../ports/executor.ts';
import type { Draft } from './draft.ts';
import { publish, replaceFirst, startModel } from './next-turn.ts';
import type { Rules } from './rules.ts';
import { overLimit } from './turn-limits.ts';

type Answered = Extract<StepOutcome, { type: 'message' }>;

const GO_ON =
  'Your answer was cut off. Go on exactly where it stopped, without repeating anything.';

/** @param turn its answer is stored, and its tools are answered. @returns false: the turn ends as it is. */
export const goOnCutOff = (
  draft: Draft,
  turn: OpenTurn,
  outcome: Answered,
  rules: Rules,
): boolean => {
  const room = roomFor(draft, turn, outcome);
  if (room === undefined || !isSafe(turn, outcome)) return false;
  if (overLimit(draft.head, turn, rules) !== undefined) return false;
  const asked = outcome.toolUses.length > 0 ? turn : askToGoOn(draft, turn);
  startModel(draft, { ...asked, room });
  return true;
};

/** What the turn knows then; undefined: the answer was not cut off, or it was so often enough. */
const roomFor = (
  draft: Draft,
  { room = {} }: OpenTurn,
  { stopReason, text }: Answered,
): TurnRoom | undefined => {
  const said = wellCut(saidIn(room, text), MAX_SAID);
  if (stopReason === 'model_context_window_exceeded')
    return room.overflowed === true || !draft.mayCompact
      ? undefined
      : { ...room, said, must: true, overflowed: true };
  const { continued = 0 } = room;
  const most = draft.head.context?.continuations ?? 0;
  return stopReason === 'max_tokens' && continued < most
    ? { ...room, said, continued: continued + 1 }
    : undefined;
};

/** Longest text of the parts of one answer that its turn remembers, in characters: it is in the head while the turn goes on. */
const MAX_SAID = 256 * 1024;

/** All of an answer, with the parts before this one. */
export const saidIn = ({ said = '' }: TurnRoom = {}, text: string): string => said + text;

const isSafe = ({ options }: OpenTurn, { text, toolUses, body }: Answered): boolean =>
  options.outputFormat === undefined &&
  (text.trim() !== '' || toolUses.length > 0) &&
  !hasServerUse(body);

/** It holds a call of a tool that the API runs itself, or of one of a server that it calls. */
export const hasServerUse = ({ buffer, byteOffset, byteLength }: Uint8Array): boolean => {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return bytes.includes('"server_tool_use"') || bytes.includes('"mcp_tool_use"');
};

const askToGoOn = (draft: Draft, turn: OpenTurn): OpenTurn => {
  const body = Buffer.from(JSON.stringify({ role: 'user', content: GO_ON }));
  const seq = draft.message({ role: 'user', body, atMs: draft.nowMs }, { turnId: turn.turnId });
  publish(draft, turn, { type: 'message', seq, body });
  draft.effect({ type: 'see', seq, body });
  const next = { ...turn, lastSeq: seq };
  replaceFirst(draft, next);
  return next;
};
