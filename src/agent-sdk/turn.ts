/** One turn of a query as messages of the official SDK, `result` last. */
import { codeOf } from '../model/errors.ts';
import type { ApiMessage, TurnFinished, WireEvent } from '../model/event.ts';
import { emptyUsage } from '../model/usage.ts';
import type { Clock } from '../otp/clock.ts';
import type { MessageView, SessionView } from '../session/verbs/reply-schemas.ts';
import type { TurnRequest } from '../session/verbs/turn-request.ts';
import { forwardedOf } from './forwarding.ts';
import type { AgentHost } from './host.ts';
import type {
  SDKAPIRetryMessage,
  SDKMessage,
  SDKPermissionDenial,
  SDKResultError,
  SDKResultMessage,
  UUID,
} from './messages.ts';
import { apiUsageOf, type Spending } from './spending.ts';
import { messageOf, StreamEvents } from './stream-events.ts';

type Unaddressed<T> = T extends SDKMessage ? Omit<T, 'uuid' | 'session_id'> : never;
type Said = Unaddressed<SDKMessage>;

export interface TurnParts {
  readonly host: AgentHost;
  readonly session: SessionView;
  readonly model: string;
  readonly isStreamed: boolean;
  /** Messages of sub-agents come too. */
  readonly isForwarded: boolean;
  readonly isStructured: boolean;
  /** Of the query so far; the turn adds what it uses. */
  readonly spending: Spending;
  readonly maxRetries: number;
  readonly clock: Clock;
  readonly newUuid: () => UUID;
}

type Request = Parameters<AgentHost['api']['turn']>[1] & Pick<TurnRequest, 'prompt'>;

export class Turn {
  readonly #parts: TurnParts;
  readonly #stream = new StreamEvents();
  readonly #denials = new Map<string, SDKPermissionDenial>();
  readonly #uses = new Map<string, { readonly name: string; readonly input: unknown }>();
  readonly #startedMs: number;
  #answers = 0;
  #apiMs = 0;
  /** Since when the model is waited for. */
  #askedMs: number;
  #retries = 0;
  #attempt = 1;
  #usesAgents = false;
  #stopReason: string | null = null;

  constructor(parts: TurnParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.monotonic();
    this.#askedMs = this.#startedMs;
  }

  /** Throws what `signal` was aborted with; everything else that goes wrong is a result. */
  async *run(request: Request, signal: AbortSignal): AsyncGenerator<SDKMessage, void> {
    const { host, session } = this.#parts;
    try {
      for await (const event of host.api.turn(session.sessionId, request, { signal }))
        for (const said of await this.#said(event)) yield this.#addressed(said);
    } catch (error) {
      if (signal.aborted) throw error;
      yield this.#addressed(this.#refused(error));
    }
  }

  #addressed(said: Said): SDKMessage {
    const { newUuid, session } = this.#parts;
    return { ...said, uuid: newUuid(), session_id: session.sessionId } as SDKMessage;
  }

  async #said(event: WireEvent): Promise<readonly Said[]> {
    if (event.attempt > this.#attempt) {
      this.#attempt = event.attempt;
      this.#stream.reset();
    }
    switch (event.type) {
      case 'delta':
        return this.#parts.isStreamed
          ? this.#streamed(this.#stream.delta(this.#parts.model, event))
          : [];
      case 'message':
        return event.message.role === 'assistant'
          ? this.#answer(event.seq, event.message, event.at)
          : this.#results(event.message, event.at);
      case 'retry':
        this.#stream.reset();
        return [this.#retry(event)];
      case 'tool.refused':
        return [this.#denied(event.toolUseId, event.toolName, event.reason)];
      case 'permission.decided':
        if (event.decision === 'deny') this.#deny(event.toolUseId);
        return [];
      case 'turn.finished':
        return [await this.#result(event)];
      case 'compacted':
        return [compacted(event.tokens)];
      case 'compacting':
      case 'turn.accepted':
      case 'turn.started':
      case 'tool.started':
      case 'tool.finished':
      case 'hook.executed':
      case 'permission.requested':
      case 'elicitation.requested':
      case 'elicitation.answered':
      case 'budget.requested':
      case 'budget.decided':
      case 'ping':
        return [];
    }
  }

  #streamed(events: ReturnType<StreamEvents['delta']>): readonly Said[] {
    return events.map((event) => ({ type: 'stream_event', event, parent_tool_use_id: null }));
  }

  async #answer(seq: number, { content }: ApiMessage, timestamp: string): Promise<readonly Said[]> {
    const { model, spending, isStreamed } = this.#parts;
    const entry = await this.#entry(seq);
    const { id = `msg_${seq}`, usage = emptyUsage, stopReason = null } = entry ?? {};
    const message = messageOf({ id, model: entry?.model ?? model, content, stopReason, usage });
    spending.add(message.model, usage, entry?.costUsd ?? null);
    this.#stopReason = stopReason;
    this.#answers += 1;
    this.#apiMs += this.#parts.clock.monotonic() - this.#askedMs;
    for (const block of typeof content === 'string' ? [] : content) this.#remember(block);
    const said: Said = { type: 'assistant', message, parent_tool_use_id: null, timestamp };
    return [...(isStreamed ? this.#streamed(this.#stream.end(message)) : []), said];
  }

  #remember({ type, id, name, input }: { type: string; [field: string]: unknown }): void {
    if (type !== 'tool_use') return;
    this.#uses.set(String(id), { name: String(name), input });
    if (name === 'Agent') this.#usesAgents = true;
  }

  /** Behind what the sub-agents have said whose calls they are of. */
  async #results(message: ApiMessage, timestamp: string): Promise<readonly Said[]> {
    this.#askedMs = this.#parts.clock.monotonic();
    const { host, session, model, isForwarded } = this.#parts;
    const calls = isForwarded ? this.#agentCalls(message) : [];
    const { sessionId } = session;
    return [
      ...(calls.length === 0 ? [] : await forwardedOf(host, sessionId, model, calls)),
      { type: 'user', message: message as never, parent_tool_use_id: null, timestamp } as Said,
    ];
  }

