/**
 * A message as it grows, event by event. It owns the message, whose parts came out of JSON that nobody else has, and so are
 * changed in place.
 *
 * The SDK has the same in its `MessageStream`, with twenty weak maps and a copy of the block for each delta: a third of all that a call
 * takes. And V8 keeps what it has made for an answer until the next great collection, which throws compiled code away.
 */
import { AnthropicError } from '@anthropic-ai/sdk';
import { partialParse } from '@anthropic-ai/sdk/_vendor/partial-json-parser/parser';
import type { BetaRawMessageStreamEvent } from '@anthropic-ai/sdk/resources/beta/messages/messages.mjs';
import type { Message } from '@anthropic-ai/sdk/resources/messages';

/** Of both APIs: the beta has the events of the other, and some more. */
export type StreamEvent = BetaRawMessageStreamEvent;

type StartedBlock = Extract<StreamEvent, { type: 'content_block_start' }>['content_block'];
type Delta = Extract<StreamEvent, { type: 'content_block_delta' }>['delta'];

/** A block of any type, with what deltas may change. */
interface Block {
  readonly type: string;
  text?: string;
  thinking?: string;
  signature?: string | null;
  citations?: unknown[] | null;
  input?: unknown;
  content?: unknown;
  encrypted_content?: unknown;
}

export interface FinishedMessage {
  readonly message: Message;
  /** Tool inputs as they were streamed, by block, where they are whole: parsed and written again, long numbers would change. */
  readonly inputs: ReadonlyMap<number, string>;
}

export class MessageDraft {
  #message: Message | undefined;
  #isFinished = false;
  /** By the place of a block, as all that follows. */
  readonly #inputs = new Map<number, string>();
  /** Of the blocks, by the index that their events have: not every server counts from zero. */
  readonly #places = new Map<number, number>();

  /** Throws `AnthropicError` for a message in the middle of another. */
  see(event: StreamEvent): void {
    switch (event.type) {
      case 'message_start':
        return this.#start(event.message as Message);
      case 'content_block_start':
        return this.#startBlock(event.index, event.content_block);
      case 'content_block_delta':
        return this.#grow(event.index, event.delta);
      case 'message_delta':
        return this.#end(event.delta);
      case 'message_stop':
        this.#isFinished = true;
        return;
    }
  }

  /**
   * Throws `AnthropicError` if its end has not come, and for tool input that is no JSON: none at all, or none that is whole where
   * the message says that its tools are to run. Some servers say so of an answer that they cut off, and half a file would be written.
   */
  finished(): FinishedMessage {
    if (this.#message === undefined || !this.#isFinished)
      throw new AnthropicError('the stream ended before the message did');
    const inputs = new Map<number, string>();
    for (const [place, text] of this.#inputs) {
      const block = this.#blocks[place];
      if (block === undefined || text === '') continue; // what its start had is all
      const whole = parsed(text);
      if (whole !== undefined) inputs.set(place, text);
      else if (this.#message.stop_reason === 'tool_use') throw notWhole(text);
      block.input = whole ?? cutOff(text);
    }
    return { message: this.#message, inputs };
  }

  #start(message: Message): void {
    if (this.#message !== undefined)
      throw new AnthropicError('a message began before the one before it had ended');
    this.#message = message;
  }

  /** What the API always has in a block, and would refuse it without, may be missing where another stands in its place. */
  #startBlock(index: number, block: StartedBlock): void {
    if (this.#message === undefined) return;
    this.#places.set(index, this.#blocks.push(block) - 1);
    if (block.type === 'text') block.text ??= '';
    if (block.type.endsWith('tool_use')) (block as Block).input ??= {};
    // the model that has answered in the end
    if (block.type === 'fallback') this.#message.model = block.to.model;
  }

  #grow(index: number, delta: Delta): void {
    const place = this.#places.get(index) ?? NOWHERE;
    const block = this.#blocks[place];
    if (block === undefined) return;
    switch (delta.type) {
      case 'text_delta':
        if (block.type === 'text') block.text = (block.text ?? '') + (delta.text ?? '');
        return;
      case 'citations_delta':
        if (block.type === 'text') block.citations = [...(block.citations ?? []), delta.citation];
        return;
      case 'input_json_delta':
        if ('input' in block)
          this.#inputs.set(place, (this.#inputs.get(place) ?? '') + (delta.partial_json ?? ''));
        return;
      case 'thinking_delta':
        if (block.type === 'thinking')
          block.thinking = (block.thinking ?? '') + (delta.thinking ?? '');
        return;
      case 'signature_delta':
        if (block.type === 'thinking') block.signature = delta.signature;
        return;
      case 'compaction_delta':
        if (block.type !== 'compaction') return;
        block.content = delta.content;
        if ('encrypted_content' in delta) block.encrypted_content = delta.encrypted_content;
        return;
    }
  }

  #end(delta: Extract<StreamEvent, { type: 'message_delta' }>['delta']): void {
    const message = this.#message;
    if (message === undefined) return;
    message.stop_reason = delta.stop_reason as Message['stop_reason'];
    message.stop_sequence = delta.stop_sequence;
    message.stop_details = (delta.stop_details ?? null) as Message['stop_details'];
    if (delta.container) message.container = delta.container as Message['container'];
  }

  get #blocks(): Block[] {
    return (this.#message?.content ?? []) as Block[];
  }
}

const NOWHERE = -1;

/** Undefined for the empty input of a tool without parameters, and for one that `max_tokens` cut off. */
const parsed = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return isInput(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** Else the API refuses each later request. */
const isInput = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const notWhole = (text: string): AnthropicError => {
  cutOff(text); // it may not even be the beginning of one
  return new AnthropicError(
    'the input of a tool was cut off, and the answer says that it is whole',
  );
};

/** What there is of it, as the SDK reads it. */
const cutOff = (text: string): unknown => {
  const value = partOf(text) ?? {};
  if (!isInput(value)) throw new AnthropicError('the input of a tool is no object');
  return value;
};

const partOf = (text: string): unknown => {
  try {
    return partialParse(text);
  } catch (error) {
    throw new AnthropicError(`the input of a tool is no JSON: ${String(error)}`);
  }
};
