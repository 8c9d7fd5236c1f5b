/** What a watcher over NATS would be told, for a program in the same process. */
import { type SessionKey, sessionKey, type Tenant } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import type { Clock } from '../../otp/clock.ts';
import type { Feed } from '../events/feed.ts';
import { type Watched, WatchQueue } from '../events/watch-queue.ts';

export interface WatchSource {
  readonly feed: Feed;
  readonly clock: Clock;
  /** Settles when there is nothing more to be told. */
  readonly ended: Promise<unknown>;
}

/** From now on, read or not: the events of one session, or without an id what becomes of the tenant's sessions. */
export const watch = (
  source: WatchSource,
  tenant: Tenant,
  sessionId: string | undefined,
): AsyncGenerator<Watched, void> => {
  let stop = (): void => undefined;
  const queue = new WatchQueue(() => stop());
  stop =
    sessionId === undefined
      ? hearNews(source, tenant, queue)
      : hearEvents(source, sessionKey(tenant, sessionId), queue);
  void source.ended.finally(() => queue.close());
  return queue.read();
};

const hearEvents = ({ feed }: WatchSource, key: SessionKey, queue: WatchQueue): (() => void) =>
  feed.subscribe((publication) => {
    const { sessionId, tenant } = publication.event.key;
    if (sessionId === key.sessionId && tenant === key.tenant)
      queue.push({ ...publication.forReader() });
  });

const hearNews = ({ feed, clock }: WatchSource, tenant: Tenant, queue: WatchQueue): (() => void) =>
  feed.onLifecycle((of, news) => {
    if (of === tenant) queue.push({ at: iso(clock.now()), ...news, tenant });
  });
