/**
 * Every setting of Greenroom, as one table: its name in the environment, what it takes, its default,
 * what it means. The types, the parser, `greenroom config` and `docs/reference/configuration.md` come from here.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { homeFolder } from './home-folder.ts';
import {
  addresses,
  amount,
  headerValue,
  type Kind,
  oneOf,
  onOrOff,
  path,
  paths,
  portOrOff,
  text,
  webUrl,
  whole,
} from './value-types.ts';

/** What a default may be made of. */
export interface Fallbacks {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The newest Sonnet of the price table. */
  readonly newestModel: string;
  readonly hasApiKey: boolean;
}

export interface Variable<T> extends Kind<T> {
  readonly env: string;
  /** Classic names for the same thing; the first name wins where both are set. */
  readonly aliases?: readonly string[];
  /** The default in words. */
  readonly otherwise: string;
  readonly fallback: (from: Fallbacks) => T;
  readonly meaning: string;
  /** Never printed. */
  readonly secret?: true;
}

type Described = Omit<Variable<never>, keyof Kind<never> | 'env' | 'fallback' | 'otherwise'>;

const set = <T>(env: string, kind: Kind<T>, value: T, more: Described): Variable<T> => ({
  ...kind,
  ...more,
  env,
  otherwise: String(value),
  fallback: () => value,
});

const optional = <T>(env: string, kind: Kind<T>, more: Described & { otherwise?: string }) =>
  ({
    ...(kind as Kind<T | undefined>),
    otherwise: 'none',
    ...more,
    env,
    fallback: () => undefined,
  }) satisfies Variable<T | undefined>;

const derived = <T>(
  env: string,
  kind: Kind<T>,
  otherwise: string,
  fallback: (from: Fallbacks) => T,
  more: Described,
): Variable<T> => ({ ...kind, ...more, env, otherwise, fallback });

const dataHome = ({ XDG_DATA_HOME: named }: Fallbacks['env']): string =>
  named || join(homeFolder('GREENROOM_DATA_DIR'), '.local', 'share');

const token = text('letters, digits, _ and -, at most 32', /^[A-Za-z0-9_-]{1,32}$/);
const id = text('letters, digits, _ and -, at most 128', /^[A-Za-z0-9_-]{1,128}$/);
const servers = addresses('a server, or several with commas: nats://host:4222');
const hosts = text('hosts, several with commas: localhost,10.0.0.7:8080', /^[^\s,/]+(,[^\s,/]+)*$/);
const port = whole(0, 65_535);
const httpAddress = text(
  'an address: 127.0.0.1, ::1, 0.0.0.0',
  /^(localhost|[0-9.]{7,15}|[0-9a-fA-F:]{2,39})$/,
);
const hostNames = text(
  'names without ports, several with commas',
  /^[A-Za-z0-9.-]{1,253}(,[A-Za-z0-9.-]{1,253})*$/,
);
const inbox = text(
  'words of letters, digits, _ and -, with dots',
  /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
);

/** The newer names and the classic ones. */
const permissionModes = oneOf(
  ...(['default', 'acceptEdits', 'plan', 'dontAsk', 'bypassPermissions'] as const),
  ...(['ask', 'enabled', 'disabled'] as const),
);

