/**
 * The tool `Agent`: a call makes a session of its own, or joins it, runs one turn there, and answers with its last text.
 *
 * 1. The child's id and its turn's come from the call: one that is made again after a crash joins the turn that is there,
 *    and no work is done twice (P3).
 * 2. Calls of one parent are let in one after another, so that its limits are counted exactly. What they wait for then is
 *    an event: neither a thread nor an actor waits.
 * 3. A call that is told to end ends its child's turn, and waits for that. One that only loses its parent's actor lets
 *    the child go on, as long as the parent's turn is open.
 */
import { z } from 'zod';
import { childIdOf } from '../../model/child-id.ts';
import { REQUEST_TIMEOUT_MS } from '../../model/deadlines.ts';
import { codeOf } from '../../model/errors.ts';
import type { TurnFinished } from '../../model/event.ts';
import type { ChildOf, Head } from '../../model/head.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import { newTraceId, type RequestContext } from '../../model/request-context.ts';
import type { OpenTurn } from '../../model/turn.ts';
import { pause } from '../../otp/clock.ts';
import type { System } from '../../otp/system.ts';
import type { Sessions } from '../../session/api/sessions.ts';
import { catalogName } from '../../session/ports/catalog.ts';
import type {
  OfferedTool,
  ToolCall,
  ToolHandle,
  ToolOutcome,
  ToolSink,
} from '../../session/ports/tools.ts';
import { failed, said, whole } from '../tool/outcome.ts';
import { Refusal } from '../tool/refusal.ts';
import type { ToolRunner } from '../tool/runner.ts';
import { type BuiltinTool, builtinTool } from '../tool/tool.ts';
import { type AgentType, allTypes, GENERAL_PURPOSE } from './agent-types.ts';
import { AGENT, childSettings, depthBelow, isSameCall } from './child-settings.ts';
import { Lanes } from './lanes.ts';
import { moneyLeft } from './money-left.ts';

export interface AgentsOptions {
  readonly sessions: Pick<Sessions, 'head' | 'turn' | 'session'>;
  /** Beside `general-purpose`. */
  readonly types: readonly AgentType[];
  /** How deep sub-agents may stand in each other. */
  readonly maxDepth: number;
  /** Sub-agents that one turn may start. */
  readonly maxPerTurn: number;
  /** Names of servers that the API may call for sessions; default: none. */
  readonly connectors?: readonly string[];
}

/** Characters of a sub-agent's last text that its parent is shown. */
export const MAX_RESULT = 100_000;
/** How long a call tries to begin, or to end its child, while the sessions are not there. */
const TRY_MS = 120_000;
const RETRY_MS = 500;

const notBlank = (text: string) => text.trim().length > 0;

const Input = z.strictObject({
  description: z.string().min(1).max(1_000).describe('What it is to do, in three to five words'),
  prompt: z
    .string()
    .refine(notBlank, 'must not be blank')
    .describe('The whole task, with all that it has to know: it sees nothing of this conversation'),
  subagent_type: z.string().min(1).max(256).optional().describe('The kind of agent'),
  model: z.string().min(1).max(200).optional().describe('Another model than this one'),
  effort: z.string().max(20).optional().describe('Taken, and without effect'),
  run_in_background: z.boolean().optional().describe('Not possible here: leave it out'),
});
type Input = z.output<typeof Input>;

/** What it is, whatever kinds of agents there are. */
export const AGENT_TOOL = { name: AGENT, effect: 'idempotent', input: Input } as const;

export class Agents implements ToolRunner {
  readonly waitsForOthers = true;
  readonly tools: readonly OfferedTool[];
  readonly #system: System;
  readonly #options: AgentsOptions;
  readonly #types: ReadonlyMap<string, AgentType>;
  readonly #tool: BuiltinTool;
  readonly #lanes = new Lanes();
  #hasEnded = false;

