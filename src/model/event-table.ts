/** Every event with its fields and what it tells: what the page of events is made of. The compiler keeps it whole. */
import type { WireEvent } from './event.ts';

type EventType = WireEvent['type'];
type Envelope = 'type' | 'tenant' | 'sessionId' | 'turnId' | 'attempt' | 'n' | 'at';
type FieldsOf<E> = E extends unknown ? Exclude<keyof E, Envelope> : never;

interface EventRow<T extends EventType> {
  readonly fields: Readonly<Record<FieldsOf<Extract<WireEvent, { type: T }>>, true>>;
  readonly tells: string;
}

export const EVENTS: { readonly [T in EventType]: EventRow<T> } = {
  'turn.accepted': { fields: { seq: true, traceId: true }, tells: 'the turn is on disk' },
  'turn.started': { fields: {}, tells: 'it runs' },
  delta: {
    fields: { block: true, text: true, thinking: true, inputJson: true },
    tells: 'a piece of the answer, one of `text`, `thinking` and `inputJson`; it is stored nowhere',
  },
  message: {
    fields: { seq: true, message: true },
    tells: 'an answer, or tool results, as stored',
  },
  'tool.started': {
    fields: { toolUseId: true, name: true, input: true },
    tells: 'a tool begins its work',
  },
  'tool.finished': {
    fields: { toolUseId: true, isError: true, durationMs: true },
    tells: 'a tool has ended',
  },
  'tool.refused': {
    fields: { toolUseId: true, toolName: true, reason: true },
    tells: 'a tool call does not run, or it is unknown whether it ran; the model hears the reason',
  },
  'hook.executed': {
    fields: { event: true, hook: true, ended: true, durationMs: true },
    tells: 'a hook has run; how, says `ended`',
  },
  'permission.requested': {
    fields: {
      ...{ approvalId: true, toolUseId: true, toolName: true, input: true },
      reason: true,
    },
    tells:
      'a tool call waits for a person: see `approve`. The turn is `waiting` once nothing else of it runs',
  },
  'permission.decided': {
    fields: { approvalId: true, toolUseId: true, decision: true, by: true },
    tells:
      'a person, or a program for one, has answered; `by` is `deadline` where no answer came in time',
  },
  'elicitation.requested': {
    fields: {
      ...{ approvalId: true, toolUseId: true, toolName: true, message: true },
      form: true,
    },
    tells:
      'a tool that runs asks a person something: see `approve`; `form` is the JSON Schema of the answer',
  },
  'elicitation.answered': {
    fields: { approvalId: true, toolUseId: true, action: true, by: true },
    tells:
      'a person has answered it, or it is asked no more; `by` is `deadline` where no answer came in time, and `tool` where the tool waits no longer',
  },
  'budget.requested': {
    fields: {
      ...{ approvalId: true, budget: true, limitUsd: true, usedUsd: true },
      ...{ neededUsd: true, askedUsd: true, reason: true },
    },
    tells:
      'a budget is used up, and the turn waits for a person: see `approve`. It goes on too when the budget is raised or lifted, or its next day or month begins',
  },
  'budget.decided': {
    fields: { approvalId: true, decision: true, by: true },
    tells:
      'a person has answered whether more may be spent; `by` is `deadline` where no answer came in time',
  },
  retry: {
    fields: { delayMs: true, error: true, model: true },
    tells:
      'the model call failed and is made again, with `model` by the session’s fallback model; with a delay of more than 30,000 the turn is `waiting` until then',
  },
  compacting: {
    fields: { tokens: true, windowTokens: true },
    tells:
      'older messages are being summed up, as the next model call would have about so many `tokens`: see [context](../guide/context.md)',
  },
  compacted: {
    fields: { throughSeq: true, tokens: true },
    tells:
      'in what the model sees, a summary stands for everything up to that `seq`; `tokens`: about what there was before',
  },
  ping: {
    fields: { after: true },
    tells:
      'the turn is alive: every 10 s, without `n`; 30 s of silence means that the stream is lost, unless the turn is `waiting`. With `after`, where a turn is asked for that runs already: what it has said since the message of that `seq` comes next, once more, then what it says',
  },
  'turn.finished': {
    fields: {
      ...{ status: true, stopReason: true, error: true, usage: true },
      ...{ costUsd: true, durationMs: true, text: true },
    },
    tells: 'the end; nothing comes after it',
  },
};
