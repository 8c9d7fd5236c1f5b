/**
 * The API's stream of one answer, made again of its deltas and of the message at its end: `message_start`, blocks,
 * `message_delta`, `message_stop`. Pure but for what it remembers of the answer under way.
 *
 * The name and the id of a tool call are not known before the message: such a block comes then, in one piece.
 */
import type { BetaMessage, BetaRawMessageStreamEvent } from '../executor/models/api-types.ts';
import type { TurnEventBody } from '../model/event.ts';
import { emptyUsage } from '../model/usage.ts';
import { apiUsageOf } from './spending.ts';

type Delta = Extract<TurnEventBody, { type: 'delta' }>;
type Event = BetaRawMessageStreamEvent;

export class StreamEvents {
  #hasStarted = false;
  /** The block that is open, and the number of the first that was not begun. */
  #open: number | undefined;
  #next = 0;

  /** What was streamed of this answer is void: it begins anew. */
  reset(): void {
    this.#hasStarted = false;
    this.#open = undefined;
    this.#next = 0;
  }

  delta(model: string, { block, text, thinking }: Delta): Event[] {
    if (text === undefined && thinking === undefined) return [];
    const delta =
      text === undefined
        ? { type: 'thinking_delta' as const, thinking: thinking ?? '', estimated_tokens: null }
        : { type: 'text_delta' as const, text };
    const begun = this.#begin(model);
    if (this.#open !== block) {
      begun.push(...this.#close());
      this.#open = block;
      this.#next = block + 1;
      begun.push(startOf(block, text === undefined ? 'thinking' : 'text'));
    }
    return [...begun, { type: 'content_block_delta', index: block, delta } as Event];
  }

  /** All that is left of the answer. */
  end(message: BetaMessage): Event[] {
    const events = [...this.#begin(message.model), ...this.#close()];
    for (const [index, block] of message.content.entries())
      if (index >= this.#next) events.push(...wholeBlock(index, block));
    this.reset();
    const { stop_reason, stop_sequence, usage } = message;
    const delta = { stop_reason, stop_sequence, container: null, stop_details: null };
    const end = { type: 'message_delta', delta, usage, context_management: null };
    return [...events, end as unknown as Event, { type: 'message_stop' } as Event];
  }

  #begin(model: string): Event[] {
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    const message = messageOf({ id: '', model, content: [], stopReason: null });
    return [{ type: 'message_start', message }];
  }

  #close(): Event[] {
    if (this.#open === undefined) return [];
    const index = this.#open;
    this.#open = undefined;
    return [{ type: 'content_block_stop', index }];
  }
}

const startOf = (index: number, type: 'text' | 'thinking'): Event => {
  const block =
    type === 'text' ? { type, text: '', citations: null } : { type, thinking: '', signature: '' };
  return { type: 'content_block_start', index, content_block: block } as Event;
};

const wholeBlock = (index: number, block: BetaMessage['content'][number]): Event[] => {
  const stop: Event = { type: 'content_block_stop', index };
  const start = (content: object) =>
    ({ type: 'content_block_start', index, content_block: content }) as Event;
  if (block.type !== 'tool_use') return [start(block), stop];
  const delta = { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  return [
    start({ ...block, input: {} }),
    { type: 'content_block_delta', index, delta } as Event,
    stop,
  ];
};

/** An answer as the API's beta messages have it; what is not kept of it is null. */
export const messageOf = ({
  id,
  model,
  content,
  stopReason,
  usage = emptyUsage,
}: {
  readonly id: string;
  readonly model: string;
  readonly content: unknown;
  readonly stopReason: string | null;
  readonly usage?: typeof emptyUsage;
}): BetaMessage => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  content: content as BetaMessage['content'],
  stop_reason: stopReason as BetaMessage['stop_reason'],
  stop_sequence: null,
  stop_details: null,
  container: null,
  context_management: null,
  diagnostics: null,
  usage: apiUsageOf(usage),
});
