/**
 * What is at hand of the tool calls that a turn is at: their inputs, their results, what hooks say beside them. As long as the turn
 * is at the answer that asked for them they stay; after a wake they are read from the journal.
 */
import { isToolUse } from '../../claude-code/api-blocks.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { OpenCall } from '../../model/turn.ts';
import { decodeMessage } from '../context/model-message.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { Journal } from '../ports/journal.ts';
import { withSaid } from './result-block.ts';

export type EndedCall = Extract<OpenCall, { readonly state: 'ended' }>;

export class AnswerCalls {
  /** `seq` of the answer; 0: none is at hand. */
  #answerSeq = 0;
  readonly #uses = new Map<string, ToolUse>();
  readonly #results = new Map<string, Uint8Array>();
  /** What hooks want the model to see beside a call's result. */
  readonly #context = new Map<string, readonly string[]>();
  readonly #durations = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#answerSeq === 0;
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const result of this.#results.values()) bytes += result.byteLength;
    return bytes;
  }

  isOf(answerSeq: number): boolean {
    return this.#answerSeq === answerSeq;
  }

  /** An answer has asked for these. */
  begin(answerSeq: number, uses: readonly ToolUse[]): void {
    this.forget();
    this.#answerSeq = answerSeq;
    for (const use of uses) this.#uses.set(use.id, use);
  }

  forget(): void {
    this.#answerSeq = 0;
    for (const each of [this.#uses, this.#results, this.#context, this.#durations])
      if (each.size > 0) each.clear(); // an empty one would get a new table for nothing
  }

  has({ toolUseId }: OpenCall): boolean {
    return this.#uses.has(toolUseId);
  }

  /** As the model made it; one that it did not make has no input. */
  use({ toolUseId: id, name }: OpenCall): ToolUse {
    return this.#uses.get(id) ?? { id, name, input: {} };
  }

  /** Blocks as JSON, by the ids of their calls. What it holds for an id changes only before all are there. */
  get results(): ReadonlyMap<string, Uint8Array> {
    return this.#results;
  }

  /** Behind it comes what hooks have said about the call. */
  ended(toolUseId: string, block: Uint8Array): void {
    const context = this.#context.get(toolUseId);
    this.#results.set(
      toolUseId,
      context === undefined ? block : withSaid(block, undefined, context),
    );
  }

  resultOf(toolUseId: string): Uint8Array {
    return this.#results.get(toolUseId) ?? new Uint8Array();
  }

  replace(toolUseId: string, block: Uint8Array): void {
    this.#results.set(toolUseId, block);
  }

  say(toolUseId: string, context: readonly string[]): void {
    if (context.length > 0) this.#context.set(toolUseId, context);
  }

  took(toolUseId: string, durationMs: number): void {
    this.#durations.set(toolUseId, durationMs);
  }

  /** 0: it ended before a wake. */
  durationOf(toolUseId: string): number {
    return this.#durations.get(toolUseId) ?? 0;
  }

  /** Those whose results have to be read. */
  missing(calls: readonly OpenCall[]): readonly EndedCall[] {
    return calls.filter(
      (call): call is EndedCall => call.state === 'ended' && !this.#results.has(call.toolUseId),
    );
  }

  /** Rejects with `corrupt_record`. */
  async readUses(journal: Journal, key: SessionKey, answerSeq: number): Promise<void> {
    const session = await journal.open(key);
    const [entry] = await session.entries({ from: answerSeq, to: answerSeq, limit: 1 });
    if (entry?.kind !== 'message')
      throw new GreenroomError('corrupt_record', `entry ${answerSeq} is not the answer it was`);
    const uses = decodeMessage(entry.body).content.filter(isToolUse);
    this.begin(answerSeq, uses as unknown as readonly ToolUse[]);
  }

  /** Rejects with `corrupt_record`. */
  async readResults(journal: Journal, key: SessionKey, calls: readonly EndedCall[]): Promise<void> {
    const session = await journal.open(key);
    for (const { toolUseId, seq } of calls) {
      const [entry] = await session.entries({ from: seq, to: seq, limit: 1 });
      const blocks = entry?.kind === 'message' ? decodeMessage(entry.body).content : [];
      const [block] = blocks;
      if (block === undefined)
        throw new GreenroomError('corrupt_record', `entry ${seq} is not the result it was`);
      this.#results.set(toolUseId, Buffer.from(JSON.stringify(block)));
    }
  }
}
