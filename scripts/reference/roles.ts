/** Of the page of tenants: what each role may do, as the generated configurations allow it. */
import { servicesOf, TENANT_ROLES, type TenantRole, toldOf } from '../../src/nats/roles.ts';
import { Subjects } from '../../src/nats/subjects.ts';
import type { Need } from '../../src/session/verbs/verb-facts.ts';
import { code, type Regions, table } from './markdown.ts';

const ROLES = Object.keys(TENANT_ROLES) as readonly TenantRole[];
const subjects = new Subjects('greenroom');
const services = servicesOf(subjects, '<tenant>');
const short = (subject: string): string =>
  subject.slice(`${subjects.root}.<tenant>.`.length).replace('.*', '.<id>');

const NEEDS: readonly Need[] = ['read', 'send', 'approve', 'operate', 'admin'];

const mark = (role: TenantRole, need: Need): string =>
  (TENANT_ROLES[role] as readonly Need[]).includes(need) ? 'yes' : '';

const roles = (): string =>
  table(
    ['needs', ...ROLES, 'admin', 'subjects'],
    NEEDS.map((need) => [
      need,
      ...ROLES.map((role) => mark(role, need)),
      'yes',
      [
        ...services.filter(({ needs }) => needs === need).map(({ subject }) => subject),
        ...(need === 'read' ? toldOf(subjects, '<tenant>') : []),
      ]
        .map((subject) => code(short(subject)))
        .join(', '),
    ]),
  );

export const roleRegions = (): Regions => ({ roles: roles() });
