/**
 * Being a NATS micro service: discovery and statistics under `$SRV`, so that `nats micro ls`, `info`
 * and `stats` show us. Our own, not the client's `addService`: that one takes a subscription per
 * endpoint, and a catch-all beside them would see every message twice.
 */
import type { Msg, NatsConnection, Subscription } from 'nats';
import { nuid } from 'nats';
import { iso } from '../model/moment.ts';
import type { Clock } from '../otp/clock.ts';

/** All daemons of one prefix share the work: one of them gets each request. */
export const QUEUE = 'greenroom';

/** What happened at one endpoint since the start. */
export class EndpointStats {
  readonly name: string;
  readonly subject: string;
  requests = 0;
  errors = 0;
  lastError = '';
  processingMs = 0;

  constructor(name: string, subject: string) {
    this.name = name;
    this.subject = subject;
  }

  finished(tookMs: number): void {
    this.requests++;
    this.processingMs += tookMs;
  }

  /** @param tookMs its time counts too, so that the average is one of all requests; 0: refused at once. */
  failed(error: string, tookMs = 0): void {
    this.requests++;
    this.errors++;
    this.processingMs += tookMs;
    this.lastError = error;
  }
}

export interface MicroOptions {
  readonly name: string;
  /** A semantic version. */
  readonly version: string;
  readonly description: string;
  readonly endpoints: readonly EndpointStats[];
  readonly mayAnswerTo: (reply: string | undefined) => boolean;
}

export class Micro {
  readonly id = nuid.next();
  readonly #options: MicroOptions;
  readonly #started: string;
  readonly #subscriptions: readonly Subscription[];

  constructor(nc: NatsConnection, clock: Clock, options: MicroOptions) {
    this.#options = options;
    this.#started = iso(clock.now());
    this.#subscriptions = (['PING', 'INFO', 'STATS'] as const).flatMap((verb) =>
      ['', `.${options.name}`, `.${options.name}.${this.id}`].map((rest) =>
        nc.subscribe(`$SRV.${verb}${rest}`, {
          callback: (error, msg) => {
            if (error === null && options.mayAnswerTo(msg.reply)) this.#answer(verb, msg);
          },
        }),
      ),
    );
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #answer(verb: 'PING' | 'INFO' | 'STATS', msg: Msg): void {
    const { name, version } = this.#options;
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    const body = { type, name, id: this.id, version, metadata: {}, ...this.#details(verb) };
    msg.respond(JSON.stringify(body));
  }

  #details(verb: 'PING' | 'INFO' | 'STATS'): object {
    const { description, endpoints } = this.#options;
    if (verb === 'PING') return {};
    if (verb === 'INFO') return { description, endpoints: endpoints.map(endpointInfo) };
    return { started: this.#started, endpoints: endpoints.map(endpointStats) };
  }
}

const endpointInfo = ({ name, subject }: EndpointStats) => ({
  name,
  subject,
  queue_group: QUEUE,
  metadata: {},
});

const endpointStats = (stats: EndpointStats) => ({
  name: stats.name,
  subject: stats.subject,
  queue_group: QUEUE,
  num_requests: stats.requests,
  num_errors: stats.errors,
  last_error: stats.lastError,
  processing_time: Math.round(stats.processingMs * 1e6),
  average_processing_time: Math.round((stats.processingMs * 1e6) / Math.max(1, stats.requests)),
});
