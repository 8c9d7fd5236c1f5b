/**
 * A broker as the start would meet it: connects, asks for JetStream, and sees whether our streams are there or would
 * fit. What fails, fails with the words of the start.
 */
import {
  type JetStreamManager,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from 'nats';
import { withoutUserParts } from '../platform/address.ts';
import { apiCodeOf, connectFault, type StreamSizes, streamFault } from './broker-fault.ts';
import { connectOnce } from './link.ts';
import { promiseOf, requireVersion } from './server-program.ts';
import { requireOurs, STREAM_NOT_FOUND } from './streams.ts';
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
  /** Of the store whose turns will wait there; undefined: it is yet to be made. */
  readonly storeId: string | undefined;
}

/** What it is and what it promises, in a sentence. Throws what a start would be refused with. */
export const examineBroker = async (place: BrokerPlace): Promise<string> => {
  const where = withoutUserParts(place.url, '');
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
  { prefix, sizes, storeId }: BrokerPlace,
): Promise<void> => {
  const broker = { where, hasJetStream: nc.info?.jetstream === true, sizes };
  try {
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS });
    const subjects = new Subjects(prefix);
    const queue = await find(jsm, subjects.turnsStream);
    const refused = await find(jsm, subjects.deadStream);
    if (queue !== undefined) requireOurs(queue, subjects, storeId);
    const wanted =
      (queue === undefined ? sizes.queueBytes : 0) +
      (refused === undefined ? sizes.refusedBytes : 0);
    if (wanted > 0) await mustFit(jsm, subjects, wanted);
  } catch (error) {
    throw streamFault(error, broker);
  }
};

const find = async (jsm: JetStreamManager, stream: string): Promise<StreamInfo | undefined> => {
  try {
    return await jsm.streams.info(stream);
  } catch (error) {
    if (apiCodeOf(error) === STREAM_NOT_FOUND) return undefined;
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
