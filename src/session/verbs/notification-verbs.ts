/** Verbs on notifications: whom the daemon tells, what they have yet to hear, and what was given up. */
import { z } from 'zod';
import { iso } from '../../model/moment.ts';
import { type NoticeFacts, notifierName, type TargetView } from '../ports/notifier.ts';
import { sessionsVerb } from './verb.ts';

const text = z.string();
const moment = z.iso.datetime();
const count = z.int().min(0);
const notice = { id: text, type: text, at: moment, sessionId: text };

const Target = z.strictObject({
  name: text,
  url: text,
  events: z.array(text),
  waiting: count,
  /** The first that waits, and why it was not taken. */
  oldest: z.strictObject({ ...notice, tried: count, why: text.exactOptional() }).exactOptional(),
  /** Given up, oldest first, 100 at most. */
  dead: z.array(z.strictObject({ ...notice, givenUpAt: moment, why: text })),
});

const notifications = sessionsVerb('notifications', {
  request: z.strictObject({}),
  reply: z.strictObject({ targets: z.array(Target) }),
  run: ({ caller, context }) => ({
    targets: (caller.system.find(notifierName)?.targets(context.tenant) ?? []).map(viewOf),
  }),
});

const retryNotifications = sessionsVerb('retry-notifications', {
  request: z.strictObject({
    target: text.min(1).max(64).optional().describe('of this one alone'),
    id: text.min(1).max(64).optional().describe('this one alone'),
  }),
  reply: z.strictObject({ retried: count }),
  run: ({ caller, context }, { target, id }) => ({
    retried: caller.system.find(notifierName)?.retry(context.tenant, target, id) ?? 0,
  }),
});

export const notificationVerbs = { notifications, 'retry-notifications': retryNotifications };

const factsOf = ({ id, type, atMs, sessionId }: NoticeFacts) => ({
  ...{ id, type, at: iso(atMs), sessionId },
});

const viewOf = ({ name, url, events, waiting, oldest, dead }: TargetView) => ({
  ...{ name, url: withoutPassword(url), events: [...events], waiting },
  ...(oldest === undefined
    ? {}
    : {
        oldest: {
          ...factsOf(oldest.notice),
          tried: oldest.tried,
          ...(oldest.lastError === undefined ? {} : { why: oldest.lastError }),
        },
      }),
  dead: dead.map((each) => ({
    ...factsOf(each.notice),
    ...{ givenUpAt: iso(each.atMs), why: each.why },
  })),
});

/** An address may hold a name, a password and a token: the operator knows them, and nobody else needs to. */
const withoutPassword = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
};
