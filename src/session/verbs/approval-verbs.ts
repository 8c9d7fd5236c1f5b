/** Verbs on what waits for a person: tool calls that ask, and the answer to one. */
import { join } from 'node:path';
import { z } from 'zod';
import { isToolUse } from '../../claude-code/api-blocks.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import {
  type BudgetPhase,
  type OpenCall,
  type OpenTurn,
  type Question,
  runIdOf,
} from '../../model/turn.ts';
import type { System } from '../../otp/system.ts';
import { ASKING_TOOLS } from '../../permissions/tools.ts';
import { decodeMessage } from '../context/model-message.ts';
import { budgetQuestion } from '../machine/apply-money.ts';
import type { Approval } from '../machine/input.ts';
import { catalogName } from '../ports/catalog.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { SessionReader } from '../ports/journal.ts';
import { SANDBOXES, sandboxInForce, sandboxName, toolboxName } from '../ports/tools.ts';
import { memoriesIn, ownUse, ownUseOf, toolsOfCall } from '../tools/api-tools.ts';
import { Judge } from '../tools/judge.ts';
import { offerOf } from '../tools/offer.ts';
import { nextCursor } from './reply-schemas.ts';
import { COMMAND_TOOLS, ruleToSet } from './rule-settings.ts';
import {
  change,
  journalOf,
  type SessionsWork,
  type SessionWork,
  sessionsVerb,
  sessionVerb,
} from './verb.ts';
import { criteriaFor, membership, whoseShape } from './whose.ts';

const ApprovalId = z.string().min(1).max(300);

/** What all that waits for a person has. */
const waitingShape = {
  sessionId: z.string(),
  turnId: z.string(),
  approvalId: ApprovalId,
  /** Why it is asked about. */
  reason: z.string(),
  askedAt: z.iso.datetime(),
  /** Denied then, if nobody has answered; absent: it waits for as long as it takes. */
  answerBy: z.iso.datetime().exactOptional(),
};

const callShape = {
  ...waitingShape,
  toolUseId: z.string(),
  toolName: z.string(),
  /** The programs that it would run, as they were understood. */
  commands: z.array(z.string()),
  /** The files that it would open. */
  files: z.array(z.string()),
  /** Rules that would allow exactly this. */
  suggestions: z.array(z.string()),
  /** Of a shell command: whether it would run in a sandbox. */
  sandbox: z.enum(SANDBOXES).exactOptional(),
  /** It runs, and asks this itself. `allow` gives the answer, as `input`; `deny` declines to. */
  question: z
    .strictObject({
      message: z.string(),
      /** JSON Schema of the answer. */
      form: z.record(z.string(), z.unknown()),
    })
    .exactOptional(),
};

/** No tool call: a budget is used up. `allow` spends `askedUsd` more, or `usd` of its `input`; `deny` ends the turn as failed. */
const BudgetView = z.strictObject({
  ...waitingShape,
  budget: z.strictObject({
    /** What it is for, as `owner ann (month)`. */
    name: z.string(),
    limitUsd: z.number(),
    usedUsd: z.number(),
    /** What the next model call may cost. */
    neededUsd: z.number(),
    askedUsd: z.number(),
  }),
});
type BudgetView = z.infer<typeof BudgetView>;

const CallView = z.strictObject(callShape);
type CallView = z.infer<typeof CallView>;
type ApprovalView = CallView | BudgetView;

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

