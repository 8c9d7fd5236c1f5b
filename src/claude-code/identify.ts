/** Which session, and which stream of it, a transcript file holds. */
import type { TranscriptFacts } from './transcript-facts.ts';

export interface Identity {
  /** Claude Code's session id, as it stands in the records; undefined when nothing names one. */
  readonly sessionId: string | undefined;
  /** '' for the main transcript, `agent-<id>` for a sub-agent's. */
  readonly subpath: string;
  readonly cwd: string | undefined;
}

/**
 * Messages decide: other records may carry the id of the process's first session. Where messages
 * disagree, the file's name does, else the majority. A sub-agent's records carry its parent's id.
 */
export const identify = (facts: TranscriptFacts, fileStem: string): Identity => ({
  sessionId: sessionIdOf(facts, fileStem),
  subpath: subpathOf(facts, fileStem),
  cwd: facts.cwd ?? undefined,
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const sessionIdOf = (facts: TranscriptFacts, fileStem: string): string | undefined => {
  const ids = Object.entries(facts.sessionIds);
  if (ids.some(([id]) => id === fileStem)) return fileStem;
  const most = ids.reduce((best, [, count]) => Math.max(best, count), 0);
  const named = ids.find(([, count]) => count === most)?.[0] ?? facts.otherSessionId ?? undefined;
  return named ?? (UUID.test(fileStem) ? fileStem : undefined);
};

const subpathOf = (facts: TranscriptFacts, fileStem: string): string => {
  if (facts.messageCount > 0 || facts.sideMessageCount === 0) return '';
  if (facts.agentId !== null) return `agent-${plain(facts.agentId)}`;
  return fileStem.startsWith('agent-') ? plain(fileStem) : '';
};

/** A subpath becomes part of a key: only what ids may hold, and not longer. */
const plain = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100);
