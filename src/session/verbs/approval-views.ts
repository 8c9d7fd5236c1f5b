/** What waits for a person, as it is shown: tool calls that ask, what tools ask while they run, and budgets that are used up. */
import { z } from 'zod';
import { isToolUse } from '../../claude-code/api-blocks.ts';
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
import { decodeMessage } from '../context/model-message.ts';
import { budgetQuestion } from '../machine/apply-money.ts';
import type { ToolUse } from '../ports/executor.ts';
import type { SessionReader } from '../ports/journal.ts';
import { SANDBOXES, sandboxInForce, sandboxName } from '../ports/tools.ts';
import { ownUse, toolsOfCall } from '../tools/api-tools.ts';
import { COMMAND_TOOLS } from './rule-settings.ts';

export const ApprovalId = z.string().min(1).max(300);

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

export const callShape = {
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
export const BudgetView = z.strictObject({
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
export type BudgetView = z.infer<typeof BudgetView>;

export const CallView = z.strictObject(callShape);
export type CallView = z.infer<typeof CallView>;
export type ApprovalView = CallView | BudgetView;

type AskedCall = Extract<OpenCall, { readonly state: 'asked' }>;

/** What waits for a person in a session. */
export const askedIn = (
  { key, openTurns: [first] }: Head,
  system: Pick<System, 'find'>,
): readonly ApprovalView[] =>
  first?.phase === undefined ? [] : askedBy(first, first.phase, key, system);

export const callsIn = (head: Head, system: Pick<System, 'find'>): readonly CallView[] =>
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
export const inputsOf = async (
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