export const VARIABLES = {
  dataDir: derived(
    'GREENROOM_DATA_DIR',
    path,
    '$XDG_DATA_HOME/greenroom',
    ({ env }) => join(dataHome(env), 'greenroom'),
    { meaning: 'everything that the daemon keeps; mode 0700' },
  ),
  tenant: set('GREENROOM_TENANT', id, 'default', {
    meaning: 'tenant that the command line and clients use',
  }),
  prefix: set('GREENROOM_PREFIX', token, 'greenroom', { meaning: 'first token of every subject' }),
  natsUrl: optional('NATS_URL', servers, {
    meaning: 'broker to use; without it the daemon runs its own',
  }),
  natsCreds: optional('NATS_CREDS', path, { meaning: 'credentials file for that broker' }),
  natsInboxPrefix: set('NATS_INBOX_PREFIX', inbox, '_INBOX', {
    meaning: 'where answers to the command line come; the daemon has its own',
  }),
  natsPort: optional('GREENROOM_NATS_PORT', port, {
    otherwise: '4222, or a free one if taken',
    meaning: 'port of the own broker; 0 = any free one',
  }),
  natsServerBin: optional('NATS_SERVER_BIN', path, {
    otherwise: 'found on PATH',
    meaning: 'the nats-server program for the own broker',
  }),
  queueMb: set('GREENROOM_QUEUE_MB', whole(1, 1_048_576), 1_024, {
    meaning: 'room that the queue of turns reserves in the broker when it is made',
  }),
  refusedMb: set('GREENROOM_REFUSED_MB', whole(1, 1_048_576), 256, {
    meaning: 'the same for the record of refused turns; the oldest go first',
  }),
  store: set('GREENROOM_STORE', text('lmdb: or memory:', /^(lmdb|memory):$/), 'lmdb:', {
    meaning: 'journal, as a URL; memory: keeps nothing',
  }),
  provider: derived(
    'GREENROOM_PROVIDER',
    oneOf('anthropic', 'rehearsal'),
    'anthropic with a key, else rehearsal',
    ({ hasApiKey }) => (hasApiKey ? 'anthropic' : 'rehearsal'),
    { meaning: 'who answers model calls' },
  ),
  anthropicApiKey: optional('ANTHROPIC_API_KEY', headerValue('a key'), {
    meaning: 'key of the Claude API',
    secret: true,
  }),
  anthropicBaseUrl: optional('ANTHROPIC_BASE_URL', webUrl, {
    meaning: 'another address of the Claude API',
  }),
  cacheDiagnosis: optional('GREENROOM_CACHE_DIAGNOSIS', onOrOff, {
    otherwise: "on at the Claude API's own address, else off",
    meaning: 'whether each model call asks the API why its prompt cache did not do',
  }),
  model: derived(
    'GREENROOM_MODEL',
    text('the name of a model'),
    'the newest Sonnet in the price table',
    ({ newestModel }) => newestModel,
    { meaning: 'model of new sessions', aliases: ['CLAUDE_SDK_DEFAULT_MODEL'] },
  ),
  compact: set('GREENROOM_COMPACT', oneOf('auto', 'server', 'off'), 'auto', {
    meaning:
      'who sums up what is old when a session outgrows what its model reads at once, unless the session says otherwise: `auto` = Greenroom, `server` = the API',
  }),
  contextTokens: set('GREENROOM_CONTEXT_TOKENS', whole(1_000, 100_000_000), 200_000, {
    meaning: 'tokens that models read at once, unless a session says otherwise',
  }),
  compactAtPercent: set('GREENROOM_COMPACT_AT_PERCENT', whole(10, 100), 75, {
    meaning: 'part of those tokens at which a compaction begins, in percent',
  }),
  tools: set('GREENROOM_TOOLS', oneOf('on', 'off'), 'on', {
    meaning: 'whether sessions may have tools; `off` offers none to any',
  }),
  moduleTools: optional('GREENROOM_TOOL_MODULES', paths, {
    meaning: 'modules that export `tools` of your own, with commas between',
  }),
  sandbox: set('GREENROOM_SANDBOX', oneOf('off', 'auto', 'required'), 'off', {
    meaning: 'whether shell commands run in bubblewrap: `auto` = where there is one',
  }),
  permissionMode: set('GREENROOM_PERMISSION_MODE', permissionModes, 'default', {
    meaning: 'permission mode of sessions that set none',
    aliases: ['CLAUDE_SDK_DEFAULT_PERMISSION_MODE'],
  }),
  permissionsFile: optional('GREENROOM_PERMISSIONS_FILE', path, {
    meaning: 'JSON file `{ allow, ask, deny }` of permission rules that hold for all sessions',
  }),
  approvalMinutes: set('GREENROOM_APPROVAL_MINUTES', amount(0, 525_600), 0, {
    meaning:
      'how long a tool call waits for a person before it is denied, unless its session says otherwise; 0 = for as long as it takes',
  }),
  hooksFile: optional('GREENROOM_HOOKS_FILE', path, {
    meaning: "JSON file of hooks, of the form of Claude Code's settings",
  }),
  auditHook: set('ENABLE_AUDIT_HOOK', onOrOff, 'on', {
    meaning: 'whether records of hooks have what went in and came out; they are kept in any case',
  }),
  sessionMetrics: set('ENABLE_METRICS_COLLECTION', onOrOff, 'on', {
    meaning: 'whether sessions keep a series of their counters, for the verb `metrics`',
  }),
  metricsSnapshotSeconds: set('METRICS_SNAPSHOT_INTERVAL_SECONDS', amount(1, 86_400), 60, {
    meaning: 'how often a turn at work adds to that series; its end does in any case',
  }),
  metricsHook: set('ENABLE_METRICS_HOOK', onOrOff, 'on', {
    meaning: 'whether each run of a hook is reported as telemetry',
  }),
  notificationHook: set('ENABLE_NOTIFICATION_HOOK', onOrOff, 'on', {
    meaning: 'whether hooks for `Notification` run',
  }),
  customHooks: set('ENABLE_CUSTOM_HOOKS', onOrOff, 'on', {
    meaning: 'whether configured hooks run',
  }),
  persistenceHook: set('ENABLE_PERSISTENCE_HOOK', onOrOff, 'on', {
    meaning: '`off` has no effect but a warning: what is acknowledged is stored',
  }),
  mcpFile: optional('GREENROOM_MCP_FILE', path, {
    meaning:
      'JSON file `{ mcpServers }` of MCP servers whose tools sessions may have, as `.mcp.json`',
  }),
  sessionMcpHosts: optional('GREENROOM_SESSION_MCP_HOSTS', hosts, {
    meaning:
      'hosts that a session may have MCP servers of for itself: `example.com`, `*.example.com`, `localhost:8080`',
  }),
  sessionMcpServers: set('GREENROOM_SESSION_MCP_SERVERS', whole(0, 1_000), 100, {
    meaning: 'MCP servers of single sessions that may run at a time; 0 = sessions have none',
  }),
  deferToolsKb: set('GREENROOM_DEFER_TOOLS_KB', whole(0, 1_048_576), 64, {
    meaning:
      'definitions of tools in a request beyond which those of MCP servers and services are loaded when the model searches for them; 0 = never',
  }),
  serviceTools: set('GREENROOM_SERVICE_TOOLS', oneOf('on', 'off'), 'off', {
    meaning:
      'whether sessions may have tools that services on the bus declare; `on` trusts all that may answer there',
  }),
  agentsFile: optional('GREENROOM_AGENTS_FILE', path, {
    meaning:
      'JSON file `{ agents: { name: { description, prompt, tools, model } } }` of sub-agents',
  }),
  agentDepth: set('GREENROOM_AGENT_DEPTH', whole(0, 8), 2, {
    meaning: 'how deep sub-agents may stand in each other; 0 = none',
  }),
  agentsPerTurn: set('GREENROOM_AGENTS_PER_TURN', whole(1, 1_000), 16, {
    meaning: 'sub-agents that one turn may start',
  }),
  workers: derived('GREENROOM_WORKERS', whole(1, 256), 'cores', () => availableParallelism(), {
    meaning: 'executor threads',
  }),
  concurrentCalls: optional('GREENROOM_CONCURRENT_CALLS', whole(1, 1_000_000), {
    otherwise: '256 for each executor thread',
    meaning:
      'model calls that are made at a time; beyond that tenants, and within one its owners, take turns',
  }),
  ownerInteractive: optional('MAX_CONCURRENT_INTERACTIVE_SESSIONS', whole(1, 1_000_000), {
    meaning: 'sessions of one owner whose turns run at a time; others wait',
  }),
  ownerBackground: optional('MAX_CONCURRENT_BACKGROUND_SESSIONS', whole(1, 1_000_000), {
    meaning: 'the same of its sessions in the mode `background`',
  }),
  httpPort: optional('GREENROOM_HTTP_PORT', portOrOff, {
    otherwise: '4280, or a free one if taken',
    meaning: 'port of HTTP: health, metrics, the API and the page; 0 = any free one, `off` = none',
  }),
  httpHost: set('GREENROOM_HTTP_HOST', httpAddress, '127.0.0.1', {
    meaning:
      'address that HTTP listens at; beyond the loopback only with TLS or a proxy, with names to be asked by, and with tokens',
  }),
  httpHosts: optional('GREENROOM_HTTP_HOSTS', hostNames, {
    meaning: 'names that HTTP may be asked by, besides those of the loopback: greenroom.example',
  }),
  httpTlsCert: optional('GREENROOM_HTTP_TLS_CERT', path, {
    meaning: 'PEM file with the certificate of HTTP, and those above it',
  }),
  httpTlsKey: optional('GREENROOM_HTTP_TLS_KEY', path, {
    meaning: 'PEM file with its key',
  }),
  httpProxy: set('GREENROOM_HTTP_PROXY', onOrOff, 'off', {
    meaning: '`on` = a proxy before it speaks TLS, and nothing else reaches it',
  }),
  httpRate: set('GREENROOM_HTTP_RATE', whole(0, 10_000_000), 0, {
    meaning: 'requests that one token may make in a minute over HTTP; 0 = no limit',
  }),
  traces: set('GREENROOM_TRACES', oneOf('off', 'on', 'content'), 'off', {
    meaning:
      "whether turns make spans of OpenTelemetry, for the provider that the program registers; `content` = with prompts, answers, and tools' inputs and results",
  }),
  cleanupIntervalHours: set('GREENROOM_CLEANUP_INTERVAL_HOURS', amount(0, 8_760), 24, {
    meaning: 'how often the cleaner runs, the first time one interval after start; 0 = off',
  }),
  cleanupMaxAgeDays: set('GREENROOM_CLEANUP_MAX_AGE_DAYS', amount(0, 100_000), 30, {
    meaning: 'age at which the cleaner takes a session; 0 = off',
  }),
  retentionFile: optional('GREENROOM_RETENTION_FILE', path, {
    meaning: 'JSON file of retention rules, which the cleaner follows too',
  }),
  storageProvider: set('STORAGE_PROVIDER', oneOf('local', 's3', 'minio'), 'local', {
    meaning: 'where archives go: `local` = a folder, `s3` and `minio` = a bucket',
  }),
  archiveDir: optional('GREENROOM_ARCHIVE_DIR', path, {
    otherwise: 'archives in the data directory',
    meaning: 'folder that archives go to',
  }),
  s3Bucket: optional(
    'AWS_S3_BUCKET',
    text('the name of a bucket', /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/),
    {
      meaning: 'bucket that archives go to',
    },
  ),
  s3Region: set('AWS_S3_REGION', text('a region', /^[A-Za-z0-9-]{1,64}$/), 'us-east-1', {
    meaning: 'its region; `auto` where the server has none',
  }),
  s3Endpoint: optional('GREENROOM_S3_ENDPOINT', webUrl, {
    otherwise: "Amazon's, of that region",
    meaning: 'address of another server that speaks as S3 does',
  }),
  s3Prefix: set(
    'AWS_S3_ARCHIVE_PREFIX',
    text('the beginning of a key', /^[\w!.*'() /&$@=;:+,-]{0,200}$/),
    'archives/',
    {
      meaning: 'how the keys of archives begin',
    },
  ),
  s3AccessKeyId: optional('AWS_ACCESS_KEY_ID', headerValue('a key'), {
    meaning: 'key for the bucket',
    secret: true,
  }),
  s3SecretAccessKey: optional('AWS_SECRET_ACCESS_KEY', headerValue('a key'), {
    meaning: 'its secret',
    secret: true,
  }),
  s3SessionToken: optional('AWS_SESSION_TOKEN', headerValue('a token'), {
    meaning: 'token of keys that hold for a while',
    secret: true,
  }),
  archiveCompression: set('ARCHIVE_COMPRESSION', oneOf('gzip', 'zip', 'tar'), 'gzip', {
    meaning: 'form of archives that name none',
  }),
  archiveAutoCleanup: set('ARCHIVE_AUTO_CLEANUP', onOrOff, 'off', {
    meaning:
      'whether directories that Greenroom has made for sessions are deleted once they are archived; those of yours never are',
  }),
  archiveRetentionDays: set('ARCHIVE_RETENTION_DAYS', amount(0, 100_000), 0, {
    meaning: 'how long archives are kept, from when they were made; 0 = for ever',
  }),
  autoArchiveDays: set('SESSION_AUTO_ARCHIVE_DAYS', amount(0, 100_000), 0, {
    meaning:
      'age at which ended sessions are archived; then the cleaner takes no younger ones, and ended ones only out of an archive; 0 = off',
  }),
  archiveRoots: optional('GREENROOM_ARCHIVE_ROOTS', paths, {
    otherwise: 'any',
    meaning:
      "folders, with commas between, that sessions' own directories must be in to be archived, copied for a fork, or brought back to",
  }),
  workspaceDir: optional('GREENROOM_WORKSPACE_DIR', path, {
    otherwise: 'workspaces in the data directory',
    meaning:
      'folder in which sessions that name no directory get one, and forks their copy; of this daemon alone',
  }),
  forkMaxMb: set('GREENROOM_FORK_MAX_MB', amount(0, 100_000_000), 1_000, {
    meaning: 'largest directory that a fork copies, in megabytes',
  }),
  archivesAtOnce: set('GREENROOM_ARCHIVES_AT_ONCE', whole(1, 16), 1, {
    meaning: 'archives that are worked on at a time',
  }),
  archiveMbPerSecond: set('GREENROOM_ARCHIVE_MB_PER_SECOND', amount(0, 100_000), 0, {
    meaning: 'bytes that go to and come from a bucket in a second, in megabytes; 0 = no limit',
  }),
  backupTo: optional(
    'GREENROOM_BACKUP_TO',
    text('an absolute path, or s3://bucket/prefix', /^(\/.+|s3:\/\/[^/]+(\/.*)?)$/),
    {
      meaning:
        'where backups of the whole store go: a folder, or a bucket that is reached as that of archives is',
    },
  ),
  backupEvery: optional(
    'GREENROOM_BACKUP_EVERY',
    text('a span such as 6h, or a pattern of cron', /^([1-9]\d{0,4}[mhd]|\S+( +\S+){4,5})$/),
    {
      meaning: 'how often the daemon makes such a backup by itself, or when (UTC)',
    },
  ),
  backupKeep: set('GREENROOM_BACKUP_KEEP', whole(0, 100_000), 0, {
    meaning: 'so many of the newest backups are kept; 0 = see the next setting',
  }),
  backupKeepDays: set('GREENROOM_BACKUP_KEEP_DAYS', amount(0, 100_000), 0, {
    meaning: 'backups of so many days are kept too; 0 = with both, all are kept',
  }),
  backupMaxHours: set('GREENROOM_BACKUP_MAX_HOURS', amount(0.001, 1_000), 24, {
    meaning: 'longest time of one backup, after which it is given up and tried again',
  }),
  notificationsFile: optional('GREENROOM_NOTIFICATIONS_FILE', path, {
    meaning:
      'JSON file `{ targets: { name: { url, secret, events, tenant } } }` of webhooks that hear what happens to sessions',
  }),
  passivateMinutes: set('GREENROOM_PASSIVATE_MINUTES', amount(0.001, 10_080), 5, {
    meaning: 'idle time after which a live session goes back to the green room',
    aliases: ['SESSION_IDLE_TIMEOUT_MINUTES'],
  }),
  cacheSessions: set('GREENROOM_CACHE_SESSIONS', whole(1, 1_000_000), 20_000, {
    meaning: 'live sessions at most',
  }),
  cacheMb: set('GREENROOM_CACHE_MB', whole(1, 1_048_576), 256, {
    meaning: 'memory of live sessions at most',
  }),
  queuePerSession: set('GREENROOM_QUEUE_PER_SESSION', whole(1, 10_000), 100, {
    meaning: 'turns that may wait in one session',
  }),
  mailbox: set('GREENROOM_MAILBOX', whole(1, 1_000_000), 1_000, {
    meaning: 'messages that may wait for one actor',
  }),
  drainSeconds: set('GREENROOM_DRAIN_SECONDS', amount(0, 3_600), 30, {
    meaning: 'how long running steps may go on when the daemon stops',
  }),
  minFreeMb: set('GREENROOM_MIN_FREE_MB', whole(0, 1_048_576), 256, {
    meaning: 'free space below which work is refused',
  }),
  maxRetries: set('CLAUDE_SDK_MAX_RETRIES', whole(0, 20), 3, {
    meaning: 'further attempts of one model call',
  }),
  retryDelaySeconds: set('CLAUDE_SDK_RETRY_DELAY', amount(0, 600), 2, {
    meaning: 'first delay between attempts, doubled each time',
  }),
  timeoutSeconds: set('CLAUDE_SDK_TIMEOUT_SECONDS', amount(0.01, 3_600), 120, {
    meaning: 'longest silence of the API in one model call, which is made again then',
  }),
  costTracking: set('ENABLE_COST_TRACKING', onOrOff, 'on', {
    meaning:
      'whether answers are priced; `off` = their costs are unknown, and what has a budget or a money limit is refused as `price_unknown`',
  }),
  userMonthlyBudgetUsd: optional('USER_MONTHLY_BUDGET_USD', amount(0.000_001, 1_000_000), {
    otherwise: 'no limit',
    meaning:
      'what each owner may spend in a calendar month, in dollars, where no budget says otherwise; beyond it a person is asked for more',
  }),
  webPrivateHosts: optional('GREENROOM_WEB_PRIVATE_HOSTS', hosts, {
    meaning: 'hosts that `WebFetch` may fetch from though their addresses are private',
  }),
  textSearch: set('GREENROOM_TEXT_SEARCH', oneOf('off', 'talk', 'all'), 'talk', {
    meaning:
      'what texts searches look into: `talk` = what people and the model said, titles, descriptions and summaries; `all` = also what went into tools and came out; `off` = into none; another value builds the index again',
  }),
  logLevel: set(
    'GREENROOM_LOG_LEVEL',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'info',
    { meaning: 'JSON lines on stderr; pretty on a terminal' },
  ),
  logFile: optional('GREENROOM_LOG_FILE', path, {
    otherwise: 'stderr; with `start --detach` log/greenroom.log in the data directory',
    meaning: 'file that the log goes to instead of stderr',
  }),
  logFileMb: set('GREENROOM_LOG_FILE_MB', whole(1, 1_024), 10, {
    meaning: 'size at which that file is renamed and another one begun',
  }),
  logFiles: set('GREENROOM_LOG_FILES', whole(1, 100), 5, {
    meaning: 'how many such files there are at most; the oldest goes first',
  }),
} as const;

export type ConfigName = keyof typeof VARIABLES;
export const CONFIG_NAMES = Object.keys(VARIABLES) as readonly ConfigName[];

/** What is in force: plain values, checked once, passed down. Absent ones are `undefined`. */
export type Config = {
  readonly [N in ConfigName]: (typeof VARIABLES)[N] extends Variable<infer T> ? T : never;
};
