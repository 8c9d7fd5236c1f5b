/**
 * The door `greenroom/client`: a daemon's Greenroom over NATS, with what `startGreenroom` gives. It loads neither a
 * store nor what runs turns.
 *
 * ```ts
 * const greenroom = await connect({ servers: 'nats://127.0.0.1:4222' });
 * console.log(await greenroom.turn('demo', 'Hello').text());
 * await greenroom.close();
 * ```
 */
export {
  ConcurrencyError,
  ERRORS,
  type ErrorCode,
  GreenroomError,
  SerializationError,
  SessionNotFoundError,
  StorageError,
} from '../model/errors.ts';
export type { ApiMessage, WireEvent } from '../model/event.ts';
export type { Usage } from '../model/usage.ts';
export type { RefusedTurn } from '../nats/refused-turns.ts';
export { version } from '../platform/version.ts';
export type { ApprovalsFacade } from '../session/api/approvals-facade.ts';
export type { AuditFacade } from '../session/api/audit-facade.ts';
export type { BackupsFacade, BackupWait } from '../session/api/backups-facade.ts';
export type { SessionsFacade } from '../session/api/facade.ts';
export type { GreenroomApi } from '../session/api/greenroom-api.ts';
export type {
  SchedulesFacade,
  TasksFacade,
  TemplatesFacade,
} from '../session/api/tasks-facade.ts';
export type { FinishedTurn, Prompt, TurnOptions, TurnStream } from '../session/api/turn-stream.ts';
export type { Watched } from '../session/events/watch-queue.ts';
export type { SessionsApi, TurnControl } from '../session/verbs/api.ts';
export type { BackupStateView, BackupView } from '../session/verbs/backup-verbs.ts';
export type {
  EntryView,
  SessionSummary,
  SessionView,
  TurnView,
} from '../session/verbs/reply-schemas.ts';
export { type Client, type ClientOptions, connectClient } from './client.ts';
export { type ConnectedGreenroom, connect } from './connect.ts';
