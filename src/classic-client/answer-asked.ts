/**
 * Has a program's `canUseTool` answer the tool calls of its turn that wait for a person at a daemon.
 *
 * 1. Each call is asked about once, also when its event comes again.
 * 2. A function that throws denies the call: there is no other person to wait for.
 */
import { type Asked, answerFor } from '../approvals/answer.ts';
import {
  type CanUseTool,
  suggestionOf,
  type Understood,
  understood,
} from '../approvals/can-use-tool.ts';
import { codeOf } from '../model/errors.ts';
import type { WireEvent } from '../model/event.ts';
import type { SessionsApi } from '../session/verbs/api.ts';

type Requested = Extract<WireEvent, { type: 'permission.requested' }>;

/** The events of a turn whose asked calls the function answers. Throws what `turn` throws. */
export async function* answeredTurn(
  api: SessionsApi,
  sessionId: string,
  request: Parameters<SessionsApi['turn']>[1],
  { canUseTool, signal }: { canUseTool: CanUseTool | undefined; signal: AbortSignal },
): AsyncGenerator<WireEvent, void> {
  const failing = new AbortController();
  const asked = new AskedCalls(api, canUseTool, (error) => failing.abort(error));
  try {
    const control = { signal: AbortSignal.any([signal, failing.signal]) };
    for await (const event of api.turn(sessionId, request, control)) {
      asked.see(event);
      yield event;
    }
  } finally {
    asked.end();
  }
}

class AskedCalls {
  readonly #api: SessionsApi;
  readonly #canUseTool: CanUseTool | undefined;
  readonly #onFailure: (error: unknown) => void;
  readonly #asked = new Map<string, AbortController>();

  /** @param onFailure the daemon cannot be told an answer, so the turn would wait for ever. */
  constructor(
    api: SessionsApi,
    canUseTool: CanUseTool | undefined,
    onFailure: (error: unknown) => void,
  ) {
    this.#api = api;
    this.#canUseTool = canUseTool;
    this.#onFailure = onFailure;
  }

  see(event: WireEvent): void {
    if (event.type === 'permission.decided') this.#asked.get(event.approvalId)?.abort();
    if (event.type !== 'permission.requested' || this.#canUseTool === undefined) return;
    if (this.#asked.has(event.approvalId)) return;
    const ending = new AbortController();
    this.#asked.set(event.approvalId, ending);
    this.#answer(event, this.#canUseTool, ending.signal).catch((error: unknown) => {
      if (!DECIDED.includes(codeOf(error))) this.#onFailure(error);
    });
  }

  /** The turn has ended: nothing of it waits any more. */
  end(): void {
    for (const ending of this.#asked.values()) ending.abort();
  }

  async #answer(event: Requested, canUseTool: CanUseTool, signal: AbortSignal): Promise<void> {
    const { sessionId, approvalId } = event;
    const { approvals } = await this.#api.session(sessionId, 'asked', {});
    const asked = approvals.find((one) => one.approvalId === approvalId);
    if (asked === undefined || 'budget' in asked) return;
    const answer = await answerOf(canUseTool, event, asked, signal);
    if (!signal.aborted) await this.#api.session(sessionId, 'approve', answerFor(asked, answer));
  }
}

/** Somebody else was faster. */
const DECIDED: readonly string[] = ['already_decided', 'approval_not_found', 'invalid_state'];

const answerOf = async (
  canUseTool: CanUseTool,
  { tenant, sessionId }: Requested,
  { toolName, input, toolUseId: toolUseID, suggestions, ...asked }: Asked,
  signal: AbortSignal,
): Promise<Understood> => {
  const { approvalId, turnId, reason, commands, files } = asked;
  const context = { ...{ approvalId, turnId, reason, commands, files }, tenant, sessionId };
  try {
    return understood(
      await canUseTool(toolName, input, {
        ...{ ...context, signal, toolUseID },
        suggestions: suggestions.map(suggestionOf),
      }),
    );
  } catch (error) {
    const message = `canUseTool failed: ${error instanceof Error ? error.message : String(error)}`;
    return { behavior: 'deny', message, interrupt: false };
  }
};
