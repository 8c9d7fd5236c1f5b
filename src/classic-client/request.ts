/** What a classic turn asks of the API, made of the session and its options. Pure. */
import type { CompactionState, StoredMessage } from '../classic/models.ts';
import { modelView } from '../classic/transcript.ts';
import type { StreamRequest } from '../executor/models/messages-client.ts';

/** Tokens of one answer, as the older executor asked for. */
const MAX_TOKENS = 4_096;

type RequestMessages = StreamRequest['messages'];

/**
 * All that the session holds, in order: also two users' messages in a row, as a failed call leaves them. With a
 * compaction of the first messages: its summary, and what follows them.
 */
export const requestMessages = (
  history: readonly StoredMessage[],
  compaction: CompactionState | null,
): RequestMessages => {
  if (compaction === null || !isPrefix(compaction.originalMessageIds, history))
    return shown(history);
  const { summary, originalMessageIds } = compaction;
  return [{ role: 'user', content: summary }, ...shown(history.slice(originalMessageIds.length))];
};

/** What a store holds is sent as it is: the API judges it. */
const shown = (messages: readonly StoredMessage[]): RequestMessages =>
  modelView(messages) as RequestMessages;

const isPrefix = (ids: readonly string[], history: readonly StoredMessage[]): boolean =>
  ids.length > 0 && ids.every((id, at) => history[at]?.['id'] === id);

export const createRequest = (
  { model, systemPrompt }: { readonly model: string; readonly systemPrompt?: string | undefined },
  messages: RequestMessages,
): StreamRequest => ({
  model,
  max_tokens: MAX_TOKENS,
  messages,
  stream: true,
  ...(systemPrompt === undefined || systemPrompt === '' ? {} : { system: systemPrompt }),
});
