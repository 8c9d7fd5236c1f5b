/** `canUseTool` in the shape of the Agent SDK: what it is called with, and what it may answer. */
import { z } from 'zod';

/** A rule that may be added, as the Agent SDK writes one. */
export interface PermissionUpdate {
  readonly type: 'addRules';
  readonly rules: readonly { readonly toolName: string; readonly ruleContent?: string }[];
  readonly behavior: 'allow';
  readonly destination: 'session';
}

export interface CanUseToolContext {
  /** Aborted when the call waits no longer: another answer came first, its turn has ended, or Greenroom stops. */
  readonly signal: AbortSignal;
  /** Rules that would allow exactly this, for `updatedPermissions`; empty where no rule can. */
  readonly suggestions: readonly PermissionUpdate[];
  readonly toolUseID: string;
  /** What an answer over another way (`approve`) names. */
  readonly approvalId: string;
  readonly tenant: string;
  readonly sessionId: string;
  readonly turnId: string;
  /** Why the call waits for an answer. */
  readonly reason: string;
  /** The programs that it would run, as they were understood. */
  readonly commands: readonly string[];
  /** The files that it would open. */
  readonly files: readonly string[];
}

export type PermissionResult =
  | {
      readonly behavior: 'allow';
      /** In place of the model's own input. */
      readonly updatedInput?: Readonly<Record<string, unknown>> | undefined;
      /** Rules that the session gets. Only what `PermissionUpdate` describes is applied; other updates are logged. */
      readonly updatedPermissions?: readonly PermissionUpdate[] | undefined;
    }
  | {
      readonly behavior: 'deny';
      /** What the model reads. */
      readonly message: string;
      /** The turn ends too. */
      readonly interrupt?: boolean | undefined;
    };

/**
 * Answers a tool call that waits for an answer. Called once for each such call of any session, and again after a
 * restart. What it throws is logged, and the call waits on for another answer.
 */
export type CanUseTool = (
  toolName: string,
  input: Readonly<Record<string, unknown>>,
  context: CanUseToolContext,
) => Promise<PermissionResult> | PermissionResult;

const Update = z.object({
  type: z.literal('addRules'),
  rules: z.array(z.object({ toolName: z.string(), ruleContent: z.string().optional() })).min(1),
  behavior: z.literal('allow'),
  destination: z.literal('session'),
});

const Result = z.discriminatedUnion('behavior', [
  z.object({
    behavior: z.literal('allow'),
    updatedInput: z.record(z.string(), z.unknown()).optional(),
    updatedPermissions: z.array(z.unknown()).optional(),
  }),
  z.object({
    behavior: z.literal('deny'),
    message: z.string(),
    interrupt: z.boolean().optional(),
  }),
]);

/** An answer that was understood. */
export type Understood =
  | {
      readonly behavior: 'allow';
      readonly input: Readonly<Record<string, unknown>> | undefined;
      /** Rules as texts. */
      readonly rules: readonly string[];
      /** Updates that are not applied. */
      readonly unknown: readonly unknown[];
    }
  | { readonly behavior: 'deny'; readonly message: string; readonly interrupt: boolean };

/** Throws for what is no answer: the function may come from a program without a compiler. */
export const understood = (answer: unknown): Understood => {
  const result = Result.parse(answer);
  if (result.behavior === 'deny') {
    const { message, interrupt = false } = result;
    return { behavior: 'deny', message, interrupt };
  }
  const { updatedInput: input, updatedPermissions = [] } = result;
  const updates = updatedPermissions.map((update) => Update.safeParse(update));
  const rules = updates.flatMap(({ data }) => (data?.rules ?? []).map(textOf));
  const unknown = updatedPermissions.filter((_, at) => updates[at]?.success === false);
  return { behavior: 'allow', input, rules, unknown };
};

const textOf = ({ toolName, ruleContent }: z.output<typeof Update>['rules'][number]): string =>
  ruleContent === undefined ? toolName : `${toolName}(${ruleContent})`;

/** The other way round: `Bash(npm test)` as an update. */
export const suggestionOf = (rule: string): PermissionUpdate => {
  const [, toolName = rule, ruleContent] = /^([^(]+)(?:\(([\s\S]*)\))?$/.exec(rule) ?? [];
  return {
    type: 'addRules',
    rules: [ruleContent === undefined ? { toolName } : { toolName, ruleContent }],
    behavior: 'allow',
    destination: 'session',
  };
};
