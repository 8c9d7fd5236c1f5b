/**
 * Imported lines to the messages that the model is to see: the active chain in the API's form.
 *
 * 1. A response is written block by block, each on its own line, with other lines between and
 *    parallel calls hanging beside the chain: all its lines are joined, in file order.
 * 2. Each tool use is answered in the next message, results first, in the order of the uses; one
 *    without a result is answered as interrupted. Results without a use are left out. Which result is
 *    whose, also where ids repeat: `tool-pairs.ts`.
 * 3. What the client put in for the model (`isMeta`, attachments, words from the queue) is there; what
 *    it wrote for people, or in the model's place, is not.
 * 4. The first message is the user's, and a user message may follow the last.
 */
import { type ApiBlock, assistantBlocks, isToolUse, toolResult, userBlocks } from './api-blocks.ts';
import { type SeenLine, seenLines } from './chain.ts';
import { blocksOf, type RawBlock } from './raw-line.ts';
import { objectsOf } from './read-line.ts';
import { pairTools } from './tool-pairs.ts';

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
  const seen = seenLines(records(lines));
  const { responses, results } = pairTools(seen, joinResponses(seen));
  const messages = new Messages();
  const told = new Set<string>();
  for (const { kind, said, response, model } of seen) {
    if (kind !== 'assistant') messages.addUser(userBlocks(said));
    if (kind !== 'assistant' || said.length === 0 || told.has(response)) continue;
    told.add(response);
    const blocks = responses.get(response) ?? [];
    messages.addAssistant(assistantBlocks(blocks, keepsThinking(model)), results);
  }
  return messages.list;
};

function* records(lines: readonly Uint8Array[]) {
  for (const line of lines) yield* objectsOf(line);
}

/** Blocks in file order; those of a line that came again under another uuid are there once. */
const joinResponses = (seen: readonly SeenLine[]): ReadonlyMap<string, readonly RawBlock[]> => {
  const responses = new Map<string, Map<string, RawBlock>>();
  const answers = seen.filter(({ kind }) => kind === 'assistant');
  for (const { response, said } of answers.toSorted((a, b) => a.index - b.index)) {
    const blocks = responses.get(response) ?? new Map<string, RawBlock>();
    const inLine = new Map<string, number>();
    for (const block of said) {
      const json = JSON.stringify(block);
      const count = inLine.get(json) ?? 0;
      inLine.set(json, count + 1);
      const key = `${count} ${json}`;
      if (!blocks.has(key)) blocks.set(key, block);
    }
    responses.set(response, blocks);
  }
  return new Map([...responses].map(([response, blocks]) => [response, [...blocks.values()]]));
};

/** The messages so far. User blocks in a row share a message. */
class Messages {
  readonly list: { readonly role: 'user' | 'assistant'; readonly content: ApiBlock[] }[] = [];

  addUser(blocks: readonly ApiBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.list.at(-1);
    if (last?.role === 'user') last.content.push(...blocks);
    else this.list.push({ role: 'user', content: [...blocks] });
  }

  addAssistant(blocks: readonly ApiBlock[], results: ReadonlyMap<string, RawBlock>): void {
    if (blocks.length === 0) return;
    if (this.list.length === 0) this.addUser([...userBlocks(blocksOf(LOST_BEGINNING))]);
    this.list.push({ role: 'assistant', content: [...blocks] });
    this.addUser(blocks.filter(isToolUse).map(({ id }) => toolResult(id, results.get(id))));
  }
}
