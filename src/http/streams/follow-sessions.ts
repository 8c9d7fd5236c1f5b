/** A stream of the events of one session, or of several: each with an id that says where its reader is in all of them. */
import { codeOf, GreenroomError } from '../../model/errors.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { SessionsDoor } from '../../session/api/door.ts';
import type { EventStream } from './event-stream.ts';
import { type Position, readPosition } from './position.ts';
import type { SessionFeed } from './session-feed.ts';
import { SessionFollower } from './session-follower.ts';

/** Sessions that one stream follows: their places stand in the id of each event. */
export const MAX_FOLLOWED = 50;

export interface Followed {
  readonly door: SessionsDoor;
  readonly feed: SessionFeed;
  readonly context: RequestContext;
  readonly keys: readonly SessionKey[];
  readonly from: readonly (Position | undefined)[];
  /** Told of each event that is sent, and of which session it is. */
  readonly onTold?: ((key: SessionKey) => void) | undefined;
}

/** Where the reader is in each of so many sessions, by an id that it was given. Throws `invalid_request` for what is none. */
export const placesIn = (
  id: string | undefined,
  sessions: number,
): readonly (Position | undefined)[] => {
  if (id === undefined) return Array.from({ length: sessions }, () => undefined);
  const places = id.split(',').map(readPosition);
  if (places.length === sessions && !places.includes(undefined)) return places;
  throw new GreenroomError(
    'invalid_request',
    'after, or Last-Event-ID, is no id of an event of this stream',
  );
};

/** Tells until the stream ends. */
export const followSessions = (
  stream: EventStream,
  { door, feed, context, keys, from, onTold }: Followed,
): void => {
  const followers: SessionFollower[] = [];
  /** None before each of them has its place: a reader without one would be told all of that session from its beginning. */
  const id = () => {
    const places = followers.map(({ position }) => position);
    return places.includes(undefined) ? {} : { id: places.join(',') };
  };
  keys.forEach((key, at) => {
    const tell: ConstructorParameters<typeof SessionFollower>[0]['tell'] = (told) => {
      stream.send({ ...told, ...id() });
      onTold?.(key);
    };
    followers.push(new SessionFollower({ door, feed, key, from: from[at], tell }));
  });
  stream.onClose(() => {
    for (const follower of followers) follower.stop();
  });
  for (const follower of followers)
    follower.begin(context).catch((error: unknown) => {
      const data = JSON.stringify({ type: 'error', code: codeOf(error) });
      stream.send({ name: 'error', data });
      stream.end();
    });
};
