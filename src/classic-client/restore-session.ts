/** Puts a session that a file holds into a store that does not have it. */
import type { ClassicStore } from '../classic/classic-store.ts';
import { isTyped, type SessionState } from '../classic/models.ts';
import type { SessionStore } from '../classic/session-store.ts';

/** Stores of ours take it whole. In another one a failure half-way leaves nothing, as far as it lets itself be deleted from. */
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
      if (!isTyped(message)) await store.appendMessage(sessionId, message);
  } catch (error) {
    await store.deleteSession(sessionId).catch(() => undefined);
    throw error;
  }
};