  constructor(system: System, options: AgentsOptions) {
    this.#system = system;
    this.#options = options;
    this.#types = allTypes(options.types);
    this.#tool = builtinTool({
      ...AGENT_TOOL,
      description: describe([...this.#types.values()]),
      work: (input, job, signal) => this.#work(input, job, signal),
    });
    this.tools = options.maxDepth === 0 ? [] : [this.#tool.offered];
  }

  start(call: ToolCall, sink: ToolSink): ToolHandle {
    const asked = new AbortController();
    let isLeft = false;
    void this.#tool
      .run(call, asked.signal)
      .catch((error: unknown) => this.#failed(error, call))
      .then((outcome) => {
        if (isLeft || this.#hasEnded) return;
        sink.outcome(outcome);
      })
      .catch((error: unknown) => this.#report('the sink of a sub-agent', error, call));
    return {
      cancel: () => asked.abort(),
      leave: () => {
        isLeft = true;
        void this.#endUnwanted(call).catch((error: unknown) =>
          this.#report('the end of a sub-agent', error, call),
        );
      },
    };
  }

  abandon(call: ToolCall): void {
    void this.#cancel(call).catch((error: unknown) =>
      this.#report('the end of a sub-agent', error, call),
    );
  }

  /** Its callers learn that by its end; the children go on, and are joined when the calls are made again. */
  end(): void {
    this.#hasEnded = true;
  }

  async #work(input: Input, call: ToolCall, signal: AbortSignal): Promise<ToolOutcome> {
    if (input.run_in_background === true)
      throw new Refusal(
        'A sub-agent cannot run in the background here. Call it without run_in_background; calls in one answer run side by side.',
      );
    const type = this.#typeOf(input.subagent_type);
    const ended = await this.#lanes.run(keyString(call.key), () =>
      this.#begin(input, type, call, signal),
    );
    const cancel = () => void this.#cancel(call);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      const outcome = outcomeOf(await ended.finished, signal.aborted);
      return { ...outcome, spentNanoUsd: await this.#spentFor(call) };
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** What its child has cost, and the children of that one: counted where the call ends, so once. */
  async #spentFor(call: ToolCall): Promise<number> {
    const { sessions } = this.#options;
    const head = await this.#persistently(() => sessions.head(childKeyOf(call)));
    return (head?.costNanoUsd ?? 0) + (head?.childrenCostNanoUsd ?? 0);
  }

  #typeOf(name: string = GENERAL_PURPOSE.name): AgentType {
    const type = this.#types.get(name);
    if (type !== undefined) return type;
    const known = [...this.#types.keys()].join(', ');
    throw new Refusal(`There is no agent ${name}. There are: ${known}.`);
  }

  /** Resolves when the child's turn is stored, and with its end to come. */
  async #begin(input: Input, type: AgentType, call: ToolCall, signal: AbortSignal) {
    return this.#persistently(() => {
      if (signal.aborted) throw new Refusal('It was cancelled before it began.');
      return this.#accepted(input, type, call);
    }).catch((error: unknown) => {
      throw inWords(error);
    });
  }

  /** Tries again while parts are restarting. */
  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.#system;
    const untilMs = clock.monotonic() + TRY_MS;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const isWorthIt = isPassing(error) && !this.#hasEnded && clock.monotonic() < untilMs;
        if (!isWorthIt) throw error;
      }
      await pause(clock, RETRY_MS);
    }
  }

  async #accepted(input: Input, type: AgentType, call: ToolCall) {
    const { sessions } = this.#options;
    const { parent, turn } = await this.#caller(call);
    const childOf: ChildOf = {
      sessionId: parent.key.sessionId,
      turnId: call.turnId,
      toolUseId: call.toolUseId,
      agentType: type.name,
      depth: depthBelow(parent),
    };
    const key = childKeyOf(call);
    const known = await sessions.head(key);
    if (known !== undefined && !isSameCall(known.childOf, childOf))
      throw new Refusal(`There is another session ${key.sessionId}, which is not this call's.`);
    const request = {
      prompt: input.prompt,
      ...(known === undefined
        ? { session: await this.#settings(input, type, parent, turn, childOf.depth) }
        : {}),
    };
    return new Promise<{ readonly finished: Promise<TurnFinished> }>((accept, reject) => {
      const finished = new Promise<TurnFinished>((resolve) => {
        sessions
          .turn(
            this.#context(key, turn),
            key,
            key.sessionId,
            request,
            ({ event: { body } }) => {
              if (body.type === 'turn.finished') resolve(body);
            },
            childOf,
          )
          .then(() => accept({ finished }), reject);
      });
    });
  }

  async #caller({ key, turnId }: ToolCall): Promise<{ parent: Head; turn: OpenTurn }> {
    const parent = await this.#options.sessions.head(key);
    const turn = parent?.openTurns.find((open) => open.turnId === turnId);
    if (parent !== undefined && turn !== undefined) return { parent, turn };
    throw new Refusal('The turn that asked for it has ended.');
  }

  /** Of a child that is to be made. Throws a `Refusal` where a limit says that there may be none. */
  async #settings(input: Input, type: AgentType, parent: Head, turn: OpenTurn, depth: number) {
    const { maxDepth, maxPerTurn, sessions } = this.#options;
    if (depth > maxDepth)
      throw new Refusal(`Sub-agents may stand ${maxDepth} deep in each other, and you are there.`);
    const catalog = this.#system.fetch(catalogName);
    const { sessions: made } = await catalog.count(parent.key.tenant, {
      childOf: parent.key.sessionId,
      createdAfter: turn.startedAtMs ?? turn.acceptedAtMs,
    });
    if (made >= maxPerTurn)
      throw new Refusal(
        `This turn has started ${made} sub-agents, and may start ${maxPerTurn}: do the rest yourself.`,
      );
    const leftNanoUsd = await moneyLeft(
      { catalog, head: sessions.head.bind(sessions) },
      parent,
      turn,
    );
    if (leftNanoUsd !== undefined && leftNanoUsd <= 0)
      throw new Refusal('The money limit leaves nothing for a sub-agent.');
    const { description, model } = input;
    return childSettings(
      parent,
      turn,
      { description, type, model },
      { depth, maxDepth, leftNanoUsd, connectors: this.#options.connectors },
    );
  }

  /** Until its turn has ended, or cannot be reached. */
  async #cancel(call: ToolCall): Promise<void> {
    const { clock } = this.#system;
    const key = childKeyOf(call);
    const untilMs = clock.monotonic() + TRY_MS;
    do {
      try {
        await this.#options.sessions.session(this.#context(key), key, 'cancel', {
          turnId: key.sessionId,
        });
        return;
      } catch (error) {
        if (HAS_ENDED.includes(codeOf(error))) return;
      }
      await pause(clock, RETRY_MS);
    } while (clock.monotonic() < untilMs && !this.#hasEnded);
  }

  /** The parent's actor is gone: with its turn, or for another that makes the call again. */
  async #endUnwanted(call: ToolCall): Promise<void> {
    if (this.#hasEnded) return;
    const parent = await this.#options.sessions.head(call.key);
    const isWanted = parent?.openTurns.some(({ turnId }) => turnId === call.turnId) ?? false;
    if (!isWanted) await this.#cancel(call);
  }

  #context({ tenant }: SessionKey, turn?: OpenTurn): RequestContext {
    const { clock } = this.#system;
    return {
      ...{ tenant, principal: 'agent', via: 'internal' as const },
      traceId: turn?.traceId ?? newTraceId(),
      receivedAtMs: clock.now(),
      deadlineMs: clock.monotonic() + REQUEST_TIMEOUT_MS,
    };
  }

  #failed(error: unknown, call: ToolCall): ToolOutcome {
    this.#report('the start of a sub-agent', error, call);
    return failed(`${AGENT} failed, by a mistake of its own: ${String(error)}`);
  }

  #report(during: string, error: unknown, { key, turnId }: ToolCall): void {
    const where = { ...key, turnId };
    this.#system.report({ kind: 'fault', actor: 'agents', during, error, where });
  }
}

