/**
 * The daemon as a unit of systemd, as text. Pure.
 *
 * Readiness and the watchdog are words on a unix datagram socket, which Node does not have: the daemon runs
 * `systemd-notify` for each, a process of its own, so `NotifyAccess=all`. Not set, because they would break what runs
 * below the daemon: `MemoryDenyWriteExecute` (V8 makes code at run time); with a sandbox for commands also what hides parts
 * of /proc or forbids namespaces, of which bubblewrap makes its own.
 */
export interface UnitFacts {
  readonly kind: 'user' | 'system';
  /** Of the system unit: whose process it is. */
  readonly runAs: string | undefined;
  /** Absolute paths. */
  readonly node: string;
  readonly script: string;
  readonly workingDirectory: string;
  readonly dataDir: string;
  /** Folders beside the data directory that the system unit may write to. */
  readonly writable: readonly string[];
  /** Where commands are looked for; undefined: as systemd has it. */
  readonly path: string | undefined;
  readonly drainSeconds: number;
  readonly hasSandbox: boolean;
}

/** What npx and `npm run` put before a `PATH` while they run: folders of their cache and of each package above. */
const IS_NPMS = /\/node_modules\/\.bin$|\/node-gyp-bin$/;

/** The `PATH` of a person without what npm put there, each folder once. */
export const lastingPath = (path: string | undefined): string | undefined =>
  path && [...new Set(path.split(':'))].filter((folder) => !IS_NPMS.test(folder)).join(':');

/** By this first line we know a file of ours. */
export const MARK = '# Made by `greenroom service install`';

/** To close the doors, the broker and the store. */
const CLOSING_SECONDS = 30;
const STATE = /^\/var\/lib\/([A-Za-z0-9._-]+)$/;

export const unitText = (facts: UnitFacts): string =>
  [
    `${MARK}; \`systemctl edit\` is for changes of your own.`,
    '[Unit]',
    'Description=Greenroom, which keeps agent sessions alive',
    ...(facts.kind === 'system'
      ? ['Wants=network-online.target', 'After=network-online.target']
      : []),
    'StartLimitIntervalSec=300',
    'StartLimitBurst=10',
    '',
    '[Service]',
    ...life(facts),
    ...limits,
    ...hardening(facts),
    '',
    '[Install]',
    `WantedBy=${facts.kind === 'system' ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');

const life = (facts: UnitFacts): readonly string[] => [
  'Type=notify',
  'NotifyAccess=all',
  `ExecStart=${[facts.node, facts.script, 'start', '--data', facts.dataDir].map(quoted).join(' ')}`,
  'ExecReload=/bin/kill -HUP $MAINPID',
  `WorkingDirectory=${plain(facts.workingDirectory)}`,
  ...(facts.runAs === undefined ? [] : [`User=${plain(facts.runAs)}`]),
  ...(facts.path === undefined ? [] : [`Environment=${quoted(`PATH=${facts.path}`)}`]),
  '# Wrong settings do not become right by another start.',
  'Restart=on-failure',
  'RestartPreventExitStatus=2',
  'RestartSec=2',
  '# A store that is looked through after a crash takes a minute.',
  'TimeoutStartSec=180',
  `TimeoutStopSec=${Math.ceil(facts.drainSeconds) + CLOSING_SECONDS}`,
  'WatchdogSec=60',
  '# The daemon ends its children itself, in order, and they are killed if it does not.',
  'KillMode=mixed',
  '# A command that takes all memory ends alone.',
  'OOMPolicy=continue',
];

const limits: readonly string[] = ['LimitNOFILE=65536', 'TasksMax=4096', 'UMask=0077'];

/** What needs no file system of its own works for both kinds. */
const hardening = (facts: UnitFacts): readonly string[] => [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'SystemCallArchitectures=native',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  ...(facts.kind === 'system' ? ofSystem(facts) : []),
  ...(facts.hasSandbox ? [] : ['RestrictNamespaces=yes']),
];

const ofSystem = ({ dataDir, writable, hasSandbox }: UnitFacts): readonly string[] => {
  const [, state] = STATE.exec(dataDir) ?? [];
  const folders = state === undefined ? [dataDir, ...writable] : writable;
  return [
    'ProtectSystem=strict',
    ...(state === undefined ? [] : [`StateDirectory=${state}`, 'StateDirectoryMode=0700']),
    ...folders.map((folder) => `ReadWritePaths=${quoted(folder)}`),
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'CapabilityBoundingSet=',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'ProtectKernelModules=yes',
    ...(hasSandbox
      ? []
      : ['ProtectKernelTunables=yes', 'ProtectKernelLogs=yes', 'ProtectControlGroups=yes']),
  ];
};

/** `%` begins a specifier everywhere. */
const plain = (value: string): string => value.replaceAll('%', '%%');

/** A word of a line: `$` would be a variable. */
const quoted = (word: string): string =>
  `"${plain(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('$', () => '$$')}"`;
