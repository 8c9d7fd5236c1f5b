/** All verbs by their names: a verb that is declared and stands in none of these does not compile. */
import type { z } from 'zod';
import { compact, fork } from './branch-verbs.ts';
import { inspect, ping, status, tree } from './daemon-verbs.ts';
import type { DaemonVerb, SessionsVerb, SessionVerb } from './declared.ts';
import { deleteSession } from './delete-verb.ts';
import { importLines, importState } from './import-verbs.ts';
import {
  mirrorAppend,
  mirrorDelete,
  mirrorList,
  mirrorLoad,
  mirrorSubkeys,
} from './mirror-verbs.ts';
import { cleanup, count, facets, list, search } from './search-verbs.ts';
import { create, get, tag, untag, update } from './settings-verbs.ts';
import { append, messages, sideTranscripts } from './transcript-verbs.ts';
import { exportText, importSession } from './transfer-verbs.ts';
import { cancel, turnStatus, turns } from './turn-verbs.ts';

export const SESSION_VERBS = {
  create,
  get,
  messages,
  'side-transcripts': sideTranscripts,
  update,
  tag,
  untag,
  fork,
  compact,
  export: exportText,
  'import-session': importSession,
  append,
  cancel,
  delete: deleteSession,
  turns,
  'turn-status': turnStatus,
  import: importLines,
  'import-state': importState,
} satisfies Record<SessionVerb, object>;

export const SESSIONS_VERBS = {
  search,
  list,
  count,
  facets,
  cleanup,
  'mirror-append': mirrorAppend,
  'mirror-load': mirrorLoad,
  'mirror-list': mirrorList,
  'mirror-subkeys': mirrorSubkeys,
  'mirror-delete': mirrorDelete,
} satisfies Record<SessionsVerb, object>;

export const DAEMON_VERBS = { ping, status, tree, inspect } satisfies Record<DaemonVerb, object>;

interface Typed {
  readonly request: z.ZodType;
  readonly reply: z.ZodType;
}
/** What callers give. */
type Given<Verbs extends Record<string, Typed>> = {
  readonly [V in keyof Verbs]: z.input<Verbs[V]['request']>;
};
/** The same once it was checked: with its defaults. */
type Checked<Verbs extends Record<string, Typed>> = {
  readonly [V in keyof Verbs]: z.output<Verbs[V]['request']>;
};
type Replies<Verbs extends Record<string, Typed>> = {
  readonly [V in keyof Verbs]: z.output<Verbs[V]['reply']>;
};

export type SessionRequests = Given<typeof SESSION_VERBS>;
export type CheckedSession = Checked<typeof SESSION_VERBS>;
export type SessionReplies = Replies<typeof SESSION_VERBS>;
export type SessionsRequests = Given<typeof SESSIONS_VERBS>;
export type CheckedSessions = Checked<typeof SESSIONS_VERBS>;
export type SessionsReplies = Replies<typeof SESSIONS_VERBS>;
export type DaemonRequests = Given<typeof DAEMON_VERBS>;
export type DaemonReplies = Replies<typeof DAEMON_VERBS>;
