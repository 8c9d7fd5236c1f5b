/** What the tests of the state machine say to a session, and what it made of it. */
import { newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { type ClosedTurn, runIdOf, type ToolEffect } from '../../../src/model/turn.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { apply } from '../../../src/session/machine/apply.ts';
import type { Input, NewTurn, Results, Verdict } from '../../../src/session/machine/input.ts';
import type { Change, SessionState } from '../../../src/session/machine/machine.ts';
import type { Rules } from '../../../src/session/machine/rules.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';

export const RULES: Rules = {
  queuePerSession: 3,
  maxSteps: 4,
  provider: 'rehearsal',
  defaultModel: 'claude-sonnet-5',
  retry: { maxRetries: 3, delayMs: 1, timeoutMs: 1_000 },
  hasPrice: (model) => model.startsWith('claude'),
};
export const NOW = 1_000;
export const fresh = (): SessionState => ({
  head: newHead(sessionKey('default', 's'), 0),
  cancelling: undefined,
});
export const bytes = (text: string) => Buffer.from(text);

export const prompt = (id: string, fields: Partial<NewTurn> = {}): Input => ({
  type: 'turn',
  known: undefined,
  turn: {
    turnId: id as TurnId,
    excerpt: `prompt ${id}`,
    promptHash: `hash of ${id}`,
    body: bytes(`{"role":"user","content":"${id}"}`),
    options: {},
    create: true,
    tags: [],
    settings: {},
    onBusy: undefined,
    provider: undefined,
    ...fields,
  },
});

export const said = (
  text: string,
  fields: Partial<Extract<StepOutcome, { type: 'message' }>> = {},
): StepOutcome => ({
  type: 'message',
  body: bytes(`{"role":"assistant","content":[{"type":"text","text":"${text}"}]}`),
  text,
  toolUses: [],
  stopReason: 'end_turn',
  messageId: `msg_${text}`,
  model: 'claude-sonnet-5',
  provider: 'rehearsal',
  usage: { ...emptyUsage, inputTokens: 10, outputTokens: 5 },
  costNanoUsd: 70,
  ...fields,
});

export const step = (id: string, outcome: StepOutcome, run = 1): Input => ({
  type: 'step',
  runId: runIdOf(id as TurnId, run),
  retries: 0,
  outcome,
});

/** Applies inputs one after another and gives every change. */
export const run = (
  ...inputs: Input[]
): { changes: Change[]; state: SessionState; last: Change } => {
  let state = fresh();
  const changes = inputs.map((input) => {
    const change = apply(state, input, RULES, NOW);
    state = { ...change.state, head: { ...change.state.head, version: state.head.version + 1 } };
    return change;
  });
  const last = changes.at(-1);
  if (last === undefined) throw new Error('no input');
  return { changes, state, last };
};
export const effects = (change: Change) =>
  change.effects.map((effect) => (effect.type === 'publish' ? effect.body.type : effect.type));
export const written = (change: Change) => change.writes.map((write) => write.type);

export const recordsOf = (change: Change): ClosedTurn[] =>
  change.writes.flatMap((write) => (write.type === 'turn' ? [write.record] : []));
export const entriesOf = (change: Change) =>
  change.writes.flatMap((write) => (write.type === 'entry' ? [write.entry] : []));
export const eventsOf = (change: Change) =>
  change.effects.flatMap((effect) => (effect.type === 'publish' ? [effect.body] : []));

export const CANCEL: Input = { type: 'cancel', turnId: undefined };

export const failed = (fields: { status?: number; retryable?: boolean } = {}): StepOutcome => ({
  type: 'failed',
  error: { type: 'api_error', message: 'no', retryable: false, ...fields },
  partialText: '',
  provider: 'rehearsal',
});

export const decided = (id: string, run: number, ...verdicts: Verdict[]): Input => ({
  type: 'decided',
  runId: runIdOf(id as TurnId, run),
  verdicts,
});

/** A call that may run. */
export const starts = (
  toolUseId: string,
  effect: ToolEffect = 'pure',
  fields: { isAlone?: boolean } = {},
): Verdict => ({
  ...{ toolUseId, input: { a: 1 }, reason: 'the mode', kind: 'start', effect, isAlone: false },
  ...fields,
});

export const refuses = (toolUseId: string): Verdict => ({
  ...{ toolUseId, input: { a: 1 }, reason: 'a rule', kind: 'refuse', message: 'no such thing' },
});

export const asks = (toolUseId: string, effect: ToolEffect = 'at_most_once'): Verdict => ({
  ...{ toolUseId, input: { a: 1 }, reason: 'the mode', kind: 'ask', effect, isAlone: false },
  asked: { reason: 'nothing allows it', commands: ['ls'], files: [], suggestions: ['Bash(ls)'] },
});

export const block = (toolUseId: string) =>
  bytes(`{"type":"tool_result","tool_use_id":"${toolUseId}","content":"of ${toolUseId}"}`);

/** What a process that made these calls has at hand. */
export const resultsOf = (...toolUseIds: readonly string[]): Results =>
  new Map(toolUseIds.map((toolUseId) => [toolUseId, block(toolUseId)]));

export const ended = (id: string, run: number, results: Results, isError = false): Input => ({
  ...{ type: 'toolEnded', runId: runIdOf(id as TurnId, run), isError, results },
});

/** A turn whose answer asks for these tools, which are all refused: the model goes on. */
export const refusedTools = (id: string, firstRun: number): Input[] => [
  step(id, toolUse, firstRun),
  decided(id, firstRun + 1, refuses('tu_1')),
];

export const calling = (...toolUseIds: readonly string[]): StepOutcome =>
  said('look', {
    stopReason: 'tool_use',
    toolUses: toolUseIds.map((toolUseId) => ({ id: toolUseId, name: 'Bash', input: { a: 1 } })),
  });

export const toolUse = said('look', {
  stopReason: 'tool_use',
  toolUses: [{ id: 'tu_1', name: 'Bash', input: { a: 1 } }],
});
