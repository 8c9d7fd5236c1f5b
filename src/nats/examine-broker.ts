/**
 * A broker as the start would meet it: connects, asks for JetStream, and sees whether our streams are there or would
 * fit. What fails, fails with the words of the start.
 */
import { type JetStreamManager, type NatsConnection, RetentionPolicy, StorageType } from 'nats';
import { withoutPasswords } from '../platform/redact.ts';
import { apiCodeOf, connectFault, type StreamSizes, streamFault } from './broker-fault.ts';
import { connectOnce } from './link.ts';
import { promiseOf, requireVersion } from './server-program.ts';
import { STREAM_NOT_FOUND } from './streams.ts';
import { Subjects } from './subjects.ts';

/** Of the connection, and of each question. */
const TIMEOUT_MS = 3_000;

export interface BrokerPlace {
  /** Servers with commas. */
  readonly url: string;
  /** A credentials file. */
  readonly creds: string | undefined;
  readonly prefix: string;
  readonly sizes: StreamSizes;
}

/** What it is and what it promises, in a sentence. Throws what a start would be refused with. */
export const examineBroker = async (place: BrokerPlace): Promise<string> => {
  const where = withoutPasswords(place.url, '');
  const nc = await connectOnce(place.url, place.creds, TIMEOUT_MS).catch((error: unknown) => {
    throw connectFault(where, error);
  });
  try {
    const version = requireVersion(nc.info?.version ?? '', where);
    await mustHoldStreams(nc, where, place);
    return `${where}, not run by the daemon: ${promiseOf(version, false)}`;
  } finally {
    await nc.close();
  }
};

const mustHoldStreams = async (
  nc: NatsConnection,
  where: string,
  { prefix, sizes }: BrokerPlace,
): Promise<void> => {
  const broker = { where, hasJetStream: nc.info?.jetstream === true, sizes };
  try {
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS });
    const subjects = new Subjects(prefix);
    const hasQueue = await isThere(jsm, subjects.turnsStream);
    const hasRefused = await isThere(jsm, subjects.deadStream);
    const wanted = (hasQueue ? 0 : sizes.queueBytes) + (hasRefused ? 0 : sizes.refusedBytes);
    if (wanted > 0) await mustFit(jsm, subjects, wanted);
  } catch (error) {
    throw streamFault(error, broker);
  }
};

const isThere = async (jsm: JetStreamManager, stream: string): Promise<boolean> => {
  try {
    await jsm.streams.info(stream);
    return true;
  } catch (error) {
    if (apiCodeOf(error) === STREAM_NOT_FOUND) return false;
    throw error;
  }
};

/** A server does not tell what it has left: a stream that wants as much is made, and goes at once. */
const mustFit = async (
  jsm: JetStreamManager,
  { prefix, root }: Subjects,
  wantedBytes: number,
): Promise<void> => {
  const name = `${prefix.toUpperCase()}_PROBE`;
  await jsm.streams.add({
    name,
    subjects: [`${root}.probe`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_bytes: wantedBytes,
    max_msgs: 1,
  });
  await jsm.streams.delete(name);
};
