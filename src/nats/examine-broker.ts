/**
 * A broker as the start would meet it: connects, asks for JetStream, and sees whether our streams are there or would
 * fit, and whether the user may do what we do. What fails, fails with the words of the start.
 */
import {
  type JetStreamManager,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { withoutUserParts } from '../platform/address.ts';
import {
  apiCodeOf,
  connectFault,
  isForbidden,
  notAllowed,
  type StreamSizes,
  streamFault,
} from './broker-fault.ts';
import { connectOnce } from './link.ts';
import { promiseOf, requireVersion } from './server-program.ts';
import { requireOurs, STREAM_NOT_FOUND } from './streams.ts';
import { Subjects } from './subjects.ts';
import { deniedOn } from './try-permissions.ts';

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
  const subjects = new Subjects(prefix);
  const { root, turnsStream, deadStream } = subjects;
  const broker = { where, hasJetStream: nc.info?.jetstream === true, sizes, root };
  try {
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS });
    const queue = await find(jsm, turnsStream);
    const refused = await find(jsm, deadStream);
    if (queue !== undefined) requireOurs(queue, subjects, storeId);
    const wanted = [
      ...(queue === undefined ? [{ stream: turnsStream, bytes: sizes.queueBytes }] : []),
      ...(refused === undefined ? [{ stream: deadStream, bytes: sizes.refusedBytes }] : []),
    ];
    const missing = wanted.map(({ stream }) => stream);
    const denied = await deniedOn(nc, subjects, missing, TIMEOUT_MS);
    if (denied.length > 0) throw notAllowed(broker, denied);
    await mustFit(
      jsm,
      subjects,
      wanted.map(({ bytes }) => bytes),
    );
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

/**
 * A server does not tell what it has left: streams that want as much are made, and go at once. A user that may make
 * ours and no others has this left out.
 */
const mustFit = async (
  { streams }: JetStreamManager,
  { prefix, root }: Subjects,
  wantedBytes: readonly number[],
): Promise<void> => {
  const probes = wantedBytes.map((bytes, at) => ({
    bytes,
    name: `${prefix.toUpperCase()}_PROBE${at}`,
  }));
  try {
    for (const { name } of probes) await remove(streams, name);
    try {
      for (const { name, bytes } of probes) await streams.add(probeStream(name, root, bytes));
    } finally {
      for (const { name } of probes) await remove(streams, name);
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
};

const probeStream = (name: string, root: string, bytes: number): Partial<StreamConfig> => ({
  name,
  subjects: [`${root}.probe.${name}`],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  max_bytes: bytes,
  max_msgs: 1,
});

const remove = async (streams: JetStreamManager['streams'], name: string): Promise<void> => {
  await streams.delete(name).catch((error: unknown) => {
    if (apiCodeOf(error) !== STREAM_NOT_FOUND) throw error;
  });
};