const ApproveRequest = z.strictObject({
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
type ApproveRequest = z.output<typeof ApproveRequest>;

const approve = sessionVerb('approve', {
  request: ApproveRequest,
  reply: z.strictObject({
    approvalId: ApprovalId,
    decision: z.enum(['allow', 'deny']),
    /** The rules that the session got. */
    rules: z.array(z.string()),
    by: z.string(),
  }),
  run: async (work, request) => {
    const approval = await approvalOf(work, request);
    const { approvalId } = request;
    const by = work.context.principal;
    await change(work, work.key, { type: 'approve', approvalId, approval, by });
    const rules = approval.decision === 'allow' ? [...approval.rules] : [];
    return { approvalId, decision: approval.decision, rules, by };
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
      ...{ status: ['waiting', 'running'], limit, sortBy: 'updatedAt', order: 'desc' },
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

type AskedCall = Extract<OpenCall, { readonly state: 'asked' }>;

/** What waits for a person in a session. */
const askedIn = (
  { key, openTurns: [first] }: Head,
  system: Pick<System, 'find'>,
): readonly ApprovalView[] =>
  first?.phase === undefined ? [] : askedBy(first, first.phase, key, system);

const callsIn = (head: Head, system: Pick<System, 'find'>): readonly CallView[] =>
  askedIn(head, system).flatMap((each) => ('budget' in each ? [] : [each]));

const askedBy = (
  turn: OpenTurn,
  phase: NonNullable<OpenTurn['phase']>,
  key: SessionKey,
  system: Pick<System, 'find'>,
): readonly ApprovalView[] => {
  if (phase.kind === 'budget') return [budgetView(key, turn, phase)];
  if (phase.kind !== 'tools') return [];
  return phase.calls.flatMap((call) => {
    if (call.state === 'asked') return askedView(key, turn, call, system);
    const question = call.state === 'started' ? call.question : undefined;
    return question === undefined ? [] : questionView(key, turn, call, question);
  });
};

const budgetView = ({ sessionId }: SessionKey, turn: OpenTurn, phase: BudgetPhase): BudgetView => {
  const { approvalId, budget: name, reason, ...amounts } = budgetQuestion(turn, phase);
  return {
    ...{ sessionId, turnId: turn.turnId, approvalId, reason, askedAt: iso(phase.atMs) },
    budget: { name, ...amounts },
    ...(phase.dueMs === undefined ? {} : { answerBy: iso(phase.dueMs) }),
  };
};

const askedView = (
  { sessionId }: SessionKey,
  { turnId }: OpenTurn,
  { name, run, toolUseId, asked }: AskedCall,
  system: Pick<System, 'find'>,
): CallView => {
  const sandbox = COMMAND_TOOLS.includes(name) ? system.find(sandboxName) : undefined;
  const { reason, commands, files, suggestions, atMs, dueMs } = asked;
  return {
    ...{ sessionId, turnId, approvalId: runIdOf(turnId, run), toolUseId, toolName: name, reason },
    ...{ commands: [...commands], files: [...files], suggestions: [...suggestions] },
    askedAt: iso(atMs),
    ...(sandbox === undefined ? {} : { sandbox: sandboxInForce(sandbox) }),
    ...(dueMs === undefined ? {} : { answerBy: iso(dueMs) }),
  };
};

const questionView = (
  { sessionId }: SessionKey,
  { turnId }: OpenTurn,
  { name, toolUseId }: OpenCall,
  { run, message, form, atMs, dueMs }: Question,
): CallView => ({
  ...{ sessionId, turnId, approvalId: runIdOf(turnId, run), toolUseId, toolName: name },
  ...{ reason: `it asks: ${message}`, commands: [], files: [], suggestions: [] },
  ...{ askedAt: iso(atMs), question: { message, form: { ...form } } },
  ...(dueMs === undefined ? {} : { answerBy: iso(dueMs) }),
});

/** The inputs of the calls that the first turn is at. */
const inputsOf = async (
  session: SessionReader,
  { openTurns: [first], tools }: Head,
  memories: string,
): Promise<ReadonlyMap<string, Record<string, unknown>>> => {
  if (first?.phase?.kind !== 'tools') return new Map();
  const { answerSeq } = first.phase;
  const [entry] = await session.entries({ from: answerSeq, to: answerSeq, limit: 1 });
  if (entry?.kind !== 'message') return new Map();
  const uses = decodeMessage(entry.body).content.filter(isToolUse);
  const { calls } = first.phase;
  return new Map(
    uses.map((use) => {
      const call = calls.find(({ toolUseId }) => toolUseId === use.id);
      const own = call === undefined ? tools : toolsOfCall(call, tools);
      const { id, input = {} } = ownUse(use as unknown as ToolUse, own, memories);
      return [id, input as Record<string, unknown>];
    }),
  );
};

/** Throws `invalid_settings` for a rule that could never match. */
const approvalOf = async (work: SessionWork, request: ApproveRequest): Promise<Approval> => {
  const { decision, reason, interrupt = false, input } = request;
  if (decision === 'deny') return { decision, reason, interrupt };
  const asked = await askedFor(work, request.approvalId);
  if (asked !== undefined && 'budget' in asked) return { decision: 'allow', input, rules: [] };
  const question = asked?.question;
  if (question !== undefined) return answerTo(question, request);
  const found = input === undefined ? undefined : await foundOf(work, request.approvalId, input);
  return { decision: 'allow', input, found, rules: await rulesOf(work, request) };
};

const askedFor = async ({ caller, key }: SessionWork, approvalId: string) => {
  const { head } = await caller.openKnown(key);
  return askedIn(head, caller.system).find((each) => each.approvalId === approvalId);
};

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

const rulesOf = async (work: SessionWork, request: ApproveRequest): Promise<readonly string[]> => {
  const { decision, approvalId, rule, rules } = request;
  if (rules !== undefined) return rules.map((text) => ruleToSet(work, text, 'allow'));
  const scope = request.scope ?? (decision === 'always' || rule !== undefined ? 'rule' : 'once');
  if (scope === 'once') return [];
  const { head } = await work.caller.openKnown(work.key);
  const suggestions = callsIn(head, work.caller.system).find(
    (each) => each.approvalId === approvalId,
  )?.suggestions;
  if (scope === 'rule' && rule !== undefined) return [ruleToSet(work, rule, 'allow')];
  if (suggestions === undefined) return []; // the session says whether it is known
  if (suggestions.length === 0)
    throw new GreenroomError('invalid_request', 'scope: no rule can allow this: allow it once', {
      details: { field: 'scope' },
    });
  return suggestions;
};

/**
 * What holds for what a person wants run instead. It is forbidden as everything else is: a deny is never lifted.
 * Throws `forbidden`. Undefined: nothing asks by that id, as the session will say.
 */
const foundOf = async (
  { caller, key, permissions, workspaces }: SessionWork,
  approvalId: string,
  input: Record<string, unknown>,
): Promise<Extract<Approval, { decision: 'allow' }>['found']> => {
  const { head } = await caller.openKnown(key);
  const asked = callsIn(head, caller.system).find((each) => each.approvalId === approvalId);
  const call = callOf(head, asked?.toolUseId);
  if (asked === undefined || call === undefined) return undefined;
  const workingDirectory = head.workingDirectory ?? join(workspaces, key.tenant, key.sessionId);
  const { toolUseId: id, toolName: name } = asked;
  const own = toolsOfCall(call, head.tools);
  const use = ownUseOf({ id, name, input: asOfModel(name, input) }, own);
  const offer = offerOf(head, caller.system.find(toolboxName)?.toolsFor(head) ?? []);
  const memories = memoriesIn(join(workspaces, key.tenant, key.sessionId));
  const place = { workingDirectory, cwd: head.toolMemory?.cwd ?? workingDirectory, memories };
  const verdict = new Judge(permissions).verdict(use, offer, head, place);
  if (verdict.kind === 'refuse')
    throw new GreenroomError('forbidden', `input: ${verdict.message}`, {
      details: { field: 'input' },
    });
  return { effect: verdict.effect, isAlone: verdict.isAlone, realPath: verdict.realPath };
};

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
