/** `/api/v1/sessions`: the addresses of the older guide, over the same verbs. */
import { parseBody } from '../../gateway/body.ts';
import { TIMEOUT_HEADER, timeoutGiven } from '../../gateway/headers.ts';
import { REQUEST_TIMEOUT_MS } from '../../model/deadlines.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import { newSessionId } from '../../model/ids.ts';
import type { MessageView } from '../../session/verbs/reply-schemas.ts';
import type { Caller } from '../access/credentials.ts';
import { download } from '../rest/download.ts';
import type { Ground } from '../rest/ground.ts';
import {
  type Exchange,
  JSON_TYPE,
  mayTake,
  mustBeJson,
  readBody,
  readerOf,
  send,
  sendProblem,
} from '../wire/exchange.ts';
import { HttpError } from '../wire/problem.ts';
import { Asking } from './asking.ts';
import {
  ArchiveRequest,
  CreateRequest,
  ForkRequest,
  HooksQuery,
  LimitQuery,
  ListQuery,
  PermissionsQuery,
  settingsOf,
  taken,
} from './requests.ts';
import {
  type AuditView,
  archiveShape,
  hookShape,
  messageShape,
  permissionShape,
  SESSIONS_PATH,
  sessionShape,
  snapshotShape,
} from './shapes.ts';

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly location?: string;
}

