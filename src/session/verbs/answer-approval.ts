/** What a person answers to what waits, checked: the rules that come with it, an input of their own, and what is forbidden by now. */
import { join } from 'node:path';
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { OpenCall, ToolInput } from '../../model/turn.ts';
import { ASKING_TOOLS } from '../../permissions/tools.ts';
import type { Approval } from '../machine/input.ts';
import { toolboxName } from '../ports/tools.ts';
import { memoriesIn, ownUseOf, toolsOfCall } from '../tools/api-tools.ts';
import { Judge, type Judged } from '../tools/judge.ts';
import { offerOf } from '../tools/offer.ts';
import { workplaceOf } from '../tools/workplace.ts';
import { ApprovalId, askedIn, type CallView, callsIn, inputsOf } from './approval-views.ts';
import { ruleToSet } from './rule-settings.ts';
import type { SessionWork } from './verb.ts';
export const ApproveRequest = z.strictObject({
  approvalId: ApprovalId.describe('from `asked`, `approvals`, or the event `permission.requested`'),
  decision: z
    .enum(['allow', 'deny', 'always'])
    .describe('`always` is `allow` with the scope `rule`'),
  scope: z
    .enum(['once', 'session', 'rule'])
    .optional()
    .describe(
      '`once`; `session`: the session gets the suggested rules, so that the same is not asked again; `rule`: it gets `rule`, by default the suggested ones. Default: `once`',
    ),
  rule: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('a permission rule; default: the suggested ones'),
  rules: z
    .array(z.string().min(1).max(1_000))
    .max(100)
    .optional()
    .describe('several permission rules, in place of `scope` and `rule`'),
  input: z.record(z.string(), z.unknown()).optional().describe("in place of the model's own"),
  interrupt: z.boolean().optional().describe('with `deny`: the turn ends too'),
  reason: z.string().max(2_000).optional().describe('with `deny`: what the model hears besides'),
});
export type ApproveRequest = z.output<typeof ApproveRequest>;

/** Throws `invalid_settings` for a rule that could never match. */
export const approvalOf = async (work: SessionWork, request: ApproveRequest): Promise<Approval> => {
  const { decision, reason, interrupt = false, input } = request;
  const asked = await askedFor(work, request.approvalId);
  if (decision === 'deny') return { decision, reason, interrupt };
  if (asked !== undefined && 'budget' in asked) return { decision: 'allow', input, rules: [] };
  const question = asked?.question;
  if (question !== undefined) return answerTo(question, request);
  const verdict = await verdictOn(work, request.approvalId, input);
  mustNotBeDenied(verdict, input);
  const found = input === undefined ? undefined : foundIn(verdict);
  return { decision: 'allow', input, found, rules: await rulesOf(work, request, verdict) };
};

/** Undefined: nothing waits by that id, as the session will say. Throws for one that has lost its end on the way. */
const askedFor = async ({ caller, key }: SessionWork, approvalId: string) => {
  const { head } = await caller.openKnown(key);
  const all = askedIn(head, caller.system);
  const asked = all.find((each) => each.approvalId === approvalId);
  const cut = all.find((each) => each.approvalId.startsWith(`${approvalId}#`));
  if (asked === undefined && cut !== undefined) throw cutShort(approvalId, cut.approvalId);
  return asked;
};

/** What is after `#` in an address stays with the program that asks: no server gets it. */
const cutShort = (approvalId: string, meant: string): GreenroomError =>
  new GreenroomError(
    'approval_not_found',
    `nothing waits for approval ${approvalId}, but ${meant} does: in an address # is written as %23`,
  );

/** An answer is no permission: nothing else is allowed with it. Throws `invalid_request`. */
const answerTo = (
  { form }: NonNullable<CallView['question']>,
  { input, scope, rule, rules }: ApproveRequest,
): Approval => {
  if ([scope, rule, rules].some((field) => field !== undefined))
    throw new GreenroomError('invalid_request', 'scope: what a tool asks is answered once', {
      details: { field: 'scope' },
    });
  const wanted = Object.keys(Object(form['properties']));
  const missing = requiredIn(form).find((name) => !Object.hasOwn(input ?? {}, name));
  if (missing !== undefined || (input === undefined && wanted.length > 0))
    throw new GreenroomError(
      'invalid_request',
      `input: the answer has ${missing ?? wanted.join(', ')}`,
      { details: { field: 'input' } },
    );
  return { decision: 'allow', input: input ?? {}, rules: [] };
};

const requiredIn = ({ required }: Readonly<Record<string, unknown>>): readonly string[] =>
  Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];

/**
 * What asks before allow rules are looked at asks again, whatever rule the session gets: one is refused rather than kept for
 * nothing. `rules` are kept nevertheless: a program's `canUseTool` gives them, and its call would wait on.
 */
