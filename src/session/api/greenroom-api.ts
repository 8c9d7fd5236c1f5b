/**
 * What programs have of a Greenroom, the same whether it runs in their process (`startGreenroom`) or is a daemon
 * behind a broker (`connect`): a program that is written against this goes from one to the other by the line that opens it.
 *
 * Whatever both doors can do stands here; what only one of them can is its own, and `docs/guide/client.md` says why.
 */
import type { ClassicStore } from '../../classic/classic-store.ts';
import type { Watched } from '../events/watch-queue.ts';
import type { SessionsApi } from '../verbs/api.ts';
import type { StatusView } from '../verbs/daemon-verbs.ts';
import type { SessionsReplies, SessionsRequests } from '../verbs/registry.ts';
import type { ApprovalsFacade } from './approvals-facade.ts';
import type { ArchivesFacade } from './archives-facade.ts';
import type { AuditFacade } from './audit-facade.ts';
import type { BackupsFacade } from './backups-facade.ts';
import type { SessionsFacade } from './facade.ts';
import type { SchedulesFacade, TasksFacade, TemplatesFacade } from './tasks-facade.ts';
import type { Prompt, TurnOptions, TurnStream } from './turn-stream.ts';

export interface GreenroomApi extends AsyncDisposable {
  /** Whose sessions these are. */
  readonly tenant: string;
  /** A method for each verb on sessions. */
  readonly sessions: SessionsFacade;
  /** Tool calls that wait for a person, and their answers. */
  readonly approvals: ApprovalsFacade;
  /** What became of sessions, and what their tools did. */
  readonly audit: AuditFacade;
  /** Settings of sessions by name, with a prompt. */
  readonly templates: TemplatesFacade;
  /** What runs in background sessions of its own, and its runs. */
  readonly tasks: TasksFacade;
  /** Sessions that have ended, with their directories, elsewhere. */
  readonly archives: ArchivesFacade;
  /** Copies of the whole store at the place that is set, of all tenants. */
  readonly backups: BackupsFacade;
  /** When tasks run by themselves. */
  readonly schedules: SchedulesFacade;
  /** The same calls by verb. */
  readonly api: SessionsApi;
  /**
   * Runs a turn, from the moment that it is read; its events come as they happen, `turn.finished` last. A session that
   * does not exist is made. Leaving the loop does not cancel the turn; `cancel()` and the option `signal` do.
   * Reading throws what the turn was refused with.
   */
  turn(sessionId: string, prompt: Prompt, options?: TurnOptions): TurnStream;
  /** Sessions that meet all criteria; newest update first, 50 a page. The same as `sessions.search`. */
  search(criteria?: SessionsRequests['search']): Promise<SessionsReplies['search']>;
  /**
   * From now on, whenever it is read: the events of one session, or without an id what becomes of sessions (`created`,
   * `deleted`, …). It ends with the Greenroom, by leaving the loop, or by the iterator's `return`. A reader that falls 10,000 messages behind loses it: `mailbox_full`.
   */
  watch(sessionId?: string): AsyncIterable<Watched>;
  /** The same sessions as a classic SessionStore. Its `close` does not close this. */
  store(): ClassicStore;
  /** Versions, addresses, sizes and counters. */
  status(): StatusView | Promise<StatusView>;
  /** Lets go of it: one in this process drains and stops; a daemon runs on, and the connection to it is closed. */
  close(): Promise<void>;
}
