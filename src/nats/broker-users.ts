/** The users of a broker with tenants: who they are, and how each is named in the server's configuration. */
import { GreenroomError } from '../model/errors.ts';
import { ID_PATTERN } from '../model/ids.ts';
import { guess } from '../platform/guess.ts';
import { TENANT_ROLES, type TenantRole } from './roles.ts';

export type Standing =
  | { readonly role: TenantRole; readonly tenant: string }
  /** Of all tenants: the daemon itself, and who runs it. */
  | { readonly role: 'daemon' | 'admin' };

export interface BrokerUser {
  readonly name: string;
  readonly standing: Standing;
  /** First token of the subjects where its answers come: it alone may listen there. */
  readonly inboxPrefix: string;
}

/** The daemon listens where clients do that name nothing else, which no other user may. */
const DAEMON_INBOX = '_INBOX';
export const DAEMON_USER = 'greenroom';
export const ADMIN_USER = 'admin';

const isTenantRole = (word: string): word is TenantRole => Object.hasOwn(TENANT_ROLES, word);

const userOf = (name: string, standing: Standing): BrokerUser => ({
  name,
  standing,
  inboxPrefix: standing.role === 'daemon' ? DAEMON_INBOX : `_INBOX_${name}`,
});

/**
 * The daemon, an admin, a user for each role of each tenant (`acme-reader`), and those that are named: `ann:acme:sender`.
 * Throws `invalid_settings` for a name that cannot stand in a subject, a second user of a name, and an unknown tenant or role.
 */
export const brokerUsers = (
  tenants: readonly string[],
  named: readonly string[],
): readonly BrokerUser[] => {
  for (const tenant of tenants) mustBeId('tenant', tenant);
  const users = [
    userOf(DAEMON_USER, { role: 'daemon' }),
    userOf(ADMIN_USER, { role: 'admin' }),
    ...tenants.flatMap((tenant) =>
      Object.keys(TENANT_ROLES)
        .filter(isTenantRole)
        .map((role) => userOf(`${tenant}-${role}`, { role, tenant })),
    ),
    ...named.map((text) => namedUser(text, tenants)),
  ];
  const twice = users.find(({ name }, at) => users.findIndex((user) => user.name === name) < at);
  if (twice !== undefined) throw wrong(`there are two users ${twice.name}`);
  if (new Set(tenants).size < tenants.length) throw wrong('a tenant is named twice');
  return users;
};

const namedUser = (text: string, tenants: readonly string[]): BrokerUser => {
  const [name = '', tenant = '', role = '', ...more] = text.split(':');
  if (role === '' || more.length > 0)
    throw wrong(`a user is named as NAME:TENANT:ROLE, such as ann:acme:sender; not ${text}`);
  mustBeId('user', name);
  if (!tenants.includes(tenant))
    throw wrong(`${name} is of no tenant that is named here: ${tenant}`);
  const roles = Object.keys(TENANT_ROLES);
  if (!isTenantRole(role))
    throw wrong(`there is no role ${role}${guess(role, roles)}; there are ${roles.join(', ')}`);
  return userOf(name, { role, tenant });
};

const mustBeId = (what: string, name: string): void => {
  if (!ID_PATTERN.test(name))
    throw wrong(`the name of a ${what} matches ${ID_PATTERN.source}; not ${name}`);
};

const wrong = (message: string): GreenroomError =>
  new GreenroomError('invalid_settings', message.slice(0, 400));
