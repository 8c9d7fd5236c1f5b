/** All verbs by their names: a verb that is declared and stands in none of these does not compile. */
import type { z } from 'zod';
import { approvalsVerbs, approvalVerbs } from './approval-verbs.ts';
import { archivesVerbs, archiveVerbs } from './archive-verbs.ts';
import { auditsVerbs, auditVerbs } from './audit-verbs.ts';
import { backupVerbs } from './backup-verbs.ts';
import { branchVerbs } from './branch-verbs.ts';
import { budgetVerbs } from './budget-verbs.ts';
import { childrenVerbs } from './children-verbs.ts';
import { classicVerbs } from './classic-verbs.ts';
import { contextVerbs } from './context-verbs.ts';
import { costVerbs } from './cost-verbs.ts';
import { daemonVerbs } from './daemon-verbs.ts';
import { deleteVerbs } from './delete-verbs.ts';
import { dividedVerbs } from './divided-verbs.ts';
import { explainVerbs } from './explain-verbs.ts';
import { importVerbs } from './import-verbs.ts';
import { metricsVerbs } from './metrics-verbs.ts';
import { mirrorVerbs } from './mirror-verbs.ts';
import { notificationVerbs } from './notification-verbs.ts';
import { refusedVerbs } from './refused-verbs.ts';
import { scheduleVerbs } from './schedule-verbs.ts';
import { searchVerbs } from './search-verbs.ts';
import { settingsVerbs } from './settings-verbs.ts';
import { tagVerbs } from './tag-verbs.ts';
import { taskVerbs } from './task-verbs.ts';
import { templateVerbs } from './template-verbs.ts';
import { tokenVerbs } from './token-verbs.ts';
import { transcriptVerbs } from './transcript-verbs.ts';
import { transferVerbs } from './transfer-verbs.ts';
import { turnVerbs } from './turn-verbs.ts';
import type { DaemonVerb, SessionsVerb, SessionVerb } from './verb-facts.ts';
import { watchVerbs } from './watch-verbs.ts';

export const SESSION_VERBS = {
  ...settingsVerbs,
  ...transcriptVerbs,
  ...classicVerbs,
  ...turnVerbs,
  ...approvalVerbs,
  ...auditVerbs,
  ...metricsVerbs,
  ...explainVerbs,
  ...contextVerbs,
  ...childrenVerbs,
  ...branchVerbs,
  ...dividedVerbs,
  ...deleteVerbs,
  ...transferVerbs,
  ...archiveVerbs,
  ...importVerbs,
} satisfies Record<SessionVerb, object>;

export const SESSIONS_VERBS = {
  ...searchVerbs,
  ...watchVerbs,
  ...approvalsVerbs,
  ...auditsVerbs,
  ...tagVerbs,
  ...notificationVerbs,
  ...refusedVerbs,
  ...budgetVerbs,
  ...costVerbs,
  ...mirrorVerbs,
  ...templateVerbs,
  ...taskVerbs,
  ...scheduleVerbs,
  ...archivesVerbs,
} satisfies Record<SessionsVerb, object>;

export const DAEMON_VERBS = { ...daemonVerbs, ...tokenVerbs, ...backupVerbs } satisfies Record<
  DaemonVerb,
  object
>;

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
