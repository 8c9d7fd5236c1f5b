/** The rights of roles are those that the verbs declare: a new verb is in them, or a test says so. */
import { expect, test } from 'vitest';
import {
  rightsOfAdmin,
  rightsOfRole,
  servicesOf,
  TENANT_ROLES,
  type TenantRole,
} from '../../../src/nats/roles.ts';
import { Subjects } from '../../../src/nats/subjects.ts';
import {
  DAEMON_VERBS,
  SESSION_VERBS,
  SESSIONS_VERBS,
} from '../../../src/session/verbs/registry.ts';
import { codeIn, documentNamed, tableBelow } from '../../docs/readme.ts';

const subjects = new Subjects('greenroom');
const ROLES = Object.keys(TENANT_ROLES) as readonly TenantRole[];
const rightsOf = (role: TenantRole, isBesideStreams = false) =>
  rightsOfRole(subjects, { tenant: 'acme', role, inbox: '_INBOX_ann', isBesideStreams });

/** Subject and need of each row of the page of subjects. */
const documented = tableBelow('Subjects', documentNamed('docs/reference/subjects.md')).map(
  (row) => [codeIn(row[0] ?? '')[0] ?? '', row[4] ?? ''] as const,
);
const asRight = (subject: string): string => `greenroom.v1.acme.${subject.replace('<id>', '*')}`;

test('every verb that the daemon answers is a service, and nothing else is', () => {
  const verbs = [
    ...['turn', 'ask', ...Object.keys(SESSION_VERBS)].map((verb) => `session.*.${verb}`),
    ...Object.keys(SESSIONS_VERBS).map((verb) => (verb.includes('.') ? verb : `sessions.${verb}`)),
    ...Object.keys(DAEMON_VERBS).map((verb) => `daemon.${verb}`),
  ].map((rest) => `greenroom.v1.acme.${rest}`);
  const services = servicesOf(subjects, 'acme').map(({ subject }) => subject);
  expect(services.toSorted()).toEqual(verbs.toSorted());
});

test.each(ROLES)('a %s may publish to what the page of subjects says that it needs', (role) => {
  const needs: readonly string[] = TENANT_ROLES[role];
  const wanted = documented.filter(([, need]) => needs.includes(need));
  expect(wanted.length).toBeGreaterThan(10);
  expect(rightsOf(role).publish.toSorted()).toEqual(
    wanted.map(([subject]) => asRight(subject)).toSorted(),
  );
});

test('who shares an account with the streams may not publish to the queue, and all else the same', () => {
  for (const role of ROLES) {
    const missing = rightsOf(role).publish.filter(
      (one) => !rightsOf(role, true).publish.includes(one),
    );
    expect(missing).toEqual(
      role === 'sender' || role === 'operator' ? [subjects.session('acme', '*', 'turn')] : [],
    );
  }
});

test('a role listens on its own inbox and on its tenant alone', () => {
  for (const role of ROLES)
    expect(rightsOf(role).subscribe).toEqual([
      ...['_INBOX_ann.>', 'greenroom.v1.acme.events.*', 'greenroom.v1.acme.lifecycle'],
    ]);
});

test('the admin may publish to every verb of every tenant', () => {
  const { publish } = rightsOfAdmin(subjects, '_INBOX_admin');
  const every = documented.map(([subject]) => asRight(subject).replace('.acme.', '.*.'));
  expect(every.filter((subject) => !publish.includes(subject))).toEqual([]);
});

/** In a tenant's account JetStream's acknowledgement can come to a verb as its request. */
test('an acknowledgement of the queue is no request of a verb that changes anything', () => {
  const verbs = { ...SESSION_VERBS, ...SESSIONS_VERBS };
  const taken = Object.entries(verbs)
    .filter(([, { needs }]) => needs !== 'read')
    .filter(([, { request }]) => request.safeParse({ stream: 'GREENROOM_TURNS', seq: 1 }).success);
  expect(taken.map(([verb]) => verb)).toEqual([]);
});
