/**
 * The commands by their first words. A call loads the one that it names: to load all of them takes longer than most of them
 * run. Help, and a call whose command is not found at once, load all.
 */
import type { Registration } from './invocation.ts';

type Register = (registration: Registration) => void;

interface Entry {
  readonly words: readonly string[];
  readonly load: () => Promise<Register>;
}

/** In the order of the help. */
const ENTRIES: readonly Entry[] = [
  {
    words: ['start', 'restart'],
    load: async () => (await import('./commands/start.ts')).registerStart,
  },
  { words: ['stop'], load: async () => (await import('./commands/stop.ts')).registerStop },
  { words: ['logs'], load: async () => (await import('./commands/logs.ts')).registerLogs },
  { words: ['service'], load: async () => (await import('./commands/service.ts')).registerService },
  { words: ['status'], load: async () => (await import('./commands/status.ts')).registerStatus },
  { words: ['top'], load: async () => (await import('./commands/top.ts')).registerTop },
  { words: ['tree'], load: async () => (await import('./commands/tree.ts')).registerTree },
  { words: ['inspect'], load: async () => (await import('./commands/inspect.ts')).registerInspect },
  { words: ['doctor'], load: async () => (await import('./commands/doctor.ts')).registerDoctor },
  { words: ['config'], load: async () => (await import('./commands/config.ts')).registerConfig },
  { words: ['nats'], load: async () => (await import('./commands/nats.ts')).registerNats },
  { words: ['send'], load: async () => (await import('./commands/send.ts')).registerSend },
  { words: ['chat'], load: async () => (await import('./commands/chat.ts')).registerChat },
  {
    words: ['sessions'],
    load: async () => (await import('./commands/sessions.ts')).registerSessions,
  },
  { words: ['turns'], load: async () => (await import('./commands/turns.ts')).registerTurns },
  {
    words: ['templates'],
    load: async () => (await import('./commands/templates.ts')).registerTemplates,
  },
  { words: ['tasks'], load: async () => (await import('./commands/tasks.ts')).registerTasks },
  {
    words: ['schedules'],
    load: async () => (await import('./commands/schedules.ts')).registerSchedules,
  },
  {
    words: ['archive', 'archives'],
    load: async () => (await import('./commands/archives.ts')).registerArchives,
  },
  { words: ['watch'], load: async () => (await import('./commands/watch.ts')).registerWatch },
  {
    words: ['approvals'],
    load: async () => (await import('./commands/approvals.ts')).registerApprovals,
  },
  { words: ['budgets'], load: async () => (await import('./commands/budgets.ts')).registerBudgets },
  { words: ['costs'], load: async () => (await import('./commands/costs.ts')).registerCosts },
  { words: ['tokens'], load: async () => (await import('./commands/tokens.ts')).registerTokens },
  { words: ['open'], load: async () => (await import('./commands/tokens.ts')).registerOpen },
  { words: ['mcp'], load: async () => (await import('./commands/mcp.ts')).registerMcp },
  { words: ['audit'], load: async () => (await import('./commands/audit.ts')).registerAudit },
  { words: ['metrics'], load: async () => (await import('./commands/metrics.ts')).registerMetrics },
  { words: ['explain'], load: async () => (await import('./commands/explain.ts')).registerExplain },
  { words: ['import'], load: async () => (await import('./commands/import.ts')).registerImport },
  { words: ['cleanup'], load: async () => (await import('./commands/cleanup.ts')).registerCleanup },
  {
    words: ['notifications'],
    load: async () => (await import('./commands/notifications.ts')).registerNotifications,
  },
  {
    words: ['retention'],
    load: async () => (await import('./commands/cleanup.ts')).registerRetention,
  },
  {
    words: ['backup', 'restore', 'backups'],
    load: async () => (await import('./commands/backup.ts')).registerBackup,
  },
  {
    words: ['completion'],
    load: async () => (await import('./commands/completion.ts')).registerCompletion,
  },
];

/** Global options that take a word of their own. */
const WITH_A_WORD: ReadonlySet<string> = new Set([
  ...['--data', '--config', '--servers', '--creds', '--inbox-prefix'],
  ...['--prefix', '--tenant', '--log-level'],
]);

const VERSION: ReadonlySet<string> = new Set(['-V', '--version']);

/** What the call needs: its command, all of them, or none for the version. */
export const commandsFor = (args: readonly string[]): Promise<readonly Register[]> => {
  const word = firstWord(args);
  if (word === undefined && args.some((arg) => VERSION.has(arg))) return Promise.resolve([]);
  const named = ENTRIES.filter(({ words }) => word !== undefined && words.includes(word));
  const isScript = word === 'completion' && !isAskedByShell(args);
  const needed = named.length === 0 || isScript ? ENTRIES : named;
  return Promise.all(needed.map(({ load }) => load()));
};

/** A shell wants values to complete: it waits for our end, and a person for it. */
export const isAskedByShell = (args: readonly string[]): boolean =>
  firstWord(args) === 'completion' && args.includes('values');

const firstWord = (args: readonly string[]): string | undefined => {
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    if (!word.startsWith('-')) return word;
    if (WITH_A_WORD.has(word)) at += 1;
  }
  return undefined;
};