interface Call {
  readonly asking: Asking;
  readonly sessionId: string;
  readonly body: unknown;
  readonly query: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

type Work = (call: Call) => Promise<Reply>;

const shown = (body: unknown): Reply => ({ status: 200, body });
const made = (session: Parameters<typeof sessionShape>[0]): Reply => ({
  ...{ status: 201, body: sessionShape(session) },
  location: `${SESSIONS_PATH}/${session.sessionId}`,
});

const create: Work = async ({ asking, body, nowMs }) => {
  const request = taken(CreateRequest, body);
  const { parent_session_id: parentId, fork_at_message: at } = request;
  if (parentId !== null && parentId !== undefined) return forkOf(asking, parentId, request, at);
  if (request.mode === 'forked') throw wrong('parent_session_id', 'of a fork it must be named');
  const { session } = await asking.session(newSessionId(nowMs), 'create', settingsOf(request));
  return made(session);
};

/** A fork that has settings of its own. What cannot be set leaves no fork behind. */
const forkOf = async (
  asking: Asking,
  parentId: string,
  request: CreateRequest,
  at: number | null | undefined,
): Promise<Reply> => {
  const forked = await asking.session(parentId, 'fork', await placeOf(asking, parentId, at));
  const { sessionId } = forked.session;
  const { mode: _, ...settings } = settingsOf(request);
  try {
    return made((await asking.session(sessionId, 'update', settings)).session);
  } catch (error) {
    await asking.takeBack(sessionId).catch(() => undefined);
    throw error;
  }
};

const fork: Work = async ({ asking, sessionId, body }) => {
  const { name, fork_at_message: at, include_working_directory: copies } = taken(ForkRequest, body);
  const place = await placeOf(asking, sessionId, at);
  const title = name === null || name === undefined ? {} : { title: name };
  const directory = copies ? 'copy' : 'shared';
  const order = { ...place, ...title, directory } as const;
  return made((await asking.session(sessionId, 'fork', order)).session);
};

/** Behind so many messages; null: behind all. */
const placeOf = async (
  asking: Asking,
  sessionId: string,
  count: number | null | undefined,
): Promise<{ readonly atSeq?: number }> => {
  if (count === null || count === undefined) return {};
  if (count === 0) return { atSeq: 0 };
  let left = count;
  for await (const { seq } of messagesOf(asking, sessionId)) {
    left -= 1;
    if (left === 0) return { atSeq: seq };
  }
  throw wrong('fork_at_message', `the session has ${count - left} messages`);
};

async function* messagesOf(asking: Asking, sessionId: string): AsyncGenerator<MessageView> {
  for (let from: number | undefined = 1; from !== undefined; ) {
    const page: { readonly entries: readonly object[]; readonly nextFrom?: number } =
      await asking.session(sessionId, 'messages', { from, limit: 1_000 });
    for (const entry of page.entries as readonly MessageView[])
      if (entry.type === 'message') yield entry;
    from = page.nextFrom;
  }
}

const list: Work = async ({ asking, query }) => {
  const { mode, status, parent_session_id: parentId, limit, offset } = taken(ListQuery, query);
  const criteria = {
    ...(mode === undefined ? {} : { mode }),
    ...(status === undefined ? {} : { status: status as 'idle' }),
    ...(parentId === undefined ? {} : { parentId }),
    ...{
      sortBy: 'createdAt' as const,
      order: parentId === undefined ? ('desc' as const) : ('asc' as const),
    },
  };
  const ids: string[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined && ids.length < offset + limit; ) {
    const page: {
      readonly sessions: readonly { readonly sessionId: string }[];
      readonly nextCursor?: string;
    } = await asking.sessions('search', {
      ...{ ...criteria, limit: Math.min(1_000, offset + limit - ids.length) },
      ...(cursor === '' ? {} : { cursor }),
    });
    ids.push(...page.sessions.map(({ sessionId }) => sessionId));
    cursor = page.nextCursor;
  }
  const found = await Promise.all(
    ids.slice(offset, offset + limit).map((id) => asking.session(id, 'get', {}).catch(goneIsNone)),
  );
  return shown(found.flatMap((each) => (each === undefined ? [] : [sessionShape(each.session)])));
};

/** One may be deleted while others are looked at. */
const goneIsNone = (error: unknown): undefined => {
  if (!['session_not_found', 'session_deleted'].includes(codeOf(error))) throw error;
};

const get: Work = async ({ asking, sessionId }) =>
  shown(sessionShape((await asking.session(sessionId, 'get', {})).session));

const messages: Work = async ({ asking, sessionId, query }) => {
  const { limit } = taken(LimitQuery, query);
  const found: object[] = [];
  for await (const message of messagesOf(asking, sessionId)) {
    if (found.length === limit) break;
    found.push(messageShape(sessionId, message));
  }
  return shown(found);
};

const hooks: Work = async ({ asking, sessionId, query }) => {
  const { hook_type: type, limit } = taken(HooksQuery, query);
  const all = await auditOf(asking, sessionId, 'hook');
  const records = all.map((record, place) => hookShape(sessionId, record, place));
  const wanted = type === undefined ? records : records.filter((each) => each.hook_type === type);
  return shown(wanted.toReversed().slice(0, limit));
};

const permissions: Work = async ({ asking, sessionId, query }) => {
  const { decision, limit } = taken(PermissionsQuery, query);
  const all = await auditOf(asking, sessionId, 'permission');
  const records = all
    .filter(({ action }) => action !== 'asked')
    .map((record, place) => permissionShape(sessionId, record, place));
  const wanted =
    decision === undefined ? records : records.filter((each) => each.decision === decision);
  return shown(wanted.toReversed().slice(0, limit));
};

/** Oldest first. */
const auditOf = async (
  asking: Asking,
  sessionId: string,
  kind: 'hook' | 'permission',
): Promise<readonly AuditView[]> => {
  const found: AuditView[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: { readonly audit: readonly AuditView[]; readonly nextCursor?: string } =
      await asking.session(sessionId, 'audit', {
        ...{ kind, limit: 1_000 },
        ...(cursor === '' ? {} : { cursor }),
      });
    found.push(...page.audit);
    cursor = page.nextCursor;
  }
  return found;
};

const history: Work = async ({ asking, sessionId, query }) => {
  const { limit } = taken(LimitQuery, query);
  const { snapshots } = await asking.session(sessionId, 'metrics', { limit });
  return shown(snapshots.map(snapshotShape));
};

/** How long the guide's call waits for the end of the work, in milliseconds. */
const ARCHIVE_WAIT_MS = 30_000;

const archive: Work = async ({ asking, sessionId, body }) => {
  const { upload_to_s3: isS3, compression } = taken(ArchiveRequest, body);
  const { archive: made } = await asking.session(sessionId, 'archive', {
    ...(isS3 === false ? { to: 'local' } : {}),
    ...(compression ? { compression } : {}),
    waitMs: ARCHIVE_WAIT_MS,
  });
  const isOver = made.status === 'completed' || made.status === 'failed';
  return { status: isOver ? 200 : 202, body: archiveShape(made) };
};

const archived: Work = async ({ asking, sessionId }) =>
  shown(archiveShape(await archiveOf(asking, sessionId)));

/** The newest of the session's. */
const archiveOf = async (asking: Asking, sessionId: string) => {
  const { archives } = await asking.sessions('archives.search', { sessionId, limit: 1 });
  const [newest] = archives;
  if (newest !== undefined) return newest;
  throw new GreenroomError('archive_not_found', `No archive found for session ${sessionId}`);
};

const ONE =
  /^\/api\/v1\/sessions\/([^/]+)(?:\/(fork|messages|hooks|permissions|metrics\/history|archive|archive\/download))?$/;
const DOWNLOAD = 'archive/download';

const OF_ALL: Readonly<Record<string, Work>> = { GET: list, POST: create };
const OF_ONE: Readonly<Record<string, Readonly<Record<string, Work>>>> = {
  '': { GET: get },
  fork: { POST: fork },
  messages: { GET: messages },
  hooks: { GET: hooks },
  permissions: { GET: permissions },
  'metrics/history': { GET: history },
  archive: { POST: archive, GET: archived },
  [DOWNLOAD]: { GET: archived },
};

/** Throws `unknown_path`, and `method_not_allowed`. */
const workFor = ({
  method,
  path,
}: Exchange): { readonly work: Work; readonly sessionId: string; readonly isDownload: boolean } => {
  const [, sessionId = '', below = ''] = ONE.exec(path) ?? [];
  const works = path === SESSIONS_PATH ? OF_ALL : sessionId === '' ? undefined : OF_ONE[below];
  if (works === undefined) throw new HttpError('unknown_path', 'there is nothing at this address');
  const work = works[method === 'HEAD' ? 'GET' : method];
  const allow = Object.keys(works).join(', ');
  if (work === undefined)
    throw new HttpError('method_not_allowed', `it takes ${allow}`, { Allow: allow });
  return { work, sessionId, isDownload: below === DOWNLOAD };
};

const wrong = (field: string, why: string): GreenroomError =>
  new GreenroomError('invalid_settings', `${field}: ${why}`, {
    details: { issues: [{ field, code: 'custom', message: why }] },
  });

export class Classic {
  readonly #ground: Ground;
  readonly #onBug: (error: unknown, request: string, traceId?: string) => void;

