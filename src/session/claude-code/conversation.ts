/**
 * Imported lines to the messages that the model is to see: the active chain in the API's form.
 *
 * 1. A response is written block by block, each on its own line, with other lines between and
 *    parallel calls hanging beside the chain: all lines of its message id are joined, in file order.
 * 2. Each tool use is answered in the next message, results first, in the order of the uses; one
 *    without a result is answered as interrupted. Results without a use are left out.
 * 3. Hidden lines (meta, synthetic, for people only) are left out.
 * 4. The first message is the user's, and a user message may follow the last.
 */
import {
  type ApiBlock,
  assistantBlocks,
  isToolUse,
  type ToolUse,
  toolId,
  toolResult,
  userBlocks,
} from './api-blocks.ts';
import { activeChain, type ChainLine, readTranscript } from './chain.ts';
import { blocksOf, type RawBlock, text } from './raw-line.ts';
import { objectsOf } from './read-line.ts';

export interface ApiMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly ApiBlock[];
}

/** Whether thinking that this model signed may be sent: signatures of newer models bind to the model. */
export type KeepsThinking = (model: string | undefined) => boolean;

/** Stands in the user's place when the transcript begins with an answer. */
export const LOST_BEGINNING = 'The beginning of this conversation is not part of its transcript.';

/** @param lines transcript lines in file order, without newlines. */
export const conversation = (
  lines: readonly Uint8Array[],
  keepsThinking: KeepsThinking = () => true,
): readonly ApiMessage[] => {
  const transcript = readTranscript(records(lines));
  const chain = activeChain(transcript);
  const responses = joinResponses(transcript.lines);
  const results = collectResults([...transcript.lines, ...chain]);
  const messages = new Messages();
  const told = new Set<string>();
  for (const line of chain) {
    if (line.isHidden) continue;
    if (line.queuedPrompt !== undefined)
      messages.addUser(userBlocks([{ type: 'text', text: line.queuedPrompt }]));
    if (line.kind === 'user') messages.addUser(userBlocks(blocksOf(line.message.content)));
    if (line.kind !== 'assistant' || told.has(responseId(line))) continue;
    told.add(responseId(line));
    const blocks = responses.get(responseId(line)) ?? [];
    const content = assistantBlocks(blocks, keepsThinking(text(line.message.model)));
    messages.addAssistant(content, results);
  }
  return messages.list;
};

function* records(lines: readonly Uint8Array[]) {
  for (const line of lines) yield* objectsOf(line);
}

/** Lines without a message id are responses of their own. */
const responseId = (line: ChainLine): string => text(line.message.id) ?? `line ${line.uuid}`;

const joinResponses = (lines: readonly ChainLine[]): ReadonlyMap<string, readonly RawBlock[]> => {
  const responses = new Map<string, RawBlock[]>();
  const seen = new Set<string>();
  for (const line of lines) {
    if (line.kind !== 'assistant' || line.isHidden || seen.has(line.uuid)) continue;
    seen.add(line.uuid);
    const blocks = responses.get(responseId(line)) ?? [];
    blocks.push(...blocksOf(line.message.content));
    responses.set(responseId(line), blocks);
  }
  return responses;
};

/** Results by tool use; of several the last counts, so whose word is best comes last. */
const collectResults = (lines: readonly ChainLine[]): ReadonlyMap<string, RawBlock> => {
  const results = new Map<string, RawBlock>();
  for (const line of lines) {
    if (line.kind !== 'user') continue;
    for (const block of blocksOf(line.message.content)) {
      const id = block.type === 'tool_result' ? toolId(block.tool_use_id) : undefined;
      if (id !== undefined) results.set(id, block);
    }
  }
  return results;
};

/** The messages so far. User blocks in a row share a message; each tool use appears once. */
class Messages {
  readonly list: { readonly role: 'user' | 'assistant'; readonly content: ApiBlock[] }[] = [];
  readonly #usedIds = new Set<string>();

  addUser(blocks: readonly ApiBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.list.at(-1);
    if (last?.role === 'user') last.content.push(...blocks);
    else this.list.push({ role: 'user', content: [...blocks] });
  }

  addAssistant(blocks: readonly ApiBlock[], results: ReadonlyMap<string, RawBlock>): void {
    const content = blocks.filter((block) => !isToolUse(block) || this.#isNew(block));
    if (content.length === 0) return;
    if (this.list.length === 0) this.addUser([...userBlocks(blocksOf(LOST_BEGINNING))]);
    this.list.push({ role: 'assistant', content });
    this.addUser(content.filter(isToolUse).map(({ id }) => toolResult(id, results.get(id))));
  }

  #isNew({ id }: ToolUse): boolean {
    const isNew = !this.#usedIds.has(id);
    this.#usedIds.add(id);
    return isNew;
  }
}