const rulesOf = async (
  work: SessionWork,
  request: ApproveRequest,
  verdict: Judged | undefined,
): Promise<readonly string[]> => {
  const { decision, approvalId, rule, rules } = request;
  if (rules !== undefined) return rules.map((text) => ruleToSet(work, text, 'allow'));
  const scope = request.scope ?? (decision === 'always' || rule !== undefined ? 'rule' : 'once');
  if (scope === 'once') return [];
  if (verdict?.kind === 'ask' && verdict.isLiftable === false) throw noRuleAllows();
  const { head } = await work.caller.openKnown(work.key);
  const suggestions = callsIn(head, work.caller.system).find(
    (each) => each.approvalId === approvalId,
  )?.suggestions;
  if (scope === 'rule' && rule !== undefined) return [ruleToSet(work, rule, 'allow')];
  if (suggestions === undefined) return []; // the session says whether it is known
  if (suggestions.length === 0) throw noRuleAllows();
  return suggestions;
};

const noRuleAllows = (): GreenroomError =>
  new GreenroomError('invalid_request', 'scope: no rule can allow this: allow it once', {
    details: { field: 'scope' },
  });

/**
 * A rule or a policy may be newer than the question. Throws `forbidden`: the call waits on, and can be denied. What a person
 * wants run instead is forbidden as everything else is, by the mode too.
 */
const mustNotBeDenied = (
  verdict: Judged | undefined,
  input: Record<string, unknown> | undefined,
): void => {
  if (verdict?.kind !== 'refuse') return;
  if (input !== undefined)
    throw new GreenroomError('forbidden', `input: ${verdict.message}`, {
      details: { field: 'input' },
    });
  if (verdict.isOfMode === false)
    throw new GreenroomError('forbidden', `it is forbidden by now: ${verdict.message}`);
};

/** What holds for another input than the model's. Undefined: nothing asks by that id, as the session will say. */
const foundIn = (verdict: Judged | undefined): Extract<Approval, { decision: 'allow' }>['found'] =>
  verdict === undefined || verdict.kind === 'refuse'
    ? undefined
    : { effect: verdict.effect, isAlone: verdict.isAlone, realPath: verdict.realPath };

/** Whether the call that was allowed would be asked about again, for all the rule that was given with it. */
export const asksAgain = async (
  work: SessionWork,
  { approvalId, rule, input }: ApproveRequest,
  approval: Approval,
): Promise<boolean> => {
  if (approval.decision === 'deny' || rule === undefined || approval.rules.length === 0)
    return false;
  const verdict = await verdictOn(work, approvalId, input, approval.rules);
  return verdict?.kind === 'ask';
};

/** As it would be judged now. @param input in place of its own. @param more rules that the session would get. */
const verdictOn = async (
  { caller, key, permissions, workspaces }: SessionWork,
  approvalId: string,
  input?: Record<string, unknown>,
  more: readonly string[] = [],
): Promise<Judged | undefined> => {
  const session = await caller.openKnown(key);
  const { head } = session;
  const allowedTools = [...(head.allowedTools ?? []), ...more];
  const asked = callsIn(head, caller.system).find((each) => each.approvalId === approvalId);
  const call = callOf(head, asked?.toolUseId);
  if (asked === undefined || call === undefined) return undefined;
  const workingDirectory = workplaceOf(head, join(workspaces, key.tenant, key.sessionId));
  const { toolUseId: id, toolName: name } = asked;
  const memories = memoriesIn(join(workspaces, key.tenant, key.sessionId));
  const judged = input ?? changedInput(call) ?? (await inputsOf(session, head, memories)).get(id);
  const own = toolsOfCall(call, head.tools);
  const use = ownUseOf({ id, name, input: asOfModel(name, judged ?? {}) }, own);
  const offer = offerOf(head, caller.system.find(toolboxName)?.toolsFor(head) ?? []);
  const place = { workingDirectory, cwd: head.toolMemory?.cwd ?? workingDirectory, memories };
  return new Judge(permissions).verdict(use, offer, { ...head, allowedTools }, place);
};

/** By a hook, before it asked. */
const changedInput = (call: OpenCall): ToolInput | undefined =>
  'input' in call ? call.input : undefined;

const callOf = ({ openTurns: [first] }: Head, id: string | undefined): OpenCall | undefined =>
  first?.phase?.kind === 'tools'
    ? first.phase.calls.find(({ toolUseId }) => toolUseId === id)
    : undefined;

/** A person's answers to `AskUserQuestion` come in its input: a model may not give them, who approves may. */
const asOfModel = (tool: string, input: Record<string, unknown>): Record<string, unknown> => {
  if (!ASKING_TOOLS.has(tool)) return input;
  const { answers: _, ...questions } = input;
  return questions;
};
