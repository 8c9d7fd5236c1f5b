/**
 * A daemon's Greenroom, as `connect` gives it: what `startGreenroom` returns, over NATS. It owns its connection, which
 * outlives restarts of broker and daemon.
 */
import type { ClassicStore } from '../classic/classic-store.ts';
import { GreenroomError } from '../model/errors.ts';
import { systemClock } from '../otp/system-clock.ts';
import { ApprovalsFacade } from '../session/api/approvals-facade.ts';
import { ArchivesFacade } from '../session/api/archives-facade.ts';
import { AuditFacade } from '../session/api/audit-facade.ts';
import { BackupsFacade } from '../session/api/backups-facade.ts';
import { SessionsFacade } from '../session/api/facade.ts';
import type { GreenroomApi } from '../session/api/greenroom-api.ts';
import { SchedulesFacade, TasksFacade, TemplatesFacade } from '../session/api/tasks-facade.ts';
import { type Prompt, type TurnOptions, TurnStream } from '../session/api/turn-stream.ts';
import type { Watched } from '../session/events/watch-queue.ts';
import type { StatusView } from '../session/verbs/daemon-verbs.ts';
import type { SessionsReplies, SessionsRequests } from '../session/verbs/registry.ts';
import { BusSessionStore } from './bus-session-store.ts';
import { type Client, type ClientOptions, connectClient } from './client.ts';

/** For programs without a compiler: a misspelt option would silently leave a default in place. */
const OPTIONS: Readonly<Record<keyof ClientOptions, true>> = {
  ...{ servers: true, prefix: true, tenant: true, creds: true, inboxPrefix: true },
  ...{ connectTimeoutMs: true, timeoutMs: true, silenceMs: true, rejoinMs: true },
  ...{ locate: true, onAway: true, onBack: true },
};

/**
 * Connects to the broker of a daemon; rejects with `unavailable` if no broker answers, with `invalid_settings` for
 * what is no option. Afterwards it reconnects by itself, and turns that are being read go on.
 */
export const connect = async (options: ClientOptions): Promise<ConnectedGreenroom> => {
  for (const name of Object.keys(options ?? {}))
    if (!Object.hasOwn(OPTIONS, name))
      throw wrong(
        `${JSON.stringify(name)} is no option of connect: there are ${Object.keys(OPTIONS).join(', ')}`,
      );
  const { servers } = options ?? {};
  if (![servers].flat().every((server) => typeof server === 'string' && server !== ''))
    throw wrong('servers must be an address such as nats://127.0.0.1:4222, or a list of them');
  return new ConnectedGreenroom(await connectClient(options));
};

const wrong = (message: string): GreenroomError => new GreenroomError('invalid_settings', message);

/** A daemon's sessions, for one tenant. */
export class ConnectedGreenroom implements GreenroomApi {
  readonly sessions: SessionsFacade;
  readonly approvals: ApprovalsFacade;
  readonly audit: AuditFacade;
  readonly templates: TemplatesFacade;
  readonly tasks: TasksFacade;
  readonly archives: ArchivesFacade;
  readonly backups: BackupsFacade;
  readonly schedules: SchedulesFacade;
  /** The same calls by verb, verbs on the daemon (`api.daemon('tree')`), and turns of the queue that were refused. */
  readonly api: Client;

  constructor(api: Client) {
    this.api = api;
    this.sessions = new SessionsFacade(api);
    this.approvals = new ApprovalsFacade(api);
    this.audit = new AuditFacade(api);
    this.templates = new TemplatesFacade(api);
    this.tasks = new TasksFacade(api);
    this.archives = new ArchivesFacade(api);
    this.backups = new BackupsFacade((verb, request) => api.daemon(verb, request));
    this.schedules = new SchedulesFacade(api);
  }

  get tenant(): string {
    return this.api.tenant;
  }

  turn(sessionId: string, prompt: Prompt, options?: TurnOptions): TurnStream {
    return new TurnStream(this.api, systemClock, sessionId, prompt, options);
  }

  search(criteria?: SessionsRequests['search']): Promise<SessionsReplies['search']> {
    return this.sessions.search(criteria);
  }

  watch(sessionId?: string): AsyncIterable<Watched> {
    return this.api.watch(sessionId);
  }

  store(): ClassicStore {
    return new BusSessionStore(this.api, systemClock);
  }

  /** What the daemon says of itself, if this user may ask. A daemon of another version may tell more, or less. */
  status(): Promise<StatusView> {
    return this.api.daemon('status');
  }

  /** Closes the connection, and never the daemon. What waits ends with `unavailable`. */
  close(): Promise<void> {
    return this.api.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.api.close();
  }
}
