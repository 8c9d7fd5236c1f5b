/**
 * Whether a session that is followed is still one that the token is for: its owner and its tags may change, and then it does
 * not exist for the token any more. It is looked at when something of it is told, once a second at most, so that a session
 * in which nothing happens costs nothing.
 */
import { codeOf } from '../../model/errors.ts';
import { keyString, type SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { Grant } from '../access/token-book.ts';
import type { EventStream } from '../streams/event-stream.ts';
import { type Ground, mustSee } from './ground.ts';

const LOOK_MS = 1_000;

/** Told of each event; ends the stream. @param context one for each look. */
export const endUnlessTheirs = (
  ground: Pick<Ground, 'door' | 'clock'>,
  grant: Grant,
  stream: EventStream,
  context: () => RequestContext,
): ((key: SessionKey) => void) => {
  const lookedMs = new Map<string, number>();
  return (key) => {
    const name = keyString(key);
    const nowMs = ground.clock.monotonic();
    if (nowMs - (lookedMs.get(name) ?? Number.NEGATIVE_INFINITY) < LOOK_MS) return;
    lookedMs.set(name, nowMs);
    // Events are told in the middle of the session's own work, where it cannot be asked.
    ground.clock.setTimeout(() => {
      mustSee(ground, context(), grant, key).catch((error: unknown) => {
        if (GONE.includes(codeOf(error))) stream.end();
        else lookedMs.delete(name); // it is not known: the next event asks again
      });
    }, 0);
  };
};

const GONE: readonly string[] = ['session_not_found', 'session_deleted'];
