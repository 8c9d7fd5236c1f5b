/** Puts a session that a file holds into a store that does not have it. */
import type { ClassicStore } from '../classic/classic-store.ts';
import { Message, type SessionState, type StoredMessage } from '../classic/models.ts';
import type { SessionStore } from '../classic/session-store.ts';
import { modelView } from '../classic/transcript.ts';

/**
 * Stores of ours take it whole; another one gets what the model is shown. There a failure half-way leaves nothing, as far as the store
 * lets itself be deleted from.
 */
export const restoreSession = async (
  store: SessionStore & Partial<Pick<ClassicStore, 'saveSession'>>,
  state: SessionState,
): Promise<void> => {
  const { sessionId, messages, metadata } = state;
  if (typeof store.saveSession === 'function') {
    await store.saveSession(sessionId, messages);
    return store.updateMetadata(sessionId, metadata);
  }
  await store.createSession(sessionId, metadata);
  try {
    for (const message of messages)
      for (const { role, content } of modelView([message]))
        await store.appendMessage(sessionId, Message.parse({ ...known(message), role, content }));
  } catch (error) {
    await store.deleteSession(sessionId).catch(() => undefined);
    throw error;
  }
};

/** Of a typed message, which other stores do not take, what a message with a role has too. */
const known = ({ id, timestamp }: StoredMessage): object => ({
  ...(typeof id === 'string' ? { id } : {}),
  ...(typeof timestamp === 'string' ? { timestamp } : {}),
});