type ChildKey = SessionKey & { readonly sessionId: ReturnType<typeof childIdOf> };

const childKeyOf = (call: ToolCall): ChildKey => ({
  tenant: call.key.tenant,
  sessionId: childIdOf(call),
});

/** What a cancel is told when nothing is left to cancel. */
const HAS_ENDED: readonly string[] = [
  ...['turn_not_found', 'invalid_state', 'session_not_found', 'session_deleted'],
];

/** Parts are restarting, or the daemon is stopping and the next one makes the call again. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof Refusal) && ['unavailable', 'draining', 'timeout'].includes(codeOf(error));

/** What the model is told; a bug stays one. */
const inWords = (error: unknown): unknown => {
  if (error instanceof Refusal || codeOf(error) === 'internal') return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Refusal(`The sub-agent could not begin: ${codeOf(error)}: ${message}`);
};

const outcomeOf = (
  { status, stopReason, error, text }: TurnFinished,
  isAsked: boolean,
): ToolOutcome => {
  const last =
    text.length <= MAX_RESULT
      ? text
      : `${whole(text.slice(0, MAX_RESULT))}\n[… ${text.length - MAX_RESULT} more characters]`;
  if (isAsked && status === 'cancelled') return { type: 'cancelled', content: last };
  if (status === 'completed') return said(last + endOf(stopReason, text));
  const why =
    error === undefined ? (stopReason ?? 'no reason was given') : `${error.code}: ${error.message}`;
  const words = last === '' ? '' : ` Its last words: ${last}`;
  return failed(
    `The sub-agent's turn was ${status === 'failed' ? 'ended by a failure' : status}: ${why}.${words}`,
  );
};

/** That it did not end by itself, or without a word. */
const endOf = (stopReason: string | null, text: string): string => {
  if (stopReason !== null && stopReason !== 'end_turn' && stopReason !== 'stop_sequence')
    return `\n[It was stopped: ${stopReason}]`;
  return text === '' ? '[It ended without a word.]' : '';
};

const describe = (types: readonly AgentType[]): string =>
  [
    'Gives a piece of work to a sub-agent, which has a conversation and tools of its own, and answers with its last message. Use it for work whose details need not stand in this conversation; ask several in one answer to have them work side by side. Kinds of agents, for subagent_type:',
    ...types.map(({ name, description, tools }) =>
      tools === undefined
        ? `- ${name}: ${description}`
        : `- ${name}: ${description} (Tools: ${tools.join(', ')})`,
    ),
  ].join('\n');
