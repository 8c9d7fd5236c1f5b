/**
 * Our two streams: the work queue of turn requests, and the one that keeps what was refused.
 *
 * Invariant: a queue belongs to one store, which its description names. Another store's daemon would
 * take this one's turns away; it is refused.
 */
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { GreenroomError } from '../model/errors.ts';
import { apiCodeOf, type Broker, type StreamSizes, streamFault } from './broker-fault.ts';
import type { Subjects } from './subjects.ts';

export const CONSUMER = 'intake';
/** What is in hand that long without a word comes again; `working()` is said at a third of it. */
export const ACK_WAIT_MS = 300_000;

/** Publishers are refused beyond these, nobody else. */
const MAX_QUEUED = 1_000_000;
/** The oldest refusals go first beyond these. */
const MAX_DEAD = 100_000;
/** Reserved by the server, so a small one may refuse it. */
export const STREAM_SIZES: StreamSizes = {
  queueBytes: 1024 * 1024 * 1024,
  refusedBytes: 256 * 1024 * 1024,
};
/** The least that a server knows; the ledger deduplicates, for good. */
const DUPLICATE_WINDOW_MS = 100;

/** Codes of the server's API errors. */
export const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;

export interface QueueStream {
  readonly name: string;
  /** When the stream was made, in milliseconds: part of the turn ids that we give. */
  readonly createdMs: number;
  /** Made just now, because they were not there. */
  readonly made: readonly string[];
}

/**
 * Finds or makes both streams. One that is missing is made after `settled`: a server forgets a stream that is deleted
 * before it has removed its folder, and one that is made in these milliseconds loses its own, takes no message and says
 * no word of it (nats-server 2.9.10: 39 of 300). Throws `broker_in_use`; `invalid_settings` or `unauthorized` for a broker that will not
 * have them; `unavailable` if JetStream does not answer.
 */
export const ensureStreams = async (
  jsm: JetStreamManager,
  subjects: Subjects,
  storeId: string,
  broker: Broker,
  settled: () => Promise<void>,
): Promise<QueueStream> => {
  const { sizes } = broker;
  const made: string[] = [];
  const ensure = (config: Partial<StreamConfig>) =>
    ensureStream(jsm, config, made, settled).catch((error: unknown) => {
      throw streamFault(error, broker);
    });
  const info = await ensure(turnsConfig(subjects, storeId, sizes));
  requireOurs(info, subjects, storeId);
  await ensure(deadConfig(subjects, sizes));
  return { name: info.config.name, createdMs: Date.parse(info.created), made };
};

/** A new consumer delivers everything unacknowledged, at once and in order. */
export const recreateConsumer = async (jsm: JetStreamManager, stream: string): Promise<void> => {
  await jsm.consumers.delete(stream, CONSUMER).catch((error: unknown) => {
    if (apiCodeOf(error) !== CONSUMER_NOT_FOUND) throw error;
  });
  await jsm.consumers.add(stream, {
    durable_name: CONSUMER,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT_MS),
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    max_ack_pending: -1,
    max_deliver: -1,
  });
};

const turnsConfig = (
  subjects: Subjects,
  storeId: string,
  { queueBytes }: StreamSizes,
): Partial<StreamConfig> => ({
  name: subjects.turnsStream,
  subjects: [subjects.session('*', '*', 'turn')],
  description: describe(storeId),
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_msgs: MAX_QUEUED,
  max_bytes: queueBytes,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
});

const deadConfig = (subjects: Subjects, { refusedBytes }: StreamSizes): Partial<StreamConfig> => ({
  name: subjects.deadStream,
  subjects: [subjects.dead('*', '*')],
  description: 'Turn requests that Greenroom refused',
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  max_msgs: MAX_DEAD,
  max_bytes: refusedBytes,
});

const describe = (storeId: string): string => `Greenroom turns of store ${storeId}`;

/** An existing stream is left as it is: its operator may have given it replicas or other limits. */
const ensureStream = async (
  jsm: JetStreamManager,
  config: Partial<StreamConfig>,
  made: string[],
  settled: () => Promise<void>,
): Promise<StreamInfo> => {
  const { name = '' } = config;
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (apiCodeOf(error) !== STREAM_NOT_FOUND) throw error;
    await settled();
    const info = await jsm.streams.add(config);
    made.push(name);
    return info;
  }
};

/** Throws `broker_in_use` for a stream that another store or program has made. */
export const requireOurs = (
  { config }: StreamInfo,
  subjects: Subjects,
  storeId: string | undefined,
): void => {
  const { name, description, retention } = config;
  if (storeId === undefined || description !== describe(storeId))
    throw new GreenroomError(
      'broker_in_use',
      `the stream ${name} of this broker is not of our store${storeId === undefined ? ', which is to be made' : ` ${storeId}`} (it says: ${description ?? 'nothing'}). Use another GREENROOM_PREFIX or another broker, or remove the stream if its store is gone.`,
    );
  if (
    retention !== RetentionPolicy.Workqueue ||
    !config.subjects.includes(subjects.session('*', '*', 'turn'))
  )
    throw new GreenroomError(
      'broker_in_use',
      `the stream ${name} of this broker is no work queue on ${subjects.session('*', '*', 'turn')}`,
    );
};
