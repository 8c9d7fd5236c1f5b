/** Why a session is not moving, or what it is at: its turn, its calls, what it waits for, and by which rules it is judged. */
import { z } from 'zod';
import { effectiveMode } from '../../classic/models.ts';
import { childIdOf } from '../../model/child-id.ts';
import type { SessionKey } from '../../model/ids.ts';
import { iso } from '../../model/moment.ts';
import type { DelayedTurn, OpenCall, OpenTurn } from '../../model/turn.ts';
import { PERMISSION_MODES, STATUSES } from '../../model/words.ts';
import {
  SANDBOXES,
  type Sandbox,
  sandboxInForce,
  sandboxName,
  toolboxName,
} from '../ports/tools.ts';
import { ApprovalId, type CallView, callsIn } from './approval-views.ts';
import { toolsExplained } from './explain-tools.ts';
import { sessionVerb } from './verb.ts';
import { heldOf, WaitsFor, WHY, waitsForOf } from './waits-for.ts';

const CALL_STATES = ['undecided', 'asked', 'allowed', 'started', 'ended', 'failed'] as const;

export const ExplainReply = z.strictObject({
  sessionId: z.string(),
  status: z.enum(STATUSES),
  waitsFor: WaitsFor,
  /** In a sentence. */
  why: z.string(),
  turnId: z.string().exactOptional(),
  /** Turns behind it. */
  queued: z.int(),
  /** Those that begin at a time. */
  delayed: z
    .array(z.strictObject({ turnId: z.string(), deliverAt: z.iso.datetime() }))
    .exactOptional(),
  calls: z.array(
    z.strictObject({
      toolUseId: z.string(),
      name: z.string(),
      state: z.enum(CALL_STATES),
      /** The session of the sub-agent that it waits for. */
      child: z.string().exactOptional(),
      /** Of one that runs or is asked about. */
      since: z.iso.datetime().exactOptional(),
      /** Of one that waits for a person, as `asked` has it. */
      approvalId: ApprovalId.exactOptional(),
      reason: z.string().exactOptional(),
      commands: z.array(z.string()).exactOptional(),
      files: z.array(z.string()).exactOptional(),
    }),
  ),
  retryAt: z.iso.datetime().exactOptional(),
  lastError: z
    .strictObject({ code: z.string(), message: z.string(), retryable: z.boolean() })
    .exactOptional(),
  /** Of tool calls. */
  permissions: z.strictObject({
    mode: z.enum(PERMISSION_MODES),
    /** Policies that hold in every mode; none where `policies: []` has turned them off. */
    policies: z.array(z.string()),
    allowed: z.array(z.string()),
    denied: z.array(z.string()),
    /** Rules of the daemon, which hold for all sessions. */
    daemonRules: z.int(),
    /** Of shell commands. Absent: nothing runs commands here. */
    sandbox: z.enum(SANDBOXES).exactOptional(),
    /** Why there is none, though one is wanted. */
    sandboxMissing: z.string().exactOptional(),
  }),
  /** Names of the tools that its model is offered. */
  tools: z.array(z.string()),
  /** Names in its `tools` that nothing here has by now, as of a service that has not come; absent: all are there. */
  toolsMissing: z.array(z.string()).exactOptional(),
  /** Why such a tool is not there, or one that it would be offered without naming it, as far as that is known. */
  toolsAbsent: z.array(z.strictObject({ tool: z.string(), why: z.string() })).exactOptional(),
  /** Tools of the API that it names and that a rule keeps from being offered, because no person can be asked about their calls. */
  toolsDenied: z
    .array(
      z.strictObject({ tool: z.string(), rule: z.string(), of: z.enum(['daemon', 'session']) }),
    )
    .exactOptional(),
  /** Two programs went on with it: the branch that its model sees, of how many. */
  branch: z.strictObject({ chosen: z.int(), of: z.int() }).exactOptional(),
});

const explain = sessionVerb('explain', {
  request: z.strictObject({}),
  reply: ExplainReply,
  run: async ({ caller, key, permissions, places }) => {
    const { head } = await caller.openKnown(key);
    const [first] = head.openTurns;
    const waitsFor = waitsForOf(head, heldOf(key, caller.system, places));
    const { mode, policies, rules, connectors = [] } = permissions;
    const toolbox = caller.system.find(toolboxName);
    return {
      sessionId: key.sessionId,
      status: head.status,
      waitsFor,
      why: WHY[waitsFor],
      ...(first === undefined ? {} : { turnId: first.turnId }),
      queued: Math.max(0, head.openTurns.length - 1),
      ...(head.delayed === undefined ? {} : { delayed: head.delayed.map(delayedView) }),
      calls: callsOf(key, first, callsIn(head, caller.system)),
      ...(first?.phase?.kind === 'waiting' ? { retryAt: iso(first.phase.dueMs) } : {}),
      ...(head.lastError === undefined ? {} : { lastError: head.lastError }),
      permissions: {
        mode: effectiveMode(head.permissionMode ?? mode),
        policies: policies
          .map(({ name }) => name)
          .filter((name) => head.policies?.includes(name) ?? true),
        allowed: [...(head.allowedTools ?? [])],
        denied: [...(head.disallowedTools ?? [])],
        daemonRules: rules.allow.length + rules.ask.length + rules.deny.length,
        ...sandboxOf(caller.system.find(sandboxName)),
      },
      ...toolsExplained(head, toolbox, { rules, connectors }),
      ...(head.branches === undefined
        ? {}
        : { branch: { chosen: head.branches.chosen, of: head.branches.all.length } }),
    };
  },
});

const sandboxOf = (sandbox: Sandbox | undefined) =>
  sandbox === undefined
    ? {}
    : {
        sandbox: sandboxInForce(sandbox),
        ...(sandbox.missing === undefined ? {} : { sandboxMissing: sandbox.missing }),
      };

export const explainVerbs = { explain };

const delayedView = ({ turnId, dueMs }: DelayedTurn) => ({ turnId, deliverAt: iso(dueMs) });

const callsOf = (key: SessionKey, turn: OpenTurn | undefined, waiting: readonly CallView[]) =>
  turn?.phase?.kind === 'tools'
    ? turn.phase.calls.map((call) => {
        const { toolUseId, name, state } = call;
        const since = sinceOf(call);
        const isChild = name === 'Agent' && state === 'started';
        return {
          ...{ toolUseId, name, state },
          ...(isChild ? { child: childIdOf({ key, turnId: turn.turnId, toolUseId }) } : {}),
          ...(since === undefined ? {} : { since: iso(since) }),
          ...whyOf(waiting.find((each) => each.toolUseId === toolUseId)),
        };
      })
    : [];

const whyOf = (waiting: CallView | undefined) => {
  if (waiting === undefined) return {};
  const { approvalId, reason, commands, files } = waiting;
  return { approvalId, reason, commands, files };
};

const sinceOf = (call: OpenCall): number | undefined => {
  if (call.state === 'started') return call.atMs;
  return call.state === 'asked' ? call.asked.atMs : undefined;
};
