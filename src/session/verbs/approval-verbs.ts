/** Verbs on what waits for a person: tool calls that ask, and the answer to one. */
import { join } from 'node:path';
import { z } from 'zod';
import type { SessionKey } from '../../model/ids.ts';
import { catalogName } from '../ports/catalog.ts';
import { memoriesIn } from '../tools/api-tools.ts';
import { ApproveRequest, approvalOf, asksAgain } from './answer-approval.ts';
import {
  ApprovalId,
  type ApprovalView,
  askedIn,
  BudgetView,
  CallView,
  callShape,
  inputsOf,
} from './approval-views.ts';
import { nextCursor } from './reply-schemas.ts';
import { change, journalOf, type SessionsWork, sessionsVerb, sessionVerb } from './verb.ts';
import { criteriaFor, membership, whoseShape } from './whose.ts';

const asked = sessionVerb('asked', {
  request: z.strictObject({}),
  reply: z.strictObject({
    approvals: z.array(
      z.union([
        z.strictObject({
          ...callShape,
          /** As the model made it; of the API's own tools, as the call of ours that it is. */
          input: z.record(z.string(), z.unknown()),
        }),
        BudgetView,
      ]),
    ),
  }),
  run: async (work) => {
    const session = await work.caller.openKnown(work.key);
    const memories = memoriesIn(join(work.workspaces, work.key.tenant, work.key.sessionId));
    const inputs = await inputsOf(session, session.head, memories);
    return {
      approvals: askedIn(session.head, work.caller.system).map((view) =>
        'budget' in view ? view : { ...view, input: inputs.get(view.toolUseId) ?? {} },
      ),
    };
  },
});

const approve = sessionVerb('approve', {
  request: ApproveRequest,
  reply: z.strictObject({
    approvalId: ApprovalId,
    decision: z.enum(['allow', 'deny']),
    /** The rules that the session got. */
    rules: z.array(z.string()),
    /** The rule that was given does not cover this call: the same is asked about again. */
    asksAgain: z.literal(true).exactOptional(),
    by: z.string(),
  }),
  run: async (work, request) => {
    const approval = await approvalOf(work, request);
    const isUncovered = await asksAgain(work, request, approval);
    const { approvalId } = request;
    const by = work.context.principal;
    await change(work, work.key, { type: 'approve', approvalId, approval, by });
    const rules = approval.decision === 'allow' ? [...approval.rules] : [];
    const reply = { approvalId, decision: approval.decision, rules, by };
    return isUncovered ? { ...reply, asksAgain: true as const } : reply;
  },
});

const allApprovals = sessionsVerb('approvals', {
  request: z.strictObject({
    limit: z.int().min(1).max(100).optional().describe('sessions that are looked at; default 50'),
    ...whoseShape,
    cursor: z.string().max(1_000).optional(),
  }),
  reply: z.strictObject({ approvals: z.array(z.union([CallView, BudgetView])), nextCursor }),
  run: async (work, { limit = 50, cursor, ...whose }) => {
    const { caller, context } = work;
    const page = await caller.system.fetch(catalogName).search(context.tenant, {
      ...{ hasApproval: true, limit, sortBy: 'updatedAt', order: 'desc' },
      ...criteriaFor(whose),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const isOne = membership(whose);
    const found = await Promise.all(page.rows.map(({ key }) => askedOf(work, key, isOne)));
    const next = page.nextCursor;
    return { approvals: found.flat(), ...(next === undefined ? {} : { nextCursor: next }) };
  },
});

export const approvalVerbs = { asked, approve };
export const approvalsVerbs = { approvals: allApprovals };

/** One that went, went on, or became another's meanwhile asks for nothing. */
const askedOf = async (
  work: SessionsWork,
  key: SessionKey,
  isOne: ReturnType<typeof membership>,
): Promise<readonly ApprovalView[]> => {
  const { head } = await journalOf(work).open(key);
  if (head === undefined || isOne?.(head) === false) return [];
  return askedIn(head, work.caller.system);
};
