/**
 * A stream of a live query: what meets the criteria, then what changes in that. The watch outlives the stream for a while,
 * so that a reader that comes back with its last id goes on where it was.
 */

import { LONGEST_WATCH_MS } from '../../model/deadlines.ts';
import { GreenroomError, toWire } from '../../model/errors.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { SessionsDoor } from '../../session/api/door.ts';
import type { CheckedSessions, SessionsReplies } from '../../session/verbs/registry.ts';
import type { WatchChangeView } from '../../session/verbs/watch-verbs.ts';
import type { EventStream } from './event-stream.ts';

/** Changes of one answer; each is an event. */
const CHANGES = 200;

interface Place {
  readonly watchId: string;
  readonly n: number;
}

export interface Searched {
  readonly door: SessionsDoor;
  /** A context for each request of the stream. */
  readonly context: () => RequestContext;
  readonly criteria: CheckedSessions['watch-open'];
  /** Where the reader was; undefined: it begins. */
  readonly from: Place | undefined;
  /** The change as the reader may see it. */
  readonly seen: (change: WatchChangeView) => WatchChangeView;
}

/** Throws `invalid_request` for an id that is none of ours. */
export const watchPlaceIn = (id: string | undefined): Place | undefined => {
  if (id === undefined) return undefined;
  const [, watchId, n] = /^([\w-]{1,64})\.(\d{1,15})$/.exec(id) ?? [];
  if (watchId !== undefined) return { watchId, n: Number(n) };
  throw new GreenroomError('invalid_request', 'Last-Event-ID is no id of an event of this stream');
};

/** Tells until the stream ends. */
export const followSearch = async (stream: EventStream, searched: Searched): Promise<void> => {
  try {
    await follow(stream, searched);
  } catch (error) {
    const { code, message } = toWire(error);
    stream.send({ name: 'error', data: JSON.stringify({ type: 'error', code, message }) });
    stream.end();
  }
};

const follow = async (
  stream: EventStream,
  { door, context, criteria, from, seen }: Searched,
): Promise<void> => {
  let place = from ?? (await opened(stream, door, context(), criteria));
  while (stream.isOpen) {
    const asked = { watchId: place.watchId, after: place.n, limit: CHANGES };
    const next: SessionsReplies['watch-next'] = await door.sessions(context(), 'watch-next', {
      ...{ ...asked, waitMs: LONGEST_WATCH_MS },
    });
    if ('resync' in next) {
      stream.send({ name: 'reset', data: JSON.stringify({ type: 'reset', reason: next.resync }) });
      place = await opened(stream, door, context(), criteria);
      continue;
    }
    place = { watchId: place.watchId, n: next.n };
    next.changes.forEach((change, at) => {
      // Only with the last one all of them have arrived.
      const id = at === next.changes.length - 1 ? { id: `${place.watchId}.${place.n}` } : {};
      stream.send({ name: change.type, data: JSON.stringify(seen(change)), ...id });
    });
  }
};

const opened = async (
  stream: EventStream,
  door: SessionsDoor,
  context: RequestContext,
  criteria: CheckedSessions['watch-open'],
): Promise<Place> => {
  const { watchId, present } = await door.sessions(context, 'watch-open', criteria);
  const data = JSON.stringify({ type: 'opened', watchId, present });
  stream.send({ name: 'opened', data, id: `${watchId}.0` });
  return { watchId, n: 0 };
};
