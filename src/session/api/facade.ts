/**
 * The sessions of one tenant, as programs use them: a method per verb over a `SessionsApi`, embedded
 * or over NATS. Every method rejects with a `GreenroomError` whose `code` is in the table of `docs/reference/errors.md`.
 */
import type { Clock } from '../../otp/clock.ts';
import { systemClock } from '../../otp/system-clock.ts';
import type { SessionsApi } from '../verbs/api.ts';
import type { ArchiveView } from '../verbs/archives.ts';
import type {
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../verbs/registry.ts';
import type { SessionView, TurnView } from '../verbs/reply-schemas.ts';
import type { SessionsVerb, SessionVerb } from '../verbs/verb-facts.ts';
import { AbortSignals } from './abort.ts';
import { type CostGroup, costsOf } from './costs.ts';
import { exportSession } from './download.ts';
import {
  type WatchControl,
  type WatchEvent,
  type WatchGround,
  watchSessions,
} from './live-query.ts';
import { type ImportedSession, type ImportOptions, importSession } from './upload.ts';

type Of<V extends SessionVerb> = SessionRequests[V];
type All<V extends SessionsVerb> = SessionsRequests[V];

export class SessionsFacade {
  readonly #api: SessionsApi;
  readonly #ground: WatchGround;

  constructor(api: SessionsApi, clock: Clock = systemClock) {
    this.#api = api;
    this.#ground = { api, clock, signals: new AbortSignals() };
  }

  /** Sessions that meet all criteria; newest update first, 50 a page. */
  search(criteria: All<'search'> = {}): Promise<SessionsReplies['search']> {
    return this.#api.sessions('search', criteria);
  }

  /**
   * What meets the criteria now, as one `present`; then each session that enters, changes or leaves, for as long as it is
   * read. Another `present` says that changes are missing, and why: the daemon went, or the reader was too slow. It throws
   * what a search would, `too_large` for more sessions than 5,000 unless `present: false`, and `unavailable` when the daemon
   * is away for longer than `patienceMs`.
   */
  watch(query: All<'watch-open'> = {}, control: WatchControl = {}): AsyncGenerator<WatchEvent> {
    return watchSessions(this.#ground, query, control);
  }

  count(filter: All<'count'> = {}): Promise<SessionsReplies['count']> {
    return this.#api.sessions('count', filter);
  }

  /** The values of one field, the most common first; `values` says how many there are in all. */
  facets(request: All<'facets'>): Promise<SessionsReplies['facets']> {
    return this.#api.sessions('facets', request);
  }

  /** Deletes what is older than `maxAgeDays` (default: the configured age); `dryRun` only says what that would be. */
  cleanup(order: All<'cleanup'> = {}): Promise<SessionsReplies['cleanup']> {
    return this.#api.sessions('cleanup', order);
  }

  /**
   * Renames, removes or adds tags on all sessions that meet the criteria, and resolves when that is done, or with how
   * far it is when the request's time is over: it goes on then. `dryRun` only counts them.
   */
  retag(order: All<'retag'>): Promise<SessionsReplies['retag']> {
    return this.#api.sessions('retag', order);
  }

  /** How far such changes have come, the latest first: up to a hundred, since the start. */
  async retags(): Promise<SessionsReplies['retags']['jobs']> {
    return (await this.#api.sessions('retags', {})).jobs;
  }

  /** Ends one behind the sessions that are being changed; undefined: it is not known. */
  async stopRetag(
    jobId: string,
  ): Promise<SessionsReplies['stop-retag']['jobs'][number] | undefined> {
    return (await this.#api.sessions('stop-retag', { jobId })).jobs[0];
  }

  /** Follows the operator's retention rules now, all or one; `dryRun` only says what that would delete. */
  async retention(order: All<'retention'> = {}): Promise<SessionsReplies['retention']['reports']> {
    return (await this.#api.sessions('retention', order)).reports;
  }

  /** Whom the daemon tells what happens to sessions, and what they have not taken. */
  async notifications(): Promise<SessionsReplies['notifications']['targets']> {
    return (await this.#api.sessions('notifications', {})).targets;
  }

  /** Sends again what was given up, of one target or all; resolves with how many. */
  async retryNotifications(which: All<'retry-notifications'> = {}): Promise<number> {
    return (await this.#api.sessions('retry-notifications', which)).retried;
  }

  /** Turns of the broker's queue that were not taken, newest first; `hasQueue` says whether there is a broker at hand. */
  refusedTurns(wanted: All<'refused-turns'> = {}): Promise<SessionsReplies['refused-turns']> {
    return this.#api.sessions('refused-turns', wanted);
  }

  /** The budgets, and what is spent of each; with `owner` only what holds for that one. */
  async budgets(request: All<'budgets'> = {}): Promise<SessionsReplies['budgets']['budgets']> {
    return (await this.#api.sessions('budgets', request)).budgets;
  }

  /** Makes or changes a budget. Turns that wait for it go on, if it is enough for them now. */
  async putBudget(budget: All<'put-budget'>): Promise<SessionsReplies['put-budget']['budget']> {
    return (await this.#api.sessions('put-budget', budget)).budget;
  }

  /** Lifts a budget; resolves with whether there was one. */
  async deleteBudget(name: All<'delete-budget'>): Promise<boolean> {
    return (await this.#api.sessions('delete-budget', name)).deleted;
  }

  /** What sessions have cost and what the prompt cache has missed, the dearest first; of days, weeks and months the latest. */
  async costs(request: Omit<All<'costs'>, 'cursor' | 'limit'>): Promise<readonly CostGroup[]> {
    return (await costsOf(this.#api, request)).groups;
  }

  async create(sessionId: string, settings: Of<'create'> = {}): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'create', settings)).session;
  }

  async get(sessionId: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'get', {})).session;
  }

  messages(sessionId: string, range: Of<'messages'> = {}): Promise<SessionReplies['messages']> {
    return this.#api.session(sessionId, 'messages', range);
  }

  /** Names of the session's side transcripts, 100 a page; `messages` takes them as `subpath`. */
  sideTranscripts(
    sessionId: string,
    page: Of<'side-transcripts'> = {},
  ): Promise<SessionReplies['side-transcripts']> {
    return this.#api.session(sessionId, 'side-transcripts', page);
  }

  async update(sessionId: string, settings: Of<'update'>): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'update', settings)).session;
  }

  async tag(sessionId: string, ...tags: string[]): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'tag', { tags })).session;
  }

  async untag(sessionId: string, ...tags: string[]): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'untag', { tags })).session;
  }

  /** Keeps the session from every cleanup: it gets the tag `hold`, and its audit the reason. */
  async hold(sessionId: string, reason?: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'hold', { reason })).session;
  }

  /** Lets cleanups take it again. */
  async release(sessionId: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'release', {})).session;
  }

  /** Ends the session: it takes no turn until it is reopened. `invalid_state` while a turn is open. */
  async complete(sessionId: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'complete', {})).session;
  }

  /** Ends the session at once: open turns close as `cancelled`, and the audit keeps the reason. */
  async terminate(sessionId: string, reason?: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'terminate', { reason })).session;
  }

  /** Lets an ended session take turns again; `invalid_state` for one that has not ended. */
  async reopen(sessionId: string): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'reopen', {})).session;
  }

  /**
   * Has an ended session archived: its export and its directory. `invalid_state` for one that has not ended. Asked for twice
   * it is the same archive; `waitMs` waits for its end.
   */
  async archive(sessionId: string, order: Of<'archive'> = {}): Promise<ArchiveView> {
    return (await this.#api.session(sessionId, 'archive', order)).archive;
  }

  /** A new session that begins with this one's transcript, by default all of it; nothing is copied, its directory is the same. */
  async fork(sessionId: string, place: Of<'fork'> = {}): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'fork', place)).session;
  }

  /**
   * The same, in a copy of its directory: the fork's own, which goes with it. `directory` says where it is, what is in there,
   * and what was left out: links that lead out of it, devices, pipes, sockets, what cannot be read. `too_large` beyond
   * GREENROOM_FORK_MAX_MB, `forbidden` for one that is not copied: then there is no fork.
   */
  async forkWithDirectory(
    sessionId: string,
    place: Omit<Of<'fork'>, 'directory'> = {},
  ): Promise<Required<SessionReplies['fork']>> {
    const forked = await this.#api.session(sessionId, 'fork', { ...place, directory: 'copy' });
    return forked as Required<SessionReplies['fork']>;
  }

  /** Lets a summary stand in for what the model saw so far; without one, the model is asked for it. */
  async compact(sessionId: string, order: Of<'compact'> = {}): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'compact', order)).session;
  }

  /** The branches of a session that two programs went on with: what each has, and which one the model sees. */
  async branches(sessionId: string): Promise<SessionReplies['branches']> {
    return this.#api.session(sessionId, 'branches', {});
  }

  /** Has the model see another of its branches; `invalid_state` while a turn is open. */
  async chooseBranch(sessionId: string, branch: number): Promise<SessionView> {
    return (await this.#api.session(sessionId, 'choose-branch', { branch })).session;
  }

  /** The session as text in the export format, piece by piece; the same session gives the same text. */
  exportSession(sessionId: string): AsyncGenerator<string> {
    return exportSession(this.#api, sessionId, this.#api.maxPayloadBytes);
  }

  /**
   * Makes a session of an export's text, whatever pieces it comes in; under another id with `as`. What is
   * here already, whole or in part, is recognised: importing again, or going on, is the same call.
   */
  importSession(
    text: AsyncIterable<string | Uint8Array>,
    options: ImportOptions = {},
  ): Promise<ImportedSession> {
    return importSession(this.#api, text, {
      maxPayloadBytes: this.#api.maxPayloadBytes,
      ...options,
    });
  }

  /** Adds messages without running a turn. */
  async append(
    sessionId: string,
    messages: Of<'append'>['messages'],
    expectedVersion?: number,
  ): Promise<SessionView> {
    const version = expectedVersion === undefined ? {} : { expectedVersion };
    return (await this.#api.session(sessionId, 'append', { messages, ...version })).session;
  }

  /** Stops a turn, by default the running one; resolves with its record when it has ended. */
  async cancel(sessionId: string, turnId?: string): Promise<TurnView> {
    const which = turnId === undefined ? {} : { turnId };
    return (await this.#api.session(sessionId, 'cancel', which)).turn;
  }

  /** With `release` its id is free again at once, otherwise after 30 days. */
  async delete(sessionId: string, how: Of<'delete'> = {}): Promise<void> {
    await this.#api.session(sessionId, 'delete', how);
  }

  /** What became of the session and what its tools did, and by whom or what, oldest first, 100 a page. */
  audit(sessionId: string, page: Of<'audit'> = {}): Promise<SessionReplies['audit']> {
    return this.#api.session(sessionId, 'audit', page);
  }

  /** The same of all sessions, newest first; what became of those that are deleted too. */
  auditAll(page: All<'audit-all'> = {}): Promise<SessionsReplies['audit-all']> {
    return this.#api.sessions('audit-all', page);
  }

  /** Its counters as they were at the end of each turn and every minute while one ran, newest first. */
  async metrics(
    sessionId: string,
    page: Of<'metrics'> = {},
  ): Promise<SessionReplies['metrics']['snapshots']> {
    return (await this.#api.session(sessionId, 'metrics', page)).snapshots;
  }

  /** Tool calls that wait for a person, in all sessions. */
  approvals(page: All<'approvals'> = {}): Promise<SessionsReplies['approvals']> {
    return this.#api.sessions('approvals', page);
  }

  /** Those of one session, each with its input. */
  async asked(sessionId: string): Promise<SessionReplies['asked']['approvals']> {
    return (await this.#api.session(sessionId, 'asked', {})).approvals;
  }

  /** Answers one. The first answer counts: a later one rejects with `already_decided`. */
  approve(sessionId: string, answer: Of<'approve'>): Promise<SessionReplies['approve']> {
    return this.#api.session(sessionId, 'approve', answer);
  }

  /** What the session is at, and why it is not moving. */
  explain(sessionId: string): Promise<SessionReplies['explain']> {
    return this.#api.session(sessionId, 'explain', {});
  }

  /**
   * How much of its model's window the session takes, and what a compaction would sum up now. @param options `count`: the API
   * counts the tokens, which costs nothing; else they are estimated.
   */
  context(sessionId: string, options: Of<'context'> = {}): Promise<SessionReplies['context']> {
    return this.#api.session(sessionId, 'context', options);
  }

  /** Its sub-agents as a tree, the first 100 of them, and what all have cost beside and with it. */
  children(sessionId: string, page: Of<'children'> = {}): Promise<SessionReplies['children']> {
    return this.#api.session(sessionId, 'children', page);
  }

  turns(sessionId: string, page: Of<'turns'> = {}): Promise<SessionReplies['turns']> {
    return this.#api.session(sessionId, 'turns', page);
  }

  /** Where the turn was and when: what is stored, and what this daemon has seen of it. */
  turnTrace(sessionId: string, turnId: string): Promise<SessionReplies['turn-trace']> {
    return this.#api.session(sessionId, 'turn-trace', { turnId });
  }

  async turnStatus(sessionId: string, turnId: string): Promise<TurnView> {
    return (await this.#api.session(sessionId, 'turn-status', { turnId })).turn;
  }
}
