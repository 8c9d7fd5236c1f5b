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
  NatsError,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { GreenroomError } from '../session/errors.ts';
import type { Subjects } from './subjects.ts';

export const CONSUMER = 'intake';
/** What is in hand that long without a word comes again; `working()` is said at a third of it. */
export const ACK_WAIT_MS = 300_000;

/** Publishers are refused beyond these, nobody else. */
const MAX_QUEUED = 1_000_000;
const MAX_QUEUED_BYTES = 1024 * 1024 * 1024;
/** The oldest refusals go first beyond these. */
const MAX_DEAD = 100_000;
const MAX_DEAD_BYTES = 256 * 1024 * 1024;
/** The least that a server knows; the ledger deduplicates, for good. */
const DUPLICATE_WINDOW_MS = 100;

/** Codes of the server's API errors. */
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
const JETSTREAM_OFF = [10039, 10076];

export interface QueueStream {
  readonly name: string;
  /** When the stream was made, in milliseconds: part of the turn ids that we give. */
  readonly createdMs: number;
}

/** Finds or makes both streams. Throws `broker_in_use`, or `unavailable` if JetStream is off. */
export const ensureStreams = async (
  jsm: JetStreamManager,
  subjects: Subjects,
  storeId: string,
): Promise<QueueStream> => {
  const info = await ensureStream(jsm, turnsConfig(subjects, storeId));
  requireOurs(info, subjects, storeId);
  await ensureStream(jsm, deadConfig(subjects));
  return { name: info.config.name, createdMs: Date.parse(info.created) };
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

const turnsConfig = (subjects: Subjects, storeId: string): Partial<StreamConfig> => ({
  name: subjects.turnsStream,
  subjects: [subjects.session('*', '*', 'turn')],
  description: describe(storeId),
  retention: RetentionPolicy.Workqueue,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_msgs: MAX_QUEUED,
  max_bytes: MAX_QUEUED_BYTES,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
});

const deadConfig = (subjects: Subjects): Partial<StreamConfig> => ({
  name: subjects.deadStream,
  subjects: [subjects.dead('*', '*')],
  description: 'Turn requests that Greenroom refused',
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  max_msgs: MAX_DEAD,
  max_bytes: MAX_DEAD_BYTES,
});

const describe = (storeId: string): string => `Greenroom turns of store ${storeId}`;

/** An existing stream is left as it is: its operator may have given it replicas or other limits. */
const ensureStream = async (
  jsm: JetStreamManager,
  config: Partial<StreamConfig>,
): Promise<StreamInfo> => {
  try {
    return await jsm.streams.info(config.name ?? '');
  } catch (error) {
    if (apiCodeOf(error) === STREAM_NOT_FOUND) return await jsm.streams.add(config);
    throw isOff(error) ? jetStreamIsOff(error) : error;
  }
};

const requireOurs = ({ config }: StreamInfo, subjects: Subjects, storeId: string): void => {
  const { name, description, retention } = config;
  if (description !== describe(storeId))
    throw new GreenroomError(
      'broker_in_use',
      `the stream ${name} of this broker is not of our store ${storeId} (it says: ${description ?? 'nothing'}). Use another GREENROOM_PREFIX or another broker, or remove the stream if its store is gone.`,
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

const isOff = (error: unknown): boolean =>
  error instanceof NatsError && (error.code === '503' || JETSTREAM_OFF.includes(apiCodeOf(error)));

const jetStreamIsOff = (cause: unknown): GreenroomError =>
  new GreenroomError('unavailable', 'JetStream is not enabled on this broker, or not up yet', {
    cause,
  });

const apiCodeOf = (error: unknown): number =>
  error instanceof NatsError ? (error.api_error?.err_code ?? 0) : 0;
