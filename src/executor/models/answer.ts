/**
 * One model answer as it streams in: what it has said so far, what it used, and at the end the
 * outcome. Pure but for the deltas that it passes on.
 */
import type { Message } from '@anthropic-ai/sdk/resources/messages';
import type { Container } from '../../model/container.ts';
import type { Provider } from '../../model/entry.ts';
import {
  addUsage,
  countedUsage,
  emptyUsage,
  promptTokens,
  usageFromApi,
} from '../../model/usage.ts';
import { costOfMiss, costOfParts } from '../../pricing/price.ts';
import type {
  CacheMiss,
  Refusal,
  StepEvent,
  StepOutcome,
  ToolUse,
} from '../../session/ports/executor.ts';
import { callsOfApi, toolsRunIn } from './api-calls.ts';
import { MessageDraft, type StreamEvent } from './message-draft.ts';
import { withOwnIds } from './own-ids.ts';

type Block = Message['content'][number];

export class Answer {
  /** The text so far. */
  text = '';
  readonly #emit: ((event: StepEvent) => void) | undefined;
  readonly #draft = new MessageDraft();
  /** As the API reports it: the start's, overwritten field by field by the end's. */
  #usage: Record<string, unknown> = {};

  /** `emit` is left out where no deltas are wanted. */
  constructor(emit?: (event: StepEvent) => void) {
    this.#emit = emit;
  }

  /** Throws `AnthropicError` for events in an order that makes no message. */
  see(event: StreamEvent): void {
    this.#draft.see(event);
    switch (event.type) {
      case 'content_block_delta':
        return this.#delta(event.index, event.delta);
      case 'content_block_start':
        if (event.content_block.type === 'text') this.text += event.content_block.text;
        return;
      case 'message_start':
        return this.#count(event.message.usage);
      case 'message_delta':
        return this.#count(event.usage);
      case 'content_block_stop':
      case 'message_stop':
        return;
    }
  }

  /**
   * Throws `AnthropicError` if the answer is not whole.
   *
   * @param atMs when the call was made, which decides its price.
   * @param messages JSON of what it answers.
   */
  outcome(provider: Provider, atMs: number, messages: Uint8Array): StepOutcome {
    const { message, inputs } = this.#draft.finished();
    const content = withOwnIds(message.content, messages);
    const parts = countedUsage(this.#usage, message.model);
    const cacheMiss = cacheMissOf(message, atMs);
    const refusal = refusalOf(message);
    const toolsFound = toolsFoundIn(content);
    const toolsRun = toolsRunIn(content);
    const apiCalls = callsOfApi(content);
    const container = containerOf(message);
    const contextTokens = contextTokensOf(this.#usage);
    return {
      type: 'message',
      body: new TextEncoder().encode(bodyOf(content, inputs)),
      text: textOf(content),
      toolUses: toolUsesOf(content),
      stopReason: message.stop_reason,
      messageId: message.id,
      model: message.model,
      provider,
      usage: parts.reduce((sum, { usage }) => addUsage(sum, usage), emptyUsage),
      costNanoUsd: costOfParts(parts, atMs),
      ...(contextTokens === undefined ? {} : { contextTokens }),
      ...(hasCompacted(content) ? { hasCompacted: true as const } : {}),
      ...(container === undefined ? {} : { container }),
      ...(cacheMiss === undefined ? {} : { cacheMiss }),
      ...(refusal === undefined ? {} : { refusal }),
      ...(toolsFound.length === 0 ? {} : { toolsFound }),
      ...(toolsRun.length === 0 ? {} : { toolsRun }),
      ...(apiCalls.length === 0 ? {} : { apiCalls }),
    };
  }

  #delta(
    block: number,
    delta: Extract<StreamEvent, { type: 'content_block_delta' }>['delta'],
  ): void {
    switch (delta.type) {
      case 'text_delta':
        this.text += delta.text ?? '';
        return this.#emit?.({ type: 'delta', block, text: delta.text ?? '' });
      case 'thinking_delta':
        return this.#emit?.({ type: 'delta', block, thinking: delta.thinking ?? '' });
      case 'input_json_delta':
        return this.#emit?.({ type: 'delta', block, inputJson: delta.partial_json ?? '' });
      case 'citations_delta':
      case 'compaction_delta':
      case 'signature_delta':
        return;
    }
  }

  /** What stands in the API's place may count nothing. */
  #count(usage: object | null | undefined): void {
    for (const [name, value] of Object.entries(usage ?? {})) {
      if (value !== null && value !== undefined) this.#usage[name] = value;
    }
  }
}

const bodyOf = (content: readonly Block[], inputs: ReadonlyMap<number, string>): string => {
  const blocks = content.map((block, index) => blockJson(block, inputs.get(index)));
  return `{"role":"assistant","content":[${blocks.join(',')}]}`;
};

/** A block as the API gave it; `input` is the streamed text of a tool's input. */
const blockJson = (block: Block, input: string | undefined): string => {
  if (input === undefined || !('input' in block)) return JSON.stringify(block);
  const { input: _, ...others } = block;
  return `${JSON.stringify(others).slice(0, -1)},"input":${input}}`;
};

const refusalOf = ({ stop_details: details }: Partial<Message>): Refusal | undefined =>
  details?.type === 'refusal'
    ? { category: details.category, explanation: details.explanation }
    : undefined;

/** null, or a diagnosis without a reason: nothing was missed, or the API was not done comparing. */
const cacheMissOf = (
  { diagnostics, model }: Pick<Message, 'model'> & Partial<Message>,
  atMs: number,
): CacheMiss | undefined => {
  const reason = diagnostics?.cache_miss_reason;
  if (reason === null || reason === undefined) return undefined;
  const { type } = reason;
  if (!('cache_missed_input_tokens' in reason)) return { type };
  const missedInputTokens = reason.cache_missed_input_tokens;
  return { type, missedInputTokens, costNanoUsd: costOfMiss(missedInputTokens, model, atMs) };
};

const containerOf = ({ container }: Partial<Message>): Container | undefined => {
  if (container === null || container === undefined) return undefined;
  const expiresAtMs = Date.parse(container.expires_at);
  return Number.isFinite(expiresAtMs) ? { id: container.id, expiresAtMs } : undefined;
};

/** What the model itself read last, where the API lists all that it did: a summary's prompt is none of the session's. */
const contextTokensOf = ({ iterations }: Record<string, unknown>): number | undefined => {
  if (!Array.isArray(iterations)) return undefined;
  const last: unknown = iterations.findLast(
    (one: { type?: unknown } | null) => one?.type === 'message',
  );
  return last === undefined ? undefined : promptTokens(usageFromApi(last));
};

/** Without a content it is a compaction that has failed, and stands for nothing. */
const hasCompacted = (content: readonly object[]): boolean =>
  content.some((block) => {
    const { type, content: summary } = block as { type?: unknown; content?: unknown };
    return type === 'compaction' && typeof summary === 'string';
  });

const textOf = (content: readonly Block[]): string =>
  content.reduce((text, block) => (block.type === 'text' ? text + block.text : text), '');

const toolUsesOf = (content: readonly Block[]): ToolUse[] =>
  content.flatMap((block) =>
    block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
  );

/** What searches for tools have brought. */
const toolsFoundIn = (content: readonly Block[]): readonly string[] =>
  content.flatMap((block) =>
    block.type === 'tool_search_tool_result' && 'tool_references' in block.content
      ? block.content.tool_references.map(({ tool_name: name }) => name)
      : [],
  );
