/** The stored messages of one turn, read page after page. */
import type { SessionsApi } from '../verbs/api.ts';
import type { SessionReplies } from '../verbs/registry.ts';
import type { MessageView } from '../verbs/reply-schemas.ts';

/** @param from the `seq` that it begins with. */
export const messagesOfTurn = async (
  api: Pick<SessionsApi, 'session'>,
  sessionId: string,
  turnId: string,
  from: number,
): Promise<readonly MessageView[]> => {
  const found: MessageView[] = [];
  for (let next: number | undefined = from; next !== undefined; ) {
    const page: SessionReplies['messages'] = await api.session(sessionId, 'messages', {
      from: next,
    });
    for (const entry of page.entries)
      if (entry.type === 'message' && entry.turnId === turnId) found.push(entry);
    next = page.nextFrom;
  }
  return found;
};
