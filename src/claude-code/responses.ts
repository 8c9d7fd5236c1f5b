/**
 * Which assistant records are one response. A response is written block by block, each on its own
 * line, with other lines between: its message id and its request id join them.
 *
 * Some endpoints give no request id, and one message id to all that they answer. An id that answers
 * two prompts names no response: there only records that follow one another belong together.
 */
import { answeredUses, type ChainLine } from './chain-line.ts';
import type { Parents } from './links.ts';

/** By index: a key that all records of one response have; undefined for records that are no answer. */
export const responsesOf = (
  lines: readonly ChainLine[],
  parents: Parents,
): readonly (string | undefined)[] => {
  const before = talkBefore(lines, parents);
  const known = new Set<string>();
  const shared = new Set<string>();
  for (const line of lines) {
    const id = weakId(line);
    if (id === undefined) continue;
    const asked = before[line.index];
    if (known.has(id) && asked !== undefined && isPrompt(asked)) shared.add(id);
    known.add(id);
  }
  const keys: (string | undefined)[] = [];
  for (const line of lines) {
    const { messageId, requestId, uuid, index } = line;
    if (line.kind !== 'assistant') keys.push(undefined);
    else if (messageId === undefined) keys.push(`line ${uuid}`);
    else if (requestId !== undefined) keys.push(`${messageId} ${requestId}`);
    else if (!shared.has(messageId)) keys.push(messageId);
    else {
      const asked = before[index];
      const goesOn = asked !== undefined && weakId(asked) === messageId;
      keys.push((goesOn ? keys[asked.index] : undefined) ?? `${messageId} line ${uuid}`);
    }
  }
  return keys;
};

/** A message id that no request id confirms. */
const weakId = ({ kind, messageId, requestId }: ChainLine): string | undefined =>
  kind === 'assistant' && requestId === undefined ? messageId : undefined;

const isPrompt = (line: ChainLine): boolean =>
  line.kind === 'user' && !line.isMeta && answeredUses(line).length === 0;

/** By index: the message that a record follows, over links. */
const talkBefore = (
  lines: readonly ChainLine[],
  parents: Parents,
): readonly (ChainLine | undefined)[] => {
  const before: (ChainLine | undefined)[] = [];
  for (const { index } of lines) {
    const parent = parents[index];
    const line = parent === undefined ? undefined : lines[parent];
    before.push(line?.kind === 'link' ? before[line.index] : line);
  }
  return before;
};
