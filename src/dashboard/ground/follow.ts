/**
 * The events of a session, as they happen. The browser comes back by itself when the stream is cut, with the id of the
 * last event that it has; what it has missed comes first.
 */
import type { WireEvent } from './replies.ts';

export interface Listener {
  event(event: WireEvent): void;
  /** What was missed cannot be told: read the session anew. */
  reset(): void;
  /** Whether the stream is there. */
  live(isLive: boolean): void;
}

const TYPES = [
  ...['turn.accepted', 'turn.started', 'delta', 'message', 'tool.started', 'tool.finished'],
  ...['tool.refused', 'hook.executed', 'permission.requested', 'permission.decided'],
  ...['elicitation.requested', 'elicitation.answered', 'budget.requested', 'budget.decided'],
  ...['retry', 'compacting', 'compacted', 'turn.finished'],
];
/** A browser gives up for good what was refused; that may be for a moment. */
const AGAIN_MS = 5_000;

/**
 * Listens until it is told to stop.
 *
 * @param seqOf the last entry that the reader has: what the running turn has said behind it comes first.
 */
export const follow = (
  sessionId: string,
  seqOf: () => number,
  listener: Listener,
): (() => void) => {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    const place = `/v1/sessions/${encodeURIComponent(sessionId)}/events?after=${seqOf()}`;
    const stream = new EventSource(place);
    source = stream;
    for (const type of TYPES)
      stream.addEventListener(type, ({ data }) => listener.event(JSON.parse(data) as WireEvent));
    stream.addEventListener('reset', () => listener.reset());
    stream.onopen = () => listener.live(true);
    stream.onerror = () => {
      listener.live(false);
      if (stream.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => {
        listener.reset();
        open();
      }, AGAIN_MS);
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
};
