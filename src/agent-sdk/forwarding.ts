/** The messages of sub-agents, each with the id of the call that began its sub-agent: read from their sessions when that call has ended. */
import { emptyUsage } from '../model/usage.ts';
import type { SessionReplies } from '../session/verbs/registry.ts';
import type { MessageView } from '../session/verbs/reply-schemas.ts';
import type { AgentHost } from './host.ts';
import type { SDKAssistantMessage, SDKUserMessage } from './messages.ts';
import { messageOf } from './stream-events.ts';

/** As many sub-agents as are looked at behind one answer, theirs included. */
const MOST = 1_000;

export type Forwarded =
  | Omit<SDKAssistantMessage, 'uuid' | 'session_id'>
  | Omit<SDKUserMessage, 'uuid' | 'session_id'>;

/** Of the sub-agents that these calls of the session began, and of theirs: one sub-agent behind the other. */
export const forwardedOf = async (
  { api }: AgentHost,
  sessionId: string,
  model: string,
  toolUseIds: readonly string[],
): Promise<readonly Forwarded[]> => {
  const { children } = await api.session(sessionId, 'children', { limit: MOST });
  const taken = new Set<string>();
  const forwarded: Forwarded[] = [];
  for (const { sessionId: childId } of children) {
    const { session: child } = await api.session(childId, 'get', {});
    const { childOf } = child;
    if (childOf === undefined) continue;
    const isOurs = childOf.sessionId === sessionId && toolUseIds.includes(childOf.toolUseId);
    if (!isOurs && !taken.has(childOf.sessionId)) continue;
    taken.add(childId);
    for await (const entry of messagesOf(api, childId))
      forwarded.push(messageFor(entry, childOf.toolUseId, child.model ?? model));
  }
  return forwarded;
};

async function* messagesOf(api: AgentHost['api'], sessionId: string): AsyncGenerator<MessageView> {
  for (let from: number | undefined = 1; from !== undefined; ) {
    const page: SessionReplies['messages'] = await api.session(sessionId, 'messages', { from });
    for (const entry of page.entries) if (entry.type === 'message') yield entry;
    from = page.nextFrom;
  }
}

const messageFor = (entry: MessageView, toolUseId: string, model: string): Forwarded => {
  const { message, seq, at: timestamp } = entry;
  const place = { parent_tool_use_id: toolUseId, timestamp };
  if (message.role !== 'assistant')
    return { type: 'user', message: message as SDKUserMessage['message'], ...place };
  const { id = `msg_${seq}`, usage = emptyUsage, stopReason = null } = entry;
  const said = { id, model: entry.model ?? model, content: message.content, stopReason, usage };
  return { type: 'assistant', message: messageOf(said), ...place };
};
