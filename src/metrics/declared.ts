/**
 * Every metric that is served: its name, its kind, what it says, its label. Declared here and nowhere else; the page
 * on monitoring is made from this.
 *
 * 1. A metric has at most one label, and its values come from a small set: never a session, a turn or a tenant.
 * 2. Values that are known beforehand are served from the start, as 0, so that a rate has something to begin with.
 */
import { CLOSED_STATUSES } from '../model/turn.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface Declared {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly label?: string;
  /** Values of the label that are known beforehand. */
  readonly known?: readonly string[];
  /** Of a histogram: upper bounds, in seconds. */
  readonly bounds?: readonly number[];
}

interface Labelled {
  readonly label: string;
  readonly known?: readonly string[];
}

const counter = (name: string, help: string, more?: Labelled) =>
  ({ name, type: 'counter', help, ...more }) satisfies Declared;
const gauge = (name: string, help: string, more?: Labelled) =>
  ({ name, type: 'gauge', help, ...more }) satisfies Declared;
const histogram = (name: string, help: string, bounds: readonly number[]) =>
  ({ name, type: 'histogram', help, bounds }) satisfies Declared;

/** Of work inside the daemon. */
const SHORT = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Of what waits for a model, a tool or a person. */
const LONG = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 3_600];

/** Added up from telemetry. */
export const COUNTED = {
  turnsAccepted: counter('greenroom_turns_accepted_total', 'Turns that were accepted and stored.'),
  turnsRefused: counter(
    'greenroom_turns_refused_total',
    'Turns that were refused for good, by error code.',
    { label: 'code' },
  ),
  turns: counter('greenroom_turns_total', 'Turns that are over, by their status.', {
    label: 'status',
    known: CLOSED_STATUSES,
  }),
  turnSeconds: histogram(
    'greenroom_turn_duration_seconds',
    'Time from the start of a turn to its end.',
    LONG,
  ),
  costDollars: counter(
    'greenroom_cost_dollars_total',
    'What finished turns cost in US dollars, as far as prices are known.',
  ),
  unpriced: counter(
    'greenroom_unpriced_turns_total',
    'Finished turns of which a price is unknown: their cost is not in greenroom_cost_dollars_total.',
  ),
  tokens: counter('greenroom_tokens_total', 'Tokens of finished turns.', {
    label: 'kind',
    known: ['input', 'output', 'cache_read', 'cache_write'],
  }),
  modelCallsStarted: counter(
    'greenroom_model_calls_started_total',
    'Model calls that a thread has begun, by model; a call that was lost and is made again counts twice.',
    { label: 'model' },
  ),
  modelCalls: counter('greenroom_model_calls_total', 'Model calls that are over, by outcome.', {
    label: 'outcome',
    known: ['message', 'failed', 'cancelled'],
  }),
  modelErrors: counter(
    'greenroom_model_call_errors_total',
    'Failed attempts at a model call, by the type of error; most are made again.',
    { label: 'error_type' },
  ),
  modelCallSeconds: histogram(
    'greenroom_model_call_duration_seconds',
    'Time of a model call, waits and further attempts included.',
    LONG,
  ),
  firstByteSeconds: histogram(
    'greenroom_model_first_byte_seconds',
    'Time until the first part of an answer; not of turns that want no partial messages.',
    LONG,
  ),
  toolCalls: counter('greenroom_tool_calls_total', 'Tool calls that have run, by tool.', {
    label: 'tool',
  }),
  toolOutcomes: counter(
    'greenroom_tool_call_outcomes_total',
    'The same tool calls, by what came of them.',
    { label: 'outcome', known: ['ok', 'error', 'cancelled', 'lost'] },
  ),
  toolSeconds: histogram(
    'greenroom_tool_call_duration_seconds',
    'Time of a tool call, from its start to its outcome.',
    LONG,
  ),
  hooks: counter('greenroom_hook_runs_total', 'Runs of hooks, by how they ended.', {
    label: 'ended',
  }),
  hookSeconds: histogram('greenroom_hook_duration_seconds', 'Time of a run of a hook.', SHORT),
  requests: counter(
    'greenroom_requests_total',
    'Requests that were answered or refused, by verb.',
    {
      label: 'verb',
    },
  ),
  requestErrors: counter(
    'greenroom_request_errors_total',
    'Requests that were refused or failed, by error code.',
    { label: 'code' },
  ),
  requestSeconds: histogram(
    'greenroom_request_duration_seconds',
    'Time from a request to its answer.',
    SHORT,
  ),
  searchSeconds: histogram(
    'greenroom_search_duration_seconds',
    'Time of a search, a count or facets inside the catalog.',
    SHORT,
  ),
  commitSeconds: histogram(
    'greenroom_commit_duration_seconds',
    "Time until a session's change was on disk.",
    SHORT,
  ),
  commitErrors: counter(
    'greenroom_commit_errors_total',
    'Changes that were not stored, or of which that is unknown, by error code.',
    { label: 'code' },
  ),
  compactions: counter(
    'greenroom_compactions_total',
    'Summaries that took the place of older messages, by their maker.',
    { label: 'by', known: ['greenroom', 'api', 'person'] },
  ),
  crashes: counter(
    'greenroom_actor_crashes_total',
    'Crashes of actors, by the part of the supervision tree.',
    { label: 'part' },
  ),
} as const;

