/**
 * Roles: what the users of a broker may do, as the subjects that the broker has to allow. They are made of the verbs'
 * declarations, so no verb is forgotten. The daemon knows no roles: the broker's permissions are the wall.
 */
import {
  DAEMON,
  type Declared,
  type Need,
  SESSION,
  SESSIONS,
  TURNS,
} from '../session/verbs/verb-facts.ts';
import { CONSUMER } from './streams.ts';
import { ASK, type Subjects, TURN } from './subjects.ts';

/** Roles in one tenant, with what each is allowed. `admin` is not among them: what needs it tells of all tenants. */
export const TENANT_ROLES = {
  reader: ['read'],
  sender: ['read', 'send'],
  approver: ['read', 'approve'],
  operator: ['read', 'send', 'approve', 'operate'],
} as const satisfies Readonly<Record<string, readonly Need[]>>;

export type TenantRole = keyof typeof TENANT_ROLES;

/** Of the one who runs the daemon: everything, in every tenant. */
export const ADMIN_NEEDS: readonly Need[] = ['read', 'send', 'approve', 'operate', 'admin'];

/** What a user may publish to and subscribe to, as the server's configuration names it. */
export interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** A subject that takes a request. */
export interface Service {
  readonly subject: string;
  readonly needs: Need;
  readonly kind:
    | 'one reply'
    /** Many, behind the last of them an empty message. */
    | 'stream of replies'
    /** JetStream's stream takes it, and its acknowledgement is the reply. */
    | 'queue';
}

/** Every subject of a tenant (or of all: `*`) that takes a request, a turn of the queue among them. */
export const servicesOf = (subjects: Subjects, tenant: string): readonly Service[] => [
  ...each(TURNS, (verb) => subjects.session(tenant, '*', verb)),
  ...each(SESSION, (verb) => subjects.session(tenant, '*', verb)),
  ...each(SESSIONS, (verb) => subjects.sessions(tenant, verb)),
  ...each(DAEMON, (verb) => subjects.daemon(tenant, verb)),
];

const each = (
  verbs: Readonly<Record<string, Declared>>,
  subjectOf: (verb: string) => string,
): readonly Service[] =>
  Object.entries(verbs).map(([verb, { needs }]) => ({
    ...{ subject: subjectOf(verb), needs, kind: kindOf(verb) },
  }));

const kindOf = (verb: string): Service['kind'] => {
  if (verb === ASK) return 'stream of replies';
  return verb === TURN ? 'queue' : 'one reply';
};

/** What the daemon tells of a tenant's sessions without being asked: for all who may read. */
export const toldOf = (subjects: Subjects, tenant: string): readonly string[] => [
  subjects.events(tenant, '*'),
  subjects.lifecycle(tenant),
];

/** Whose rights are asked for. */
export interface Holder {
  readonly tenant: string;
  readonly role: TenantRole;
  /** The user's own: what comes there is for nobody else. */
  readonly inbox: string;
  /**
   * Whether the user shares an account with the streams. JetStream sends its acknowledgement wherever a publisher says,
   * with the rights of the server: to an interface of JetStream, where it empties a stream, or to another tenant's
   * subjects. So such a user may not publish to the queue.
   */
  readonly isBesideStreams: boolean;
}

/** What a role allows in its tenant. */
export const rightsOfRole = (
  subjects: Subjects,
  { tenant, role, inbox, isBesideStreams }: Holder,
): Rights => {
  const needs: readonly Need[] = TENANT_ROLES[role];
  return {
    publish: servicesOf(subjects, tenant)
      .filter((service) => needs.includes(service.needs))
      .filter(({ kind }) => kind !== 'queue' || !isBesideStreams)
      .map(({ subject }) => subject),
    subscribe: [`${inbox}.>`, ...toldOf(subjects, tenant)],
  };
};

/** Every verb in every tenant, discovery, and the record of refused turns, which the broker keeps for all tenants as one. */
export const rightsOfAdmin = (subjects: Subjects, inbox: string): Rights => ({
  publish: [
    ...servicesOf(subjects, '*').map(({ subject }) => subject),
    ...['PING', 'INFO', 'STATS'].flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.>`]),
    ...[subjects.turnsStream, subjects.deadStream].map((stream) => `$JS.API.STREAM.INFO.${stream}`),
    `$JS.API.STREAM.MSG.GET.${subjects.deadStream}`,
  ],
  subscribe: [`${inbox}.>`, ...toldOf(subjects, '*'), subjects.dead('*', '*')],
});

/** What the daemon itself does. `inboxes` are those of its users; `called` are services that its tools and hooks ask. */
export const rightsOfDaemon = (
  subjects: Subjects,
  inboxes: readonly string[],
  called: readonly string[],
): Rights => ({
  publish: [
    ...ofStreams(subjects),
    '$SRV.INFO',
    ...toldOf(subjects, '*'),
    subjects.dead('*', '*'),
    // `_R_`: how a server names the way back to another account
    ...['_INBOX.>', '_R_.>', ...inboxes.map((inbox) => `${inbox}.>`)],
    ...called,
  ],
  subscribe: [...subjects.served, '$SRV.>', '_INBOX.>'],
});

/** Finding, making and reading both streams; nothing that takes a stream away or empties it. */
const ofStreams = ({ turnsStream, deadStream }: Subjects): readonly string[] => [
  ...[turnsStream, deadStream].flatMap((stream) => [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.CREATE.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
  ]),
  ...['CREATE', 'DELETE', 'MSG.NEXT'].map(
    (verb) => `$JS.API.CONSUMER.${verb}.${turnsStream}.${CONSUMER}`,
  ),
  // newer servers put the domain and the account before the stream
  `$JS.ACK.${turnsStream}.${CONSUMER}.>`,
  `$JS.ACK.*.*.${turnsStream}.${CONSUMER}.>`,
];
