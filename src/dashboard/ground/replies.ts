/** What the daemon says, as its verbs declare it: types alone, nothing of this is loaded. */

export type { WireEvent } from '../../model/event.ts';
export type { ArchiveView } from '../../session/verbs/archives.ts';
export type {
  ActorView,
  StatusView,
  TraceView,
  TreeView,
} from '../../session/verbs/daemon-verbs.ts';
export type {
  DaemonReplies,
  DaemonRequests,
  SessionReplies,
  SessionRequests,
  SessionsReplies,
  SessionsRequests,
} from '../../session/verbs/registry.ts';
export type {
  EntryView,
  FoundSession,
  MessageView,
  SessionView,
  TurnView,
} from '../../session/verbs/reply-schemas.ts';