/** Read when somebody asks. */
export const READ = {
  info: gauge('greenroom_info', 'Always 1; the label is the version.', { label: 'version' }),
  ready: gauge('greenroom_ready', '1 while /readyz answers 200, else 0.'),
  liveSessions: gauge('greenroom_sessions_live', 'Sessions that have an actor.'),
  busySessions: gauge('greenroom_sessions_busy', 'Sessions with a step or a commit under way.'),
  waitingSessions: gauge(
    'greenroom_sessions_waiting',
    'Sessions whose turn waits: for the approval of a person, or for its next attempt.',
  ),
  knownSessions: gauge('greenroom_sessions_known', 'Sessions in the catalog.'),
  liveBytes: gauge('greenroom_sessions_live_bytes', 'Memory that contexts of live sessions take.'),
  catalogBytes: gauge('greenroom_catalog_bytes', 'Memory of the catalog, estimated.'),
  brokerConnected: gauge('greenroom_broker_connected', '1 while the broker is connected, else 0.'),
  queueInHand: gauge(
    'greenroom_queue_turns_in_hand',
    'Turns that were taken off the queue and are not handed over yet.',
  ),
  storeReadOnly: gauge('greenroom_store_read_only', '1 while the store takes no changes, else 0.'),
  storeWaiting: gauge('greenroom_store_waiting_commits', 'Commits that wait for the disk.'),
  storeFileBytes: gauge('greenroom_store_file_bytes', 'Size of the data file.'),
  storeFreeBytes: gauge('greenroom_store_free_bytes', 'Free space on the disk of the store.'),
  storeSyncs: counter('greenroom_store_syncs_total', 'Syncs to the disk; commits share them.'),
  textLag: gauge(
    'greenroom_text_index_lag_seconds',
    'For how long the session that waits longest has waited for the text index.',
  ),
  textWaiting: gauge(
    'greenroom_text_index_waiting_sessions',
    'Sessions that the text index has yet to take in.',
  ),
  residentBytes: gauge('process_resident_memory_bytes', 'Resident memory of the daemon.'),
  cpuSeconds: counter('process_cpu_seconds_total', 'Processor time of the daemon.'),
  startSeconds: gauge('process_start_time_seconds', 'When the daemon started, since the epoch.'),
} as const;

/** Sampled from the first scrape on. */
export const SAMPLED = {
  loopDelay: histogram(
    'greenroom_event_loop_delay_seconds',
    'How late a timer of the daemon is; measured 20 times a second, from the first scrape on.',
    SHORT,
  ),
} as const;

export const METRICS: readonly Declared[] = [
  ...Object.values(COUNTED),
  ...Object.values(READ),
  ...Object.values(SAMPLED),
];
