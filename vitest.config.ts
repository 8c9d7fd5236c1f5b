/**
 * The tests in three projects: `fast` needs nothing outside its own thread (`npm run test:fast`), `whole` has
 * stores, servers, threads and processes (`npm test` runs both), `long` has what plays through lives, faults and
 * kills by the hundred (`npm run test:long`; `.ci/run` runs all three). Without a name, vitest runs all.
 *
 * Patience is for busy machines: what is waited for comes at once or not at all, so no limit is a measurement.
 *
 * The files of a worker share its modules and its threads: loading the program again for each file cost more than half
 * of what the tests themselves take. No module has state, and `test/support/setup.ts` sees to it that no file leaves
 * anything behind in the process.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const IS_QUICK = process.env['GREENROOM_QUICK'] === '1';

const files = (...patterns: readonly string[]) => patterns.map((one) => `test/${one}.test.ts`);

/** Lives, faults, kills, random histories and real transcripts by the hundred, large sizes, and what shows that they would notice a mistake. */
const LONG = files(
  ...['chaos/**/*', 'simulation/**/*'],
  ...['untrusted/fuzz', 'untrusted/mutants', 'classic/stores/histories', 'agent-sdk/processes'],
  ...['greenroom/same-bytes', 'search/catalog-model', 'text/real-texts', 'garbage'],
  ...['session/prepare/(compaction|turn-summary)', 'session/model-messages-real'],
  ...['cli/import/counted-once', 'greenroom/context-kills'],
  ...['greenroom/large-sessions', 'greenroom/native-memory'],
  ...['permissions/corpus/bypasses', 'permissions/corpus/executed'],
  ...['text/index-life', 'text/kills', 'tools/attacks'],
  // Whole programs from outside: their parts have tests of their own among the others
  ...[
    'tools/commands/(kills|bash|background|launching|many|output|sandbox)',
    'tools/pool',
    'tools/services/**/*',
  ],
  ...['tools/mcp/(kills|web|calls|pins|failing|registry-server)', 'tools/own/modules'],
  ...[
    'hooks/(kills|commands|http|modules|nats)',
    'greenroom/(sub-agents|tool-servers|session-servers)',
  ],
  ...[
    'cli/daemon',
    'cli/detached',
    'cli/hang-up',
    'cli/at-a-terminal',
    'end-to-end/import',
    'docs/examples',
    'examples/examples',
    'agent-sdk/(nats|official-program|rooms)',
    'classic-client/(one-session|tools|daemon)',
    'client/python',
    'http/http',
    'dashboard/(jobs|views)',
    'nats/tenants/walls',
  ],
  ...['greenroom/(long-imports|every-commit|passivation|sick-sessions)', 'client/abort'],
  ...['executor/pool/(threads|resting-threads)', 'search/long-searches'],
  ...['greenroom/recovery', 'greenroom/crashes', 'greenroom/long-waits', 'greenroom/late-reads'],
  ...[
    'greenroom/tasks',
    'greenroom/delayed-turns',
    'greenroom/(archives|archive-circle|fork-directory)',
    'archives/s3-target',
  ],
  ...['greenroom/backups', 'archives/backups', 'archives/second-opinion'],
  ...[
    'cli/daemon-in-trouble',
    'cli/dead-daemon',
    'cli/import/real-transcripts',
    'nats/broker-faults',
  ],
);
/** Not of these folders: what starts a process, and what takes seconds for random lives or all real transcripts. */
const FAST = files(
  ...[
    'calendar/**/*',
    'claude-code/**/*',
    'housekeeping/**/*',
    'log/**/*',
    'model/**/*',
    'platform/**/*',
  ],
  ...['permissions/*', 'permissions/corpus/ordinary', 'greenroom/actor-traces'],
  ...[
    'pricing/**/*',
    'query/**/*',
    'tags/**/*',
    'storage/records/**/*',
    'storage/tables/**/*',
    'otp/!(port)',
  ],
  ...[
    'search/!(catalog-model|long-searches)',
    'search/live/*',
    'session/!(model-messages-real)',
    'session/!(prepare)/**/*',
    'budgets/**/*',
    'archives/(hostile|pack|copy-folder|backup-course|place-owner)',
  ],
  ...['agent-sdk/model', 'classic/entries', 'classic/json-file', 'classic/models'],
  ...[
    'classic/protocol',
    'classic/saved-session',
    'classic/serialization',
    'classic/timestamp',
    'classic/transcript',
  ],
  ...['classic/stores/call-order', 'cli/(format|flag-names|message-text|values)'],
  ...['text/tokens', 'text/phrase', 'text/extract', 'text/snippet', 'text/waiting-sessions'],
  ...['cli/hit-line', 'cli/markdown', 'cli/chat', 'tools/commands/(exit-code|cwd|descriptors)'],
  ...['notifications/(outbox|read-audit|settings)', 'cli/(metrics|top)', 'dashboard/pure'],
  ...[
    'hooks/(matcher|word|verdict|settings)',
    'metrics/**/*',
    'gateway/**/*',
    'http/(readiness|place|event-stream|keyed-answers|together)',
  ],
  ...[
    'cli/table',
    'cli/mcp-config',
    'cli/import/chunks',
    'executor/models/answer',
    'executor/models/failure',
    'executor/models/message-draft',
  ],
  ...['executor/models/breaker', 'executor/models/guarded-start'],
  ...['executor/history/packed-history', 'executor/pool/(dispatch|pool-size)', 'rehearsal/rules'],
  ...[
    'tools/builtin/!(read)',
    'tools/files/**/*',
    'tools/search/patterns',
    'tools/mcp/(settings|shapes|session-rules|session-servers)',
    'tools/web/!(web-fetch)',
  ],
);

