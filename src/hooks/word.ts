/**
 * What one hook says of its event: how its run ended, by the table of Claude Code's contract. Pure.
 *
 * 1. Exit code 2 blocks whatever was printed. With any other code what was printed counts, and a code other than 0 is an
 *    error that stops nothing by itself.
 * 2. A hook that has failed blocks where `onFailure` is `block`: it could not be started, was killed, took too long, or
 *    its answer cannot be read.
 */
import type { HookEvent, HookRun, HookVerdict, OnFailure } from '../session/ports/hooks.ts';
import { type Answer, capped, type Reading, readText, readValue } from './answer.ts';

export type Ended = HookRun['ended'];

/** How a run ended, before anything is made of it. */
export type Outcome =
  | {
      readonly kind: 'exited';
      readonly code: number;
      readonly stdout: string;
      readonly stderr: string;
      /** Of `stdout` there was more than is kept. */
      readonly isCut: boolean;
    }
  /** The body of a reply. */
  | { readonly kind: 'text'; readonly text: string }
  /** What a function gave. */
  | { readonly kind: 'value'; readonly value: unknown }
  /** It went wrong in a way that the contract lets pass. */
  | { readonly kind: 'error'; readonly why: string }
  | {
      readonly kind: 'failed';
      readonly ended: Exclude<Ended, 'ok' | 'blocked'>;
      readonly why: string;
    };

export interface Word extends Omit<HookVerdict, 'runs'> {
  readonly ended: Ended;
  readonly said?: string | undefined;
}

/** Commands exit so when the shell did not find a program, or may not run it. */
const NOT_FOUND: ReadonlySet<number> = new Set([126, 127]);
/** Shells exit with this and the number of the signal that ended a program of theirs. */
const SIGNALLED = 128;
const LAST_SIGNAL = 31;

export const wordOf = (event: HookEvent, outcome: Outcome, onFailure: OnFailure): Word => {
  const failed = (ended: Ended, why: string): Word => ({
    ended,
    said: capped(why),
    ...(onFailure === 'block' ? block(event, `A hook has failed: ${why}`) : NOTHING),
  });
  const read = (reading: Reading): Word => {
    switch (reading.kind) {
      case 'nothing':
        return { ended: 'ok', ...NOTHING };
      case 'plain':
        return { ended: 'ok', said: reading.text, ...plain(event, reading.text) };
      case 'answer':
        return answered(event, reading.answer);
      case 'unreadable':
        return failed('bad_output', reading.why);
    }
  };
  switch (outcome.kind) {
    case 'text':
      return read(readText(outcome.text, event));
    case 'value':
      return read(readValue(outcome.value, event));
    case 'error':
      return { ended: 'error', said: capped(outcome.why), ...NOTHING };
    case 'failed':
      return failed(outcome.ended, outcome.why);
    case 'exited':
      return exited(event, outcome, read, failed);
  }
};

const exited = (
  event: HookEvent,
  { code, stdout, stderr, isCut }: Extract<Outcome, { kind: 'exited' }>,
  read: (reading: Reading) => Word,
  failed: (ended: Ended, why: string) => Word,
): Word => {
  const complaint = capped(stderr.trim());
  if (code === 2) return refused(event, complaint);
  if (NOT_FOUND.has(code)) return failed('could_not_start', complaint || `exit code ${code}`);
  if (code > SIGNALLED && code <= SIGNALLED + LAST_SIGNAL)
    return failed('killed', `a program of it was ended by signal ${code - SIGNALLED}`);
  const reading = readText(stdout, event, isCut);
  if (code === 0) return read(reading);
  const said = complaint || `exit code ${code}`;
  if (reading.kind === 'nothing' || reading.kind === 'plain')
    return { ended: 'error', said, ...NOTHING };
  const word = read(reading);
  return word.ended === 'ok' ? { ...word, ended: 'error', said: word.said ?? said } : word;
};

const NOTHING: Pick<Word, 'context'> = { context: [] };
const NO_REASON = 'A hook has refused it, and gave no reason.';

/** Events that nothing hangs on. */
const SHOWN_ONLY: ReadonlySet<HookEvent> = new Set([
  ...(['SessionStart', 'SessionEnd', 'Notification'] as const),
]);
const AFTERWARDS: ReadonlySet<HookEvent> = new Set([
  ...(['PostToolUse', 'PostToolUseFailure'] as const),
]);
const WITH_PLAIN_CONTEXT: ReadonlySet<HookEvent> = new Set([
  ...(['UserPromptSubmit', 'SessionStart'] as const),
]);

