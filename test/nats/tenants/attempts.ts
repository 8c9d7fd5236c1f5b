/** What users try at a broker with tenants, made of the table of verbs; and what becomes of each try. */
import { ErrorCode, type NatsConnection, NatsError } from 'nats';
import type { BrokerUser } from '../../../src/nats/broker-users.ts';
import {
  DAEMON,
  type Declared,
  type Need,
  SESSION,
  SESSIONS,
  TURNS,
} from '../../../src/session/verbs/verb-facts.ts';
import { subjects } from './world.ts';

/** A request that is made, or a subject that is listened on. */
export interface Attempt {
  readonly how: 'request' | 'listen';
  readonly subject: string;
  readonly body: string;
}

export interface Asked extends Attempt {
  readonly tenant: string;
  readonly needs: Need;
}

const request = (subject: string, body = ''): Attempt => ({ how: 'request', subject, body });
const listen = (subject: string): Attempt => ({ how: 'listen', subject, body: '' });

/** Every verb on a session that need not be there, in one tenant. */
export const verbsOf = (tenant: string, sessionId = 'tried'): readonly Asked[] => {
  const all = (verbs: Readonly<Record<string, Declared>>, subjectOf: (verb: string) => string) =>
    Object.entries(verbs).map(([verb, { needs, example }]) => ({
      ...request(subjectOf(verb), JSON.stringify(example.request)),
      ...{ tenant, needs },
    }));
  return [
    ...all({ ...TURNS, ...SESSION }, (verb) => subjects.session(tenant, sessionId, verb)),
    ...all(SESSIONS, (verb) => subjects.sessions(tenant, verb)),
    ...all(DAEMON, (verb) => subjects.daemon(tenant, verb)),
  ];
};

const STREAMS = ['GREENROOM_TURNS', 'GREENROOM_DEAD'];

/** What no user of a tenant may do, of whatever role, beside verbs. */
export const forbiddenTo = (user: BrokerUser, users: readonly BrokerUser[]): readonly Attempt[] => {
  const others = users.filter(({ name }) => name !== user.name).map((one) => one.inboxPrefix);
  const { standing } = user;
  const own = 'tenant' in standing ? standing.tenant : '*';
  const foreign = own === 'acme' ? 'beta' : 'acme';
  return [
    // the streams, and what they hold of all tenants
    ...['INFO', 'STREAM.NAMES', 'STREAM.LIST'].map((verb) => request(`$JS.API.${verb}`)),
    ...STREAMS.flatMap((stream) => [
      ...['INFO', 'DELETE', 'PURGE', 'CREATE', 'UPDATE', 'SNAPSHOT'].map((verb) =>
        request(`$JS.API.STREAM.${verb}.${stream}`),
      ),
      ...['GET', 'DELETE'].map((verb) =>
        request(`$JS.API.STREAM.MSG.${verb}.${stream}`, '{"seq":1}'),
      ),
      ...['CREATE', 'NAMES', 'LIST'].map((verb) => request(`$JS.API.CONSUMER.${verb}.${stream}`)),
      request(`$JS.API.DIRECT.GET.${stream}`, '{"seq":1}'),
    ]),
    request('$JS.API.CONSUMER.MSG.NEXT.GREENROOM_TURNS.intake'),
    request('$JS.API.CONSUMER.DELETE.GREENROOM_TURNS.intake'),
    request('$JS.ACK.GREENROOM_TURNS.intake.1.1.1.1.1', '+ACK'),
    // the service and the server
    ...['PING', 'INFO', 'STATS', 'STATS.greenroom'].map((verb) => request(`$SRV.${verb}`)),
    ...['$SYS.REQ.USER.INFO', '$SYS.REQ.SERVER.PING'].map((subject) => request(subject)),
    // what the daemon alone says
    ...[own, foreign].flatMap((tenant) =>
      [
        ...[subjects.events(tenant, 'forged'), subjects.lifecycle(tenant)],
        ...[subjects.dead(tenant, 'forged'), subjects.sessions(tenant, 'nosuch')],
        subjects.session(tenant, 'forged', 'get.more'),
      ].map((subject) => request(subject, '{}')),
    ),
    ...['_INBOX', '_R_', ...others].map((inbox) => request(`${inbox}.forged`)),
    // what others hear
    ...['_INBOX', '_R_', ...others].map((inbox) => listen(`${inbox}.>`)),
    ...['>', '*', '*.>', '$SRV.>', '$JS.>', '$SYS.>', 'greenroom.>', 'greenroom.v1.>'].map(listen),
    ...['lifecycle', 'events.*', '>', 'events.known'].map((rest) =>
      listen(`greenroom.v1.${foreign}.${rest}`),
    ),
    ...['lifecycle', 'events.*', 'dead.*'].map((rest) => listen(`greenroom.v1.*.${rest}`)),
    ...['>', 'dead.*', 'session.>', 'session.*.get', 'session.*.turn', 'sessions.>'].map((rest) =>
      listen(`greenroom.v1.${own}.${rest}`),
    ),
  ];
};

/** `invisible`: nobody is there. */
export type Outcome = 'refused' | 'invisible' | 'answered' | 'silent' | 'heard';

export const outcomeOf = (nc: NatsConnection, attempt: Attempt): Promise<Outcome> =>
  attempt.how === 'listen' ? listening(nc, attempt) : asking(nc, attempt);

const asking = async (nc: NatsConnection, { subject, body }: Attempt): Promise<Outcome> => {
  try {
    await nc.request(subject, body, { timeout: 20_000 });
    return 'answered';
  } catch (error) {
    const code = error instanceof NatsError ? error.code : undefined;
    if (code === ErrorCode.PermissionsViolation) return 'refused';
    if (code === ErrorCode.NoResponders) return 'invisible';
    if (code === ErrorCode.Timeout) return 'silent';
    throw error;
  }
};

/** The server's refusal comes before its answer to a flush; the second one lets the client hand it over. */
const listening = async (nc: NatsConnection, { subject }: Attempt): Promise<Outcome> => {
  let outcome: Outcome = 'heard';
  const subscription = nc.subscribe(subject, {
    callback: (error) => {
      if (error !== null) outcome = 'refused';
    },
  });
  await nc.flush();
  await nc.flush();
  subscription.unsubscribe();
  return outcome;
};
