/**
 * Whether a user may do on a broker what the start and the turns need. A server does not tell, so each is tried, in a
 * form that changes nothing: requests that JetStream refuses to read, messages that have no reader.
 */
import {
  headers,
  type MsgHdrs,
  ErrorCode as NatsCode,
  type NatsConnection,
  NatsError,
  type RequestOptions,
} from 'nats';
import { describeRefused, type Refused } from './permissions.ts';
import { CONSUMER } from './streams.ts';
import type { Subjects } from './subjects.ts';
import { EMPTY } from './wire.ts';

/** No name of a tenant or a session: no reader of these knows it. */
const NOBODY = '$probe';
const UNHEARD = `_INBOX.${NOBODY}`;
/** JetStream reads none of its requests from that. */
const UNREADABLE = '{"probe":';
/** Of a message that is not in hand: it is told nothing. */
const WORKING = '+WPI';

/** What is denied, in words; empty where all is allowed. The connection is the caller's, and for this alone. */
export const deniedOn = async (
  nc: NatsConnection,
  subjects: Subjects,
  missing: readonly string[],
  timeoutMs: number,
): Promise<readonly string[]> => {
  const denied = new Set<string>();
  const note = (refused: Refused | undefined) => {
    if (refused !== undefined) denied.add(describeRefused(refused));
  };
  void follow(nc, note);
  for (const subject of requestsOf(subjects, missing))
    note(await refusalOf(nc, subject, { timeout: timeoutMs }));
  const unkept = { timeout: timeoutMs, headers: forNoStream() };
  note(await refusalOf(nc, subjects.dead(NOBODY, NOBODY), unkept));
  for (const subject of subscribedBy(subjects))
    nc.subscribe(subject, { callback: () => undefined }).unsubscribe();
  for (const [subject, text] of publishedBy(subjects))
    nc.publish(subject, text, { reply: UNHEARD });
  // What is refused is told before the answer to a flush; the second one lets our listener see it.
  await nc.flush();
  await nc.flush();
  return [...denied];
};

const follow = async (nc: NatsConnection, note: (refused: Refused) => void): Promise<void> => {
  for await (const { permissionContext } of nc.status())
    if (permissionContext !== undefined) note(permissionContext);
};

/** Of the queue and its consumer; of a stream that is there nothing is made. */
const requestsOf = (subjects: Subjects, missing: readonly string[]): readonly string[] => [
  ...missing.map((stream) => `$JS.API.STREAM.CREATE.${stream}`),
  ...['DELETE', 'CREATE'].map(
    (verb) => `$JS.API.CONSUMER.${verb}.${subjects.turnsStream}.${CONSUMER}`,
  ),
];

/** The record of refused turns keeps nothing that is meant for another stream. */
const forNoStream = (): MsgHdrs => {
  const fields = headers();
  fields.set('Nats-Expected-Stream', NOBODY);
  return fields;
};

const subscribedBy = ({ served }: Subjects): readonly string[] => [...served, UNHEARD];

const publishedBy = (subjects: Subjects): readonly (readonly [string, string | Uint8Array])[] => [
  [`$JS.ACK.${subjects.turnsStream}.${CONSUMER}.1.0.0.0.0`, WORKING],
  // not a request: for a consumer that is not there nothing answers
  [`$JS.API.CONSUMER.MSG.NEXT.${subjects.turnsStream}.${CONSUMER}`, UNREADABLE],
  [subjects.events(NOBODY, NOBODY), EMPTY],
  [subjects.lifecycle(NOBODY), EMPTY],
  [UNHEARD, EMPTY],
];

/** Any answer, also that there is no such thing, means that it may be asked. */
const refusalOf = async (
  nc: NatsConnection,
  subject: string,
  options: RequestOptions,
): Promise<Refused | undefined> => {
  try {
    await nc.request(subject, Buffer.from(UNREADABLE), options);
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    if (error.code === NatsCode.PermissionsViolation)
      return error.permissionContext ?? { operation: 'publish', subject };
    if (error.code !== NatsCode.NoResponders) throw error;
  }
  return undefined;
};
