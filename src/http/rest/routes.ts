/**
 * The addresses of `/v1`: nouns for what people look for, and every verb by its name below what it is about. A noun wins
 * where a verb would have the same address.
 */
import { VERBS, type VerbKind } from '../../gateway/dispatch.ts';
import { type Method, type OtherRoute, type Route, RouteTable, type VerbRoute } from './route.ts';

type More = Partial<Omit<VerbRoute, 'does' | 'kind' | 'verb' | 'method' | 'path'>>;

const to =
  (kind: VerbKind) =>
  (method: Method, path: string, verb: string, more: More = {}): VerbRoute => ({
    ...{ does: 'verb', method, path, kind, verb },
    ...more,
  });

const one = to('session');
const all = to('sessions');
const daemon = to('daemon');
const other = (method: Method, path: string, does: OtherRoute['does']): OtherRoute => ({
  ...{ does, method, path },
});

const SESSIONS = '/v1/sessions';
const SESSION = `${SESSIONS}/{sessionId}`;
const SHOWS = { showsSession: true } as const;
const MAKES = { status: 201, makes: 'session', showsSession: true } as const;

const OF_SESSIONS: readonly Route[] = [
  other('POST', SESSIONS, 'create'),
  all('GET', SESSIONS, 'search'),
  one('GET', SESSION, 'get', SHOWS),
  one('PUT', SESSION, 'create', MAKES),
  one('PATCH', SESSION, 'update', SHOWS),
  one('DELETE', SESSION, 'delete'),
  other('POST', `${SESSION}/turns`, 'turn'),
  one('GET', `${SESSION}/turns`, 'turns'),
  one('GET', `${SESSION}/turns/{turnId}`, 'turn-status'),
  one('GET', `${SESSION}/turns/{turnId}/trace`, 'turn-trace'),
  one('POST', `${SESSION}/turns/{turnId}/cancel`, 'cancel'),
  other('GET', `${SESSION}/events`, 'events'),
  one('GET', `${SESSION}/messages`, 'messages'),
  one('POST', `${SESSION}/messages`, 'append', SHOWS),
  one('GET', `${SESSION}/side-transcripts`, 'side-transcripts'),
  one('POST', `${SESSION}/fork`, 'fork', MAKES),
  one('POST', `${SESSION}/tags`, 'tag', SHOWS),
  one('DELETE', `${SESSION}/tags/{tag}`, 'untag', { ...SHOWS, listed: { tags: 'tag' } }),
  one('GET', `${SESSION}/audit`, 'audit'),
  one('GET', `${SESSION}/hooks`, 'audit', { fixed: { kind: 'hook' } }),
  one('GET', `${SESSION}/permissions`, 'audit', { fixed: { kind: 'permission' } }),
  one('GET', `${SESSION}/metrics/history`, 'metrics'),
  one('GET', `${SESSION}/approvals`, 'asked'),
  one('POST', `${SESSION}/approvals/{approvalId}`, 'approve'),
  one('GET', `${SESSION}/explain`, 'explain'),
  one('GET', `${SESSION}/context`, 'context'),
  one('GET', `${SESSION}/children`, 'children'),
  one('GET', `${SESSION}/export`, 'export'),
];

const OF_ALL: readonly Route[] = [
  other('GET', '/v1/events', 'all-events'),
  other('GET', '/v1/search/watch', 'watch'),
  ...['search', 'count', 'facets', 'costs'].flatMap((verb) => [
    all('GET', `/v1/${verb}`, verb),
    all('POST', `/v1/${verb}`, verb),
  ]),
  all('GET', '/v1/approvals', 'approvals'),
  all('GET', '/v1/audit', 'audit-all'),
  all('GET', '/v1/retags', 'retags'),
  all('GET', '/v1/notifications', 'notifications'),
  all('GET', '/v1/refused-turns', 'refused-turns'),
  all('GET', '/v1/budgets', 'budgets'),
  all('PUT', '/v1/budgets', 'put-budget'),
  all('DELETE', '/v1/budgets', 'delete-budget'),
];

/** Templates, tasks and schedules, by name. */
const defined = (noun: string): readonly Route[] => [
  all('GET', `/v1/${noun}`, `${noun}.list`),
  all('GET', `/v1/${noun}/{name}`, `${noun}.get`),
  all('PUT', `/v1/${noun}/{name}`, `${noun}.put`),
  all('DELETE', `/v1/${noun}/{name}`, `${noun}.delete`),
];

const OF_TASKS: readonly Route[] = [
  ...['templates', 'tasks', 'schedules'].flatMap(defined),
  all('POST', '/v1/tasks/{name}/run', 'tasks.run', { status: 202 }),
  all('GET', '/v1/tasks/{name}/executions', 'tasks.executions'),
  all('POST', '/v1/schedules/{name}/pause', 'schedules.pause'),
  all('POST', '/v1/schedules/{name}/resume', 'schedules.resume'),
];

const ARCHIVES = '/v1/archives';
const ARCHIVE = `${ARCHIVES}/{archiveId}`;

const OF_ARCHIVES: readonly Route[] = [
  all('GET', ARCHIVES, 'archives.search'),
  all('GET', ARCHIVE, 'archives.get'),
  all('DELETE', ARCHIVE, 'archives.delete'),
  other('GET', `${ARCHIVE}/download`, 'download'),
  ...['verify', 'restore', 'hold', 'release'].map((verb) =>
    all('POST', `${ARCHIVE}/${verb}`, `archives.${verb}`),
  ),
];

const OF_DAEMON: readonly Route[] = [
  other('GET', '/openapi.json', 'openapi'),
  daemon('GET', '/v1/ping', 'ping'),
  daemon('GET', '/v1/status', 'status'),
  daemon('GET', '/v1/tree', 'tree'),
  daemon('GET', '/v1/actors', 'inspect'),
  daemon('GET', '/v1/tool-servers', 'tool-servers'),
  daemon('GET', '/v1/tokens', 'tokens'),
  daemon('POST', '/v1/tokens', 'create-token', { status: 201 }),
  daemon('DELETE', '/v1/tokens/{tokenId}', 'revoke-token'),
  daemon('GET', '/v1/backups', 'backups'),
  daemon('POST', '/v1/backups', 'back-up'),
  daemon('GET', '/v1/backups/state', 'backup-state'),
  daemon('POST', '/v1/backups/{backupId}/verify', 'verify-backup'),
  daemon('DELETE', '/v1/backups/{backupId}', 'delete-backup'),
];

const BELOW: Readonly<Record<VerbKind, string>> = {
  session: SESSION,
  sessions: '/v1',
  daemon: '/v1/daemon',
};

/** Each verb by its name. */
const BY_NAME: readonly Route[] = (['session', 'sessions', 'daemon'] as const).flatMap((kind) =>
  Object.keys(VERBS[kind]).map((verb) => to(kind)('POST', `${BELOW[kind]}/${verb}`, verb)),
);

/** All of them, each address once. */
export const ROUTES = new RouteTable([
  ...OF_SESSIONS,
  ...OF_ALL,
  ...OF_TASKS,
  ...OF_ARCHIVES,
  ...OF_DAEMON,
  ...BY_NAME,
]);