  constructor(ground: Ground, onBug: (error: unknown, request: string, traceId?: string) => void) {
    this.#ground = ground;
    this.#onBug = onBug;
  }

  /** Answers it, whatever comes of it. */
  answer(exchange: Exchange, caller: Caller): void {
    const failed = (error: unknown, traceId?: string) => {
      const code = sendProblem(exchange, error, traceId);
      if (code === 'internal') this.#onBug(error, `${exchange.method} ${exchange.path}`, traceId);
    };
    this.#begin(exchange, caller, failed).catch((error: unknown) => failed(error));
  }

  async #begin(
    exchange: Exchange,
    { grant }: Caller,
    failed: (error: unknown, traceId?: string) => void,
  ): Promise<void> {
    const { requests, clock } = this.#ground;
    requests.mustNotDrain();
    const { work, sessionId, isDownload } = workFor(exchange);
    const isRead = exchange.method === 'GET' || exchange.method === 'HEAD';
    if (!isRead) mustBeJson(exchange);
    const body = isRead ? undefined : parseBody(await readBody(exchange));
    const headers = readerOf(exchange.message);
    const timeoutMs = timeoutGiven(headers(TIMEOUT_HEADER)) ?? REQUEST_TIMEOUT_MS;
    const { tenant, principal } = grant;
    const asker = { tenant, principal, via: 'http', headers } as const;
    const context = requests.contextOf(asker, timeoutMs);
    const query = Object.fromEntries(new URLSearchParams(exchange.query));
    const asking = new Asking(this.#ground, grant, context);
    if (isDownload) {
      const { archiveId } = await archiveOf(asking, sessionId);
      const again = () => requests.contextOf(asker, timeoutMs); // each piece has a time of its own
      return download(this.#ground, { exchange, grant, archiveId, context: again });
    }
    const call = { asking, sessionId, body, query, nowMs: clock.now() };
    mayTake(exchange, timeoutMs);
    requests.run({}, tenant, timeoutMs, () => work(call), {
      reply: ({ status, body: reply, location }) => {
        const more = location === undefined ? {} : { Location: location };
        const trace = { 'Greenroom-Trace': context.traceId };
        const text = JSON.stringify(reply);
        send(exchange, { status, type: JSON_TYPE, body: text, headers: { ...trace, ...more } });
      },
      failed: (error) => failed(error, context.traceId),
    });
  }
}
