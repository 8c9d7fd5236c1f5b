/**
 * Telemetry: what a process reports about its work, as events on `node:diagnostics_channel`. Declared here and
 * nowhere else: name, occasion and fields; the documentation is compared with this.
 *
 * 1. An event without a subscriber costs one look: its sender asks `isHeard` before it makes the fields.
 * 2. Fields are names, numbers and codes; never what a session says, but for `greenroom.content`, which is for that.
 * 3. A subscriber runs in the middle of the work. Through `onTelemetry` one that throws disturbs nothing.
 */
import { type Channel, channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { z } from 'zod';

export class TelemetryEvent<Name extends string, Shape extends z.ZodRawShape> {
  readonly name: Name;
  /** When it is sent. */
  readonly occasion: string;
  readonly fields: z.ZodObject<Shape>;
  readonly #channel: Channel;

  constructor(name: Name, occasion: string, shape: Shape) {
    this.name = name;
    this.occasion = occasion;
    this.fields = z.strictObject(shape);
    this.#channel = channel(name);
  }

  get isHeard(): boolean {
    return this.#channel.hasSubscribers;
  }

  tell(fields: z.output<z.ZodObject<Shape>>): void {
    this.#channel.publish(fields);
  }
}

const text = (meaning: string) => z.string().describe(meaning);
const count = (meaning: string) => z.int().min(0).describe(meaning);
const number = (meaning: string) => z.number().describe(meaning);
const durationMs = (meaning: string) => z.number().min(0).describe(`${meaning}, in milliseconds`);

const sessionShape = {
  tenant: text('whose session it is'),
  sessionId: text('the session'),
};
const turnShape = {
  ...sessionShape,
  turnId: text('the turn'),
  traceId: text('the trace of the request that was accepted').optional(),
  attempt: count('1, and one more for each recovery of the turn'),
};
const stepShape = {
  ...turnShape,
  step: count('the model call of the turn, from 1'),
};

/** Every event that there is. */
export const TELEMETRY = {
  request: new TelemetryEvent('greenroom.request', 'a verb was answered or refused', {
    tenant: text('who asked'),
    verb: text('what was asked'),
    sessionId: text('of which session; absent for a verb on all of them').optional(),
    traceId: text("the request's trace"),
    via: text('`embedded`, `nats` or `http`'),
    durationMs: durationMs('from the border to the answer'),
    code: text("the refusal's error code; absent for an answer").optional(),
  }),
  turnReceived: new TelemetryEvent(
    'greenroom.turn.received',
    'a turn was asked for: it will be accepted or refused, or is known already',
    {
      ...{ tenant: turnShape.tenant, sessionId: turnShape.sessionId, turnId: turnShape.turnId },
      traceId: text("the request's trace"),
      via: text('`embedded`, `nats`, `http`, `queue`, or `internal` for a sub-agent'),
      spanId: text("the caller's span in that trace, if the request named one").optional(),
      isSampled: z.boolean().describe('whether the caller keeps its span').optional(),
      agentType: text("of a sub-agent's turn: what kind of agent it is").optional(),
      parentSessionId: text("of a sub-agent's turn: the session that asked").optional(),
      parentTurnId: text("of a sub-agent's turn: the turn that asked").optional(),
      parentToolUseId: text("of a sub-agent's turn: the tool call that asked").optional(),
    },
  ),
  turnAccepted: new TelemetryEvent('greenroom.turn.accepted', 'a turn is stored', turnShape),
  turnRefused: new TelemetryEvent('greenroom.turn.refused', 'a turn was not accepted', {
    ...{ tenant: turnShape.tenant, sessionId: turnShape.sessionId, turnId: turnShape.turnId },
    traceId: text("the request's trace"),
    via: text('`embedded`, `nats`, `http` or `queue`'),
    code: text('the error code'),
    isFinal: z.boolean().describe('false: a queued turn that will be handed over again'),
  }),
  turnStart: new TelemetryEvent(
    'greenroom.turn.start',
    'a turn runs, for the first time or after a recovery',
    turnShape,
  ),
  turnStop: new TelemetryEvent('greenroom.turn.stop', 'a turn is over', {
    ...turnShape,
    status: text('`completed`, `failed`, `cancelled`, `interrupted` or `rejected`'),
    code: text('the error code of one that has an error').optional(),
    durationMs: durationMs('from its start to its end'),
    costUsd: number('what it cost in dollars; null: a price is unknown').nullable(),
    inputTokens: count('input tokens of all its model calls'),
    outputTokens: count('output tokens of all its model calls'),
    cacheReadTokens: count('input tokens that all its model calls read from the prompt cache'),
    cacheWriteTokens: count('input tokens that all its model calls wrote to it'),
  }),
  stepStart: new TelemetryEvent('greenroom.step.start', 'a thread has a model call', {
    ...stepShape,
    model: text('the model that is asked'),
    provider: text('`anthropic` or `rehearsal`'),
    thread: count('number of the thread'),
  }),
  stepFirstByte: new TelemetryEvent(
    'greenroom.step.first_byte',
    'the first part of an answer came; not of a turn that wants no partial messages',
    { ...stepShape, sinceStartMs: durationMs('since the session asked for the call') },
  ),
  stepRetry: new TelemetryEvent(
    'greenroom.step.retry',
    'a model call failed and is made again, or its thread was lost',
    {
      ...stepShape,
      errorType: text('what it failed of, such as `overloaded_error`'),
      delayMs: durationMs('until it is made again'),
    },
  ),
  stepStop: new TelemetryEvent('greenroom.step.stop', 'a model call has its outcome', {
    ...stepShape,
    outcome: text('`message`, `failed`, `postponed` to a later call, or `cancelled`'),
    errorType: text('what it failed of').optional(),
    durationMs: durationMs('since the session asked for the call'),
    inputTokens: count('of an answer: its input tokens').optional(),
    outputTokens: count('of an answer: its output tokens').optional(),
    cacheReadTokens: count('of an answer: input tokens read from the prompt cache').optional(),
    cacheWriteTokens: count('of an answer: input tokens written to it').optional(),
    stopReason: text('of an answer: why it ended, as the API says it').optional(),
    responseId: text('of an answer: its id, as the API gave it').optional(),
    responseModel: text('of an answer: the model that gave it').optional(),
  }),
  toolStart: new TelemetryEvent('greenroom.tool.start', 'a tool call is started', {
    ...turnShape,
    tool: text('the tool'),
    toolUseId: text('the id of the call'),
  }),
  budgetWarning: new TelemetryEvent(
    'greenroom.budget.warning',
    'four fifths of a budget are gone: once in each of its periods, and again when it was raised',
    {
      tenant: text('whose budget it is'),
      budget: text('what it is for, as `owner ann (month)`'),
      limitUsd: number('the budget in dollars, with what people have allowed beyond it'),
      usedUsd: number('what is gone, with estimates of calls whose answers were lost'),
    },
  ),
  compaction: new TelemetryEvent(
    'greenroom.compaction',
    'a summary stands for older messages of a session from now on',
    {
      tenant: text('whose session it is'),
      sessionId: text('the session'),
      by: text(
        '`greenroom` before a model call, `api` where the API has made it, else who asked for it',
      ),
    },
  ),
  endpoint: new TelemetryEvent(
    'greenroom.endpoint',
    'the endpoint of the models stopped answering, or answers again; calls wait meanwhile',
    {
      isOpen: z.boolean().describe('true: the circuit breaker opened'),
      errorType: text('what the last call failed of, such as `connection_error`').optional(),
    },
  ),
  toolStop: new TelemetryEvent('greenroom.tool.stop', 'a tool call that was started is over', {
    ...turnShape,
    tool: text('the tool'),
    toolUseId: text('the id of the call'),
    outcome: text('`ok`, `error`, `cancelled`, or `lost` with the part that ran it'),
    durationMs: durationMs('since its start'),
  }),
  content: new TelemetryEvent(
    'greenroom.content',
    'what a turn says passes by. It is the only event that holds any of that: who does not hear it sees none',
    {
      ...{ tenant: turnShape.tenant, sessionId: turnShape.sessionId, turnId: turnShape.turnId },
      kind: z
        .enum(['prompt', 'answer', 'arguments', 'result'])
        .describe(
          "what it is: the turn's prompt, a model call's answer, what goes into a tool, what comes out",
        ),
      toolUseId: text('of what goes into a tool and comes out: the id of the call').optional(),
      content: z.unknown().describe('a text, or blocks in the form of the API'),
    },
  ),
  commit: new TelemetryEvent('greenroom.commit', "a session's change is stored, or is not", {
    ...sessionShape,
    version: count('the version that the change makes'),
    durationMs: durationMs('until it was on disk'),
    code: text('of one that is not stored, or of which it is not known: the error code').optional(),
  }),
  search: new TelemetryEvent('greenroom.search', 'the catalog has answered', {
    tenant: text('who asked'),
    verb: text('`search` (for `list` too), `count` or `facets`'),
    traceId: text("the request's trace"),
    durationMs: durationMs('inside the catalog'),
  }),
  hook: new TelemetryEvent('greenroom.hook', 'a hook has run, or has failed to', {
    ...sessionShape,
    turnId: text('the turn; absent: none was under way').optional(),
    event: text('what it was run for, such as `PreToolUse`'),
    hook: text('as it is configured, without secrets'),
    kind: text('`command`, `http`, `nats`, `module` or `function`'),
    ended: text('`ok`, `blocked`, `error`, `could_not_start`, `killed`, `timeout` or `bad_output`'),
    goesOn: z
      .boolean()
      .describe('whether what it was asked about goes on, as far as it is concerned'),
    durationMs: durationMs('its run, the wait for a place included'),
  }),
  actorCrash: new TelemetryEvent('greenroom.actor.crash', 'an actor has crashed', {
    actor: text('its place in the tree'),
    reason: text('what it crashed of, in one line'),
    restarts: count('how often it was restarted before'),
    tenant: text('of a session: whose it is').optional(),
    sessionId: text('of a session: its id').optional(),
    turnId: text('of a session with an open turn: the first one').optional(),
    traceId: text("that turn's trace").optional(),
  }),
} as const;

type Declared = (typeof TELEMETRY)[keyof typeof TELEMETRY];
export type TelemetryName = Declared['name'];
/** What an event of this name carries. */
export type TelemetryFields<Name extends TelemetryName> = z.output<
  Extract<Declared, { readonly name: Name }>['fields']
>;

/**
 * Hears one event from now on, of every Greenroom of this process. Returns how to stop. The listener is called in the
 * middle of the work: it must be short. What it throws goes to `onError`, by default as a warning of the process;
 * with `diagnostics_channel.subscribe` alone it would be an uncaught exception, which ends the process.
 */
export const onTelemetry = <Name extends TelemetryName>(
  name: Name,
  listener: (fields: TelemetryFields<Name>) => void,
  onError: (error: unknown) => void = warn,
): (() => void) => {
  const heard = (fields: unknown) => {
    try {
      listener(fields as TelemetryFields<Name>);
    } catch (error) {
      onError(error);
    }
  };
  subscribe(name, heard);
  return () => void unsubscribe(name, heard);
};

const warn = (error: unknown): void =>
  process.emitWarning(error instanceof Error ? error : String(error));
