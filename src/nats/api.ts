/**
 * The api: the micro service that answers requests, and the publisher of events. It owns its
 * subscriptions on the link's connection and its subscription of the feed; requests under way are in `Answers`.
 *
 * Invariant: requests are handled where the client hands them over. A hop through this actor's
 * mailbox would cost each of them more than it does here, and there is no state to protect.
 */
import { z } from 'zod';
import { GreenroomError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import type { Clock } from '../otp/clock.ts';
import { genServer, protocol, stop } from '../otp/gen-server.ts';
import { nameOf } from '../otp/name.ts';
import { withoutUserParts } from '../platform/address.ts';
import type { SessionsDoor } from '../session/api/door.ts';
import type { Feed, LifecycleListener } from '../session/events/feed.ts';
import type { DaemonFace } from '../session/verbs/daemon-verbs.ts';
import { Answers, API_LIMITS, type ApiLimits } from './answers.ts';
import { notAllowed } from './broker-fault.ts';
import { type LinkFace, linkName } from './link.ts';
import { Micro, QUEUE } from './micro.ts';
import { describeRefused } from './permissions.ts';
import { Subjects } from './subjects.ts';
import { eventWithin, headerOfN } from './wire.ts';

export interface ApiArgs {
  /** First token of every subject. */
  readonly prefix: string;
  /** Ours, as `$SRV.INFO` tells it. */
  readonly version: string;
  readonly feed: Feed;
  readonly door: SessionsDoor;
  readonly daemon: DaemonFace;
  readonly limits?: Partial<ApiLimits>;
}

export interface ApiFace {
  /** Refuses everything new with `draining`; open streams go on. */
  drain(): void;
  readonly stats: ApiStats;
}

export interface ApiStats {
  readonly inFlight: number;
  readonly openAsks: number;
  /** Messages sent, and messages that nobody could be sent because the broker was away. */
  readonly published: number;
  readonly lost: number;
}

export const apiName = nameOf<ApiFace>('nats-api');

const apiProtocol = protocol({ calls: {}, infos: { subscriptionFailed: z.string() } });

const FLUSH_MS = 2_000;

interface State {
  readonly link: LinkFace;
  readonly answers: Answers;
  readonly micro: Micro;
  /** Ends the subscriptions and the listening. */
  readonly unsubscribeAll: () => void;
}

export const Api = genServer(apiProtocol, {
  init: async (args: ApiArgs, self): Promise<State> => {
    const { system } = self;
    const link = system.fetch(linkName);
    const subjects = new Subjects(args.prefix);
    const answers = new Answers({
      subjects,
      outbox: link.outbox,
      clock: system.clock,
      maxPayloadBytes: link.maxPayloadBytes,
      limits: { ...API_LIMITS, ...args.limits },
      daemon: args.daemon,
      door: args.door,
      onInternal: (error, request, where) =>
        system.report({
          kind: 'fault',
          actor: 'nats-api',
          during: `the request ${request}`,
          error,
          where,
        }),
    });
    const refused = new Set<string>();
    const subscriptions = subjects.served.map((subject) =>
      link.nc.subscribe(subject, {
        queue: QUEUE,
        callback: (error, msg) => {
          if (error === null) return answers.receive(msg);
          refused.add(describeRefused({ operation: 'subscription', subject }));
          self.send('subscriptionFailed', `${subject}: ${error.message}`);
        },
      }),
    );
    const micro = new Micro(link.nc, system.clock, serviceOf(args, subjects, answers));
    const unsubscribe = args.feed.subscribe(eventPublisher(link, subjects));
    const unsubscribeLifecycle = args.feed.onLifecycle(
      lifecyclePublisher(link, subjects, system.clock),
    );
    const unsubscribeAll = () => {
      unsubscribe();
      unsubscribeLifecycle();
      micro.stop();
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
    self.own(unsubscribeAll);
    await heardByServer(link, system.clock);
    const where = withoutUserParts(link.url, '');
    if (refused.size > 0) throw notAllowed({ where, root: subjects.root }, [...refused]);
    self.register(apiName, faceOf(link, answers));
    return { link, answers, micro, unsubscribeAll };
  },

  handleCall: {},

  handleInfo: {
    subscriptionFailed: (why, state: State) => stop({ crashed: new Error(why) }, state),
  },

  /** What was begun is answered; streams that are still open end with `draining`. */
  terminate: async (_, { link, answers, unsubscribeAll }) => {
    answers.drain();
    await answers.inFlight.idle();
    answers.asks.endAll(new GreenroomError('draining', 'this daemon is stopping; ask again'));
    unsubscribeAll();
    link.outbox.flush();
  },

  redact: ({ answers }) => ({ inFlight: answers.inFlight.size, openAsks: answers.asks.size }),
});

const serviceOf = ({ version }: ApiArgs, subjects: Subjects, { endpoints }: Answers) => ({
  name: 'greenroom',
  version,
  description: 'Claude agent sessions: durable, searchable, reachable',
  endpoints,
  mayAnswerTo: (reply: string | undefined) => subjects.mayAnswerTo(reply),
});

/** Ready means that the server knows our subscriptions; while it is away, the reconnection tells it. */
const heardByServer = async ({ nc }: LinkFace, clock: Clock): Promise<void> => {
  const waited = new Promise<void>((resolve) => clock.setTimeout(resolve, FLUSH_MS));
  const heard = nc.flush().catch(() => undefined); // it went away just now
  await Promise.race([heard, waited]);
};

/** Tells every event on its session's subject. */
const eventPublisher =
  ({ outbox, maxPayloadBytes }: LinkFace, subjects: Subjects): Parameters<Feed['subscribe']>[0] =>
  (publication) => {
    const { key, n } = publication.event;
    const subject = subjects.events(key.tenant, key.sessionId);
    outbox.publish(subject, eventWithin(publication, maxPayloadBytes / 4), headerOfN(n));
  };

/** Tells what becomes of sessions on their tenant's `lifecycle` subject. */
const lifecyclePublisher =
  (link: LinkFace, subjects: Subjects, clock: Clock): LifecycleListener =>
  (tenant, news) => {
    const at = iso(clock.now());
    const body = Buffer.from(JSON.stringify({ at, ...news, tenant }));
    link.outbox.publish(subjects.lifecycle(tenant), body);
  };

const faceOf = (link: LinkFace, answers: Answers): ApiFace => ({
  drain: () => answers.drain(),
  get stats() {
    const { published, lost } = link.outbox;
    return { inFlight: answers.inFlight.size, openAsks: answers.asks.size, published, lost };
  },
});
