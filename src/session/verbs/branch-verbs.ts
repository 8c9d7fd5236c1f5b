/** Verbs that go another way: a fork of a session, and a summary in the place of what the model saw. */
import { join } from 'node:path';
import { z } from 'zod';
import { isWellFormed } from '../../model/bounds.ts';
import { codeOf, GreenroomError } from '../../model/errors.ts';
import { type Head, settableShape } from '../../model/head.ts';
import { SessionId } from '../../model/id-schemas.ts';
import { newTurnId, type SessionKey, sessionKey } from '../../model/ids.ts';
import type { NewCompaction } from '../machine/input.ts';
import type { NewFork } from '../machine/new-fork.ts';
import { copierName } from '../ports/copier.ts';
import { hooksName } from '../ports/hooks.ts';
import { resting } from '../ports/pages.ts';
import { cutOf, partOf, summarise } from '../prepare/compaction.ts';
import { type ForkPlace, prepareFork } from '../prepare/fork.ts';
import { madeWorkplace } from '../tools/workplace.ts';
import { SessionReply } from './reply-schemas.ts';
import { change, leftMs, type SessionWork, sessionVerb } from './verb.ts';
import { sessionView } from './views.ts';

const count = z.int().min(0);

const fork = sessionVerb('fork', {
  request: z.strictObject({
    newSessionId: SessionId.optional().describe('default: a new UUID'),
    atSeq: z.int().min(0).optional().describe('the last entry that the fork begins with'),
    atMessageId: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe("a message's `id`; of an imported line its `uuid`"),
    title: settableShape.title.describe('default: "Fork of …"'),
    branch: z
      .int()
      .min(1)
      .optional()
      .describe(
        'of a session that two programs went on with: which [branch](../guide/importing.md#gone-on-with-in-both-places) it begins with; default: the one that the place is in',
      ),
    directory: z
      .enum(['shared', 'copy'])
      .default('shared')
      .describe('whether it works in the directory of its parent, or in a copy of its own'),
  }),
  reply: SessionReply.extend({
    directory: z
      .strictObject({
        path: z.string(),
        ...{ files: count, folders: count, links: count, bytes: count, leftCount: count },
        left: z.array(z.strictObject({ path: z.string(), why: z.string() })).readonly(),
      })
      .exactOptional()
      .describe('of a copy: where it is, what is in there, and what was left out'),
  }),
  run: async (work, { newSessionId, directory, ...wanted }) => {
    const { caller, key } = work;
    const child = sessionKey(key.tenant, newSessionId ?? newTurnId(caller.system.clock.now()));
    if (directory === 'copy') return forkWithDirectory(work, child, wanted);
    const fork = await forkOf(work, wanted);
    const { workingDirectory } = fork.parent;
    // One that we made for the parent alone goes with the parent: the fork gets such a one too, an empty one.
    const isOwn = workingDirectory === workspaceOf(work, key);
    return forkTo(work, child, isOwn ? inOwnFolder(work, child, fork) : fork, leftMs(work));
  },
});

interface Wanted extends ForkPlace {
  readonly title?: string | undefined;
}

const workspaceOf = ({ workspaces }: SessionWork, { tenant, sessionId }: SessionKey): string =>
  join(workspaces, tenant, sessionId);

const forkOf = async (
  { caller, key }: SessionWork,
  { title, ...place }: Wanted,
): Promise<NewFork> =>
  prepareFork(await caller.openKnown(key), place, title, resting(caller.system.clock));

const inOwnFolder = (work: SessionWork, child: SessionKey, fork: NewFork): NewFork => ({
  ...fork,
  workingDirectory: workspaceOf(work, child),
});

/** The parent is only read, as it is committed; the fork's own actor writes, and the journal looks once more. */
const forkTo = async (
  { caller }: SessionWork,
  child: SessionKey,
  fork: NewFork,
  timeoutMs: number,
) => {
  const { head } = await caller.change(child, { type: 'fork', fork }, timeoutMs);
  return { session: sessionView(head) };
};

/** The parent may go on while its directory is copied: then the fork is made anew, and has what was said until its end. */
const CONFLICTS = 5;
/** What the commit has, however long the copy took. */
const LEAST_COMMIT_MS = 10_000;