  #agentCalls({ content }: ApiMessage): readonly string[] {
    return (typeof content === 'string' ? [] : content)
      .map((block) => String(block['tool_use_id']))
      .filter((id) => this.#uses.get(id)?.name === 'Agent');
  }

  async #entry(seq: number): Promise<MessageView | undefined> {
    const { host, session } = this.#parts;
    const { entries } = await host.api.session(session.sessionId, 'messages', {
      ...{ from: seq, limit: 1 },
    });
    const [entry] = entries;
    return entry?.type === 'message' ? entry : undefined;
  }

  #retry({ delayMs, error }: Extract<WireEvent, { type: 'retry' }>): Said {
    this.#retries += 1;
    const status = (error as { readonly status?: number }).status ?? null;
    const retry: Unaddressed<SDKAPIRetryMessage> = {
      ...{ type: 'system', subtype: 'api_retry', attempt: this.#retries },
      ...{ max_retries: this.#parts.maxRetries, retry_delay_ms: delayMs },
      ...{ error_status: status, error: kindOf(error.type) },
    };
    return retry;
  }

  #deny(toolUseId: string): void {
    const use = this.#uses.get(toolUseId);
    if (use === undefined) return;
    const tool_input = (use.input ?? {}) as Record<string, unknown>;
    this.#denials.set(toolUseId, { tool_name: use.name, tool_use_id: toolUseId, tool_input });
  }

  #denied(toolUseId: string, toolName: string, message: string): Said {
    this.#deny(toolUseId);
    return {
      ...{ type: 'system', subtype: 'permission_denied' },
      ...{ tool_name: toolName, tool_use_id: toolUseId, message },
    };
  }

  async #result(finished: TurnFinished): Promise<Said> {
    if (this.#usesAgents) await this.#addAgents();
    const { status, stopReason, text, usage, error } = finished;
    const fields = { ...this.#fields(), stop_reason: stopReason, usage: apiUsageOf(usage) };
    const subtype = subtypeOf(finished);
    if (subtype !== 'success') {
      const message = error?.message ?? `the turn was ${status}`;
      return { ...fields, subtype, is_error: true, errors: [message] };
    }
    if (!this.#parts.isStructured) return { ...fields, subtype, is_error: false, result: text };
    const structured = parsed(text);
    if (structured !== undefined)
      return {
        ...fields,
        subtype,
        is_error: false,
        result: text,
        structured_output: structured.value,
      };
    const errors = [`the answer is not JSON of the schema (${stopReason})`];
    return { ...fields, subtype: 'error_during_execution', is_error: true, errors };
  }

  /** It did not run, or nobody knows how it ended. */
  #refused(error: unknown): Said {
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    return {
      ...this.#fields(),
      ...{ stop_reason: this.#stopReason, usage: apiUsageOf(emptyUsage) },
      subtype: ERROR_OF[code] ?? 'error_during_execution',
      ...{ is_error: true, errors: [`${code}: ${message}`] },
    };
  }

  #fields() {
    const { spending, clock } = this.#parts;
    return {
      type: 'result' as const,
      duration_ms: Math.round(clock.monotonic() - this.#startedMs),
      duration_api_ms: Math.round(this.#apiMs),
      num_turns: this.#answers,
      total_cost_usd: spending.costUsd,
      modelUsage: spending.modelUsage(),
      permission_denials: [...this.#denials.values()],
    };
  }

  /** What the sub-agents of this turn have used. */
  async #addAgents(): Promise<void> {
    const { host, session, spending, model } = this.#parts;
    const { children } = await host.api.session(session.sessionId, 'children', {});
    for (const { sessionId } of children) {
      const { session: child } = await host.api.session(sessionId, 'get', {});
      const { childOf, usage, totalCostUsd, knownCostUsd } = child;
      // Each is counted once: by the turn whose call it is, or whose sub-agent's.
      if (childOf === undefined || this.#counted.has(sessionId)) continue;
      if (!this.#uses.has(childOf.toolUseId) && !this.#counted.has(childOf.sessionId)) continue;
      this.#counted.add(sessionId);
      spending.add(child.model ?? model, usage, totalCostUsd ?? knownCostUsd ?? null);
    }
  }

  readonly #counted = new Set<string>();
}

const compacted = (tokens: number): Said => ({
  ...({ type: 'system', subtype: 'compact_boundary' } as const),
  compact_metadata: { trigger: 'auto', pre_tokens: tokens },
});

const ERROR_OF: Readonly<Partial<Record<string, SDKResultError['subtype']>>> = {
  budget_exceeded: 'error_max_budget_usd',
};

const subtypeOf = ({ status, stopReason, error }: TurnFinished): SDKResultMessage['subtype'] => {
  if (stopReason === 'max_steps') return 'error_max_turns';
  if (stopReason === 'budget_exceeded' || error?.code === 'budget_exceeded')
    return 'error_max_budget_usd';
  return status === 'completed' ? 'success' : 'error_during_execution';
};

const kindOf = (type: string): SDKAPIRetryMessage['error'] => {
  if (type === 'rate_limit_error') return 'rate_limit';
  if (type === 'overloaded_error') return 'overloaded';
  return type === 'api_error' ? 'server_error' : 'unknown';
};

const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};
