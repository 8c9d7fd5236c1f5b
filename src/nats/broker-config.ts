/**
 * The configuration of a nats-server with tenants, as text. The wall is either an account per tenant, into which the
 * daemon's account exports that tenant's subjects and nothing else, or the permissions of users in one account. The users'
 * permissions are the same in both: within a tenant they are what tells its roles apart.
 */
import { type BrokerUser, DAEMON_USER } from './broker-users.ts';
import {
  type Rights,
  rightsOfAdmin,
  rightsOfDaemon,
  rightsOfRole,
  type Service,
  servicesOf,
  toldOf,
} from './roles.ts';
import type { Subjects } from './subjects.ts';

export type Wall = 'accounts' | 'users';

/** A password, or its bcrypt hash, as text; or the name of the environment variable that has it when the server starts. */
export type Secret = { readonly text: string } | { readonly variable: string };

export interface BrokerConfig {
  readonly wall: Wall;
  readonly subjects: Subjects;
  readonly tenants: readonly string[];
  readonly users: readonly BrokerUser[];
  readonly secretOf: (user: BrokerUser) => Secret;
  /** `host:port`. */
  readonly listen: string;
  /** Folder of JetStream's files. */
  readonly storeDir: string;
  /** Subjects of services that the daemon's tools and hooks ask. */
  readonly called: readonly string[];
}

/** The account of the daemon, with its streams. */
const HOME = 'GREENROOM';
const accountOf = (tenant: string): string => `TENANT_${tenant}`;
/** Longer than any request may take: an answer behind it finds no way back. */
const RESPONSE_THRESHOLD = '15m';

export const brokerConfigText = (config: BrokerConfig): string => {
  const { wall, listen, storeDir, tenants } = config;
  const others = wall === 'accounts' ? tenants.map((tenant) => tenantAccount(config, tenant)) : [];
  return `${[
    '# A nats-server for Greenroom with tenants, as greenroom nats config wrote it: write it again after an upgrade.',
    `listen: ${quoted(listen)}`,
    'jetstream {',
    `  store_dir: ${quoted(storeDir)}`,
    '  # nats-server 2.10 and newer: a turn is on disk before it is acknowledged',
    '  # sync_interval: always',
    '}',
    'accounts {',
    ...[homeAccount(config), ...others].flat().map(indented),
    '}',
  ].join('\n')}\n`;
};

const homeAccount = (config: BrokerConfig): readonly string[] => {
  const { wall, tenants, users } = config;
  const own = users.filter(({ standing }) => wall === 'users' || !('tenant' in standing));
  return [
    `${HOME} {`,
    '  jetstream: enabled',
    ...usersLines(config, own),
    ...(wall === 'users'
      ? []
      : list(
          'exports',
          tenants.flatMap((tenant) => exportsFor(config, tenant)),
        )),
    '}',
  ];
};

const tenantAccount = (config: BrokerConfig, tenant: string): readonly string[] => {
  const own = config.users.filter(
    ({ standing }) => 'tenant' in standing && standing.tenant === tenant,
  );
  return [
    `${quoted(accountOf(tenant))} {`,
    ...usersLines(config, own),
    ...list('imports', importsFor(config, tenant)),
    '}',
  ];
};

/** One by one: an export of all of a tenant's subjects could not say which of them is a stream of replies. */
const exportsFor = ({ subjects }: BrokerConfig, tenant: string): readonly string[] => {
  const to = `accounts: [${quoted(accountOf(tenant))}]`;
  const typed = ({ kind }: Service) =>
    kind === 'stream of replies' ? 'response_type: "stream", ' : '';
  return [
    ...servicesFor(subjects, tenant).map(
      (service) =>
        `{ service: ${quoted(service.subject)}, ${typed(service)}response_threshold: ${quoted(RESPONSE_THRESHOLD)}, ${to} }`,
    ),
    ...toldOf(subjects, tenant).map((subject) => `{ stream: ${quoted(subject)}, ${to} }`),
  ];
};

const importsFor = ({ subjects }: BrokerConfig, tenant: string): readonly string[] => {
  const from = (subject: string) => `{ account: ${HOME}, subject: ${quoted(subject)} }`;
  return [
    ...servicesFor(subjects, tenant).map(({ subject }) => `{ service: ${from(subject)} }`),
    ...toldOf(subjects, tenant).map((subject) => `{ stream: ${from(subject)} }`),
  ];
};

/** What no role of a tenant may ask is not offered to its account either. */
const servicesFor = (subjects: Subjects, tenant: string): readonly Service[] =>
  servicesOf(subjects, tenant).filter(({ needs }) => needs !== 'admin');

const usersLines = (config: BrokerConfig, users: readonly BrokerUser[]): readonly string[] => [
  '  users: [',
  ...users.flatMap((user) => userLines(config, user)).map((line) => `    ${line}`),
  '  ]',
];

const userLines = (config: BrokerConfig, user: BrokerUser): readonly string[] => {
  const { publish, subscribe } = rightsOf(config, user);
  return [
    '{',
    `  user: ${quoted(user.name)}`,
    `  password: ${secretText(config.secretOf(user))}`,
    '  permissions {',
    ...[...list('publish', publish.map(quoted)), ...list('subscribe', subscribe.map(quoted))].map(
      indented,
    ),
    '  }',
    '}',
  ];
};

export const rightsOf = (
  { subjects, users, called, wall }: Pick<BrokerConfig, 'subjects' | 'users' | 'called' | 'wall'>,
  { standing, inboxPrefix }: BrokerUser,
): Rights => {
  switch (standing.role) {
    case 'daemon': {
      const inboxes = users
        .filter(({ name }) => name !== DAEMON_USER)
        .map((user) => user.inboxPrefix);
      return rightsOfDaemon(subjects, inboxes, called);
    }
    case 'admin':
      return rightsOfAdmin(subjects, inboxPrefix);
    default:
      return rightsOfRole(subjects, {
        ...{ ...standing, inbox: inboxPrefix, isBesideStreams: wall === 'users' },
      });
  }
};

const list = (name: string, values: readonly string[]): readonly string[] => [
  `  ${name}: [`,
  ...values.map((value) => `    ${value}`),
  '  ]',
];

const indented = (line: string): string => `  ${line}`;

/** A JSON string is one in this format too; what looks like a number or a variable is text so. */
const quoted = (text: string): string => JSON.stringify(text);

const secretText = (secret: Secret): string =>
  'text' in secret ? quoted(secret.text) : `$${secret.variable}`;