/** They go first: a long file that begins last keeps one worker while the others have nothing left to do. */
const LONGEST = files(
  ...['storage/journal/lmdb-journal', 'classic/stores/outages', 'classic/stores/file/processes'],
  ...['classic/stores/journal', 'storage/log-recovery', 'storage/backup'],
  ...['chaos/store/every-operation', 'chaos/mutants', 'chaos/exits/exits', 'chaos/kill-cycles'],
  ...['simulation/sessions/sessions', 'chaos/history/histories', 'chaos/tool-kills'],
);

class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      LONGEST.some((file) => moduleId.endsWith(`/${file}`));
    // A worker serves one project: what belongs together stays together.
    const rank = (one: TestSpecification) =>
      one.project.name === 'fast' ? 0 : isLong(one) ? 1 : 2;
    return (await super.sort(specifications)).sort((one, other) => rank(one) - rank(other));
  }
}

const SERIALISATION = ['models', 'serialization', 'timestamp', 'transcript'].map(
  (name) => `src/classic/${name}.ts`,
);
/** Only a store that is opened in a Worker has them; `test/chaos/exits` opens it there. */
const IN_A_WORKER = ['src/storage/lmdb/child-carrier.ts', 'src/storage/lmdb/child-wire.ts'];
/** Part of the doctor, whose tests run it. */
const EXAMINATION = 'src/classic/stores/examine-server.ts';
const ALL = { lines: 100, functions: 100, statements: 100 };

/**
 * With `--coverage`: how much of what keeps sessions the tests run through, with the least that is let pass. What runs
 * compiled, in a thread or child of its own, is not seen.
 */
const coverage = {
  provider: 'v8' as const,
  reporter: ['text'],
  reportOnFailure: true,
  include: ['src/storage/**/*.ts', 'src/classic/stores/**/*.ts', ...SERIALISATION],
  exclude: ['src/storage/*/*-thread.ts', 'src/storage/*/*-child.ts', ...IN_A_WORKER, EXAMINATION],
  thresholds: {
    'src/{storage,classic/stores}/**': { lines: 95 },
    ...Object.fromEntries(SERIALISATION.map((path) => [path, ALL])),
  },
};

/** More than cores: most tests wait for processes and disks. The fast ones wait for nothing, and each worker loads the program. */
const WORKERS = Math.ceil(availableParallelism() * (IS_QUICK ? 1 : 1.5));

export default defineConfig({
  test: {
    coverage,
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
    env: { GREENROOM_CHECK_REPLIES: '1' }, // by every daemon that a test starts, too: each reply is as declared
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 5 } },
    // What was transformed once is read from disk when people run the fast tests at each change.
    experimental: { fsModuleCache: IS_QUICK },
    projects: [
      {
        extends: true,
        test: {
          ...{ name: 'fast', include: FAST, isolate: false },
          setupFiles: ['test/support/nothing-outside.ts'],
        },
      },
      {
        extends: true,
        test: {
          ...{ name: 'whole', include: ['test/**/*.test.ts'], isolate: false },
          exclude: [...FAST, ...LONG],
          setupFiles: ['test/support/setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          ...{ name: 'long', include: LONG, setupFiles: ['test/support/setup.ts'] },
          // They keep the cores busy by themselves.
          ...{ maxWorkers: '100%', sequence: { groupOrder: 1 } },
        },
      },
    ],
  },
});