/** What it means for an event that a hook objects. */
const block = (event: HookEvent, why: string): Pick<Word, 'context' | 'decision' | 'reason'> => {
  const reason = capped(why === '' ? NO_REASON : why);
  if (SHOWN_ONLY.has(event)) return NOTHING;
  return AFTERWARDS.has(event) ? { context: [reason] } : { context: [], decision: 'deny', reason };
};

/** By exit code 2, which means nothing to `PermissionRequest`. */
const refused = (event: HookEvent, why: string): Word =>
  SHOWN_ONLY.has(event) || event === 'PermissionRequest'
    ? { ended: 'error', said: why || 'exit code 2', ...NOTHING }
    : { ended: 'blocked', said: why, ...block(event, why) };

const plain = (event: HookEvent, text: string): Pick<Word, 'context'> =>
  WITH_PLAIN_CONTEXT.has(event) ? { context: [text] } : NOTHING;

const answered = (event: HookEvent, answer: Answer): Word => {
  const { systemMessage, suppressOutput, stopReason, hookSpecificOutput: more } = answer;
  const decided = decisionOf(event, answer);
  const added = more?.additionalContext;
  const said = systemMessage ?? (suppressOutput === true ? undefined : decided.reason);
  return {
    ...decided,
    ended: decided.decision === 'deny' || isLate(event, answer) ? 'blocked' : 'ok',
    context: [...decided.context, ...(added ? [capped(added)] : [])],
    ...(said ? { said: capped(said) } : {}),
    ...(answer.continue === false ? { stop: capped(stopReason || STOPPED) } : {}),
    ...(more?.sessionTitle ? { title: capped(more.sessionTitle) } : {}),
    ...(more?.initialUserMessage ? { firstMessage: capped(more.initialUserMessage) } : {}),
    ...(more?.updatedToolOutput === undefined || more.updatedToolOutput === null
      ? {}
      : { output: asText(more.updatedToolOutput) }),
  };
};

const STOPPED = 'A hook has stopped it.';

/** An objection to what has been done. */
const isLate = (event: HookEvent, answer: Answer): boolean =>
  AFTERWARDS.has(event) && isObjection(answer);

const isObjection = ({ decision }: Answer): boolean => decision === 'block';

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

type Decided = Omit<Word, 'ended' | 'said'>;

const decisionOf = (event: HookEvent, answer: Answer): Decided => {
  if (event === 'PermissionRequest') return ofRequest(answer);
  const own = event === 'PreToolUse' ? ofCall(answer) : undefined;
  if (own !== undefined) return own;
  if (isObjection(answer)) return block(event, answer.reason ?? '');
  return answer.decision === 'approve' && event === 'PreToolUse'
    ? {
        context: [],
        decision: 'allow',
        ...(answer.reason ? { reason: capped(answer.reason) } : {}),
      }
    : NOTHING;
};

/** Of `PreToolUse`; undefined: it is said in the older way, or not at all. */
const ofCall = ({ decision: older, hookSpecificOutput: more }: Answer): Decided | undefined => {
  const decision = more?.permissionDecision;
  const input = more?.updatedInput ?? undefined;
  if (!decision) return input === undefined || older ? undefined : { context: [], input };
  const reason = more?.permissionDecisionReason;
  return {
    context: [],
    // To be decided later is to be asked: an ask here waits for days.
    decision: decision === 'defer' ? 'ask' : decision,
    ...(reason ? { reason: capped(reason) } : decision === 'deny' ? { reason: NO_REASON } : {}),
    ...(input === undefined ? {} : { input }),
  };
};

const ofRequest = ({ hookSpecificOutput: more }: Answer): Decided => {
  const decision = more?.decision;
  if (!decision) return NOTHING;
  const { behavior, message, interrupt, updatedInput, updatedPermissions } = decision;
  const reason = capped(message || NO_REASON);
  if (behavior === 'deny')
    return {
      context: [],
      decision: 'deny',
      reason,
      ...(interrupt === true ? { stop: reason } : {}),
    };
  return {
    context: [],
    decision: 'allow',
    ...(message ? { reason } : {}),
    ...(updatedInput ? { input: updatedInput } : {}),
    ...(updatedPermissions ? { permissionUpdates: updatedPermissions } : {}),
  };
};
