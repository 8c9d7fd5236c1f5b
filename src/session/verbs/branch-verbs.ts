/** Verbs that go another way: a fork of a session, and a summary in the place of what the model saw. */
import { join } from 'node:path';
import { z } from 'zod';
import { isWellFormed } from '../../model/bounds.ts';
import { GreenroomError } from '../../model/errors.ts';
import { type Head, settableShape } from '../../model/head.ts';
import { SessionId } from '../../model/id-schemas.ts';
import { newTurnId, sessionKey } from '../../model/ids.ts';
import type { NewCompaction } from '../machine/machine.ts';
import { hooksName } from '../ports/hooks.ts';
import { resting } from '../ports/pages.ts';
import { cutOf, partOf, summarise } from '../prepare/compaction.ts';
import { prepareFork } from '../prepare/fork.ts';
import { SessionReply } from './reply-schemas.ts';
import { change, leftMs, type SessionWork, sessionVerb } from './verb.ts';
import { sessionView } from './views.ts';

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
  }),
  reply: SessionReply,
  /** The parent is only read, as it is committed; the fork's own actor writes, and the journal looks once more. */
  run: async (work, { newSessionId, title, ...place }) => {
    const { caller, key } = work;
    const { clock } = caller.system;
    const parent = await caller.openKnown(key);
    const forked = await prepareFork(parent, place, title, resting(clock));
    const child = sessionKey(key.tenant, newSessionId ?? newTurnId(clock.now()));
    const { head } = await change(work, child, { type: 'fork', fork: forked });
    return { session: sessionView(head) };
  },
});

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
    cwd: head.workingDirectory ?? join(workspaces, key.tenant, key.sessionId),
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