const forkWithDirectory = async (work: SessionWork, child: SessionKey, wanted: Wanted) => {
  const { caller, key } = work;
  const { parent } = await forkOf(work, wanted); // a place that is not there costs no copy
  if ((await caller.head(child)) !== undefined)
    throw new GreenroomError('session_exists', `there is a session ${child.sessionId} already`);
  const copier = caller.system.find(copierName);
  if (copier === undefined)
    throw new GreenroomError('unavailable', 'the copier is restarting', { retryAfterMs: 500 });
  const { workingDirectory: directory } = parent;
  const wish = { from: key, directory, to: child, timeoutMs: leftMs(work) };
  return copier.copy(wish, async (copied) => {
    const committed = async (conflicts: number): Promise<z.output<typeof SessionReply>> => {
      const fork = await forkOf(work, wanted);
      const now = directory === undefined ? fork : inOwnFolder(work, child, fork);
      try {
        return await forkTo(work, child, now, Math.max(LEAST_COMMIT_MS, leftMs(work)));
      } catch (error) {
        if (codeOf(error) !== 'version_conflict' || conflicts === CONFLICTS) throw error;
        return committed(conflicts + 1);
      }
    };
    return { ...(await committed(0)), directory: copied };
  });
};

/** What the session's commit leaves of a request's time for the model to make a summary. */
const COMMIT_SHARE_MS = 2_000;

const compact = sessionVerb('compact', {
  request: z.strictObject({
    throughSeq: z
      .int()
      .min(1)
      .optional()
      .describe('default: everything before the turns that are open'),
    summary: z
      .string()
      .min(1)
      .max(200_000)
      .refine(isWellFormed, 'holds half of a surrogate pair')
      .optional()
      .describe('default: the model is asked for one'),
  }),
  reply: SessionReply,
  run: async (work, request) => {
    const { key, rules, slabs } = work;
    const { system } = work.caller;
    let session = await work.caller.openKnown(key);
    await askPreCompact(work, session.head);
    const rest = resting(system.clock);
    const wanted = await cutOf(session, request.throughSeq, rest);
    const by = work.context.principal;
    if (request.summary !== undefined)
      return compacted(work, { summary: request.summary, throughSeq: wanted, by });
    // What one request cannot hold is summed up in parts, each stored before the next.
    for (;;) {
      const throughSeq = await partOf({ session, rules, throughSeq: wanted, rest });
      const timeoutMs = Math.max(1, leftMs(work) - COMMIT_SHARE_MS);
      const order = { system, session, rules, slabs, throughSeq, timeoutMs, rest };
      const reply = await compacted(work, { ...(await summarise(order)), throughSeq, by });
      if (throughSeq === wanted) return reply;
      session = await work.caller.openKnown(key);
    }
  },
});

const compacted = async (work: SessionWork, compaction: NewCompaction) => {
  const { head } = await change(work, work.key, { type: 'compact', compaction });
  return { session: sessionView(head) };
};

/** Throws `hook_blocked`, with the reason, where a hook keeps the session from being compacted. What each said is audited. */
const askPreCompact = async (work: SessionWork, head: Head): Promise<void> => {
  const { caller, key, rules, permissions, workspaces } = work;
  if (rules.wantsHook?.('PreCompact', head.hooks, head) !== true) return;
  const hooks = caller.system.find(hooksName);
  if (hooks === undefined)
    throw new GreenroomError('unavailable', 'the hooks are restarting', { retryAfterMs: 500 });
  const event = 'PreCompact';
  if (!hooks.has(event, MANUAL, head.hooks, head)) return;
  const said = await hooks.run({
    ...{ event, key, subject: MANUAL, fields: { trigger: MANUAL, custom_instructions: '' } },
    cwd: madeWorkplace(head, join(workspaces, key.tenant, key.sessionId)),
    permissionMode: head.permissionMode ?? permissions.mode,
  });
  const runs = said.runs.map((run) => ({ ...run, event }) as const);
  await change(work, key, { type: 'told', turnId: undefined, runs });
  const blocked = said.stop ?? (said.decision === 'deny' ? (said.reason ?? NO_REASON) : undefined);
  if (blocked !== undefined) throw new GreenroomError('hook_blocked', blocked);
};

/** Asked for, as all compactions are. */
const MANUAL = 'manual';
const NO_REASON = 'a PreCompact hook';

export const branchVerbs = { fork, compact };
