/** A hook as it is configured, checked: what is run, for which calls, and what its failure means. */
import type { RuleSet } from '../permissions/rule-set.ts';
import type { HookEvent, HookFunction, OnFailure } from '../session/ports/hooks.ts';
import type { Matcher } from './matcher.ts';

/** What is run. */
export type Work =
  | {
      readonly kind: 'command';
      readonly command: string;
      /** Present: `command` is a program, and no shell is asked. */
      readonly args?: readonly string[] | undefined;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'nats'; readonly subject: string }
  | {
      readonly kind: 'module';
      /** Absolute. */
      readonly path: string;
      readonly name: string;
    }
  | { readonly kind: 'function'; readonly call: HookFunction };

export interface Hook {
  /** Hooks with the same work are run once. Of a function: itself. */
  readonly identity: unknown;
  /** For people: the command, the address, without secrets. */
  readonly label: string;
  readonly work: Work;
  readonly timeoutMs?: number | undefined;
  readonly onFailure?: OnFailure | undefined;
  /** A permission rule that denies: the hook is for calls that it may be about. */
  readonly only?: RuleSet | undefined;
  /** Nobody waits for it, and what it says is not heard. */
  readonly isAside: boolean;
}

export interface HookGroup {
  readonly matcher: Matcher;
  readonly hooks: readonly Hook[];
}

export type HookTable = Readonly<Partial<Record<HookEvent, readonly HookGroup[]>>>;

export const GATES: ReadonlySet<HookEvent> = new Set([
  ...(['PreToolUse', 'PermissionRequest', 'UserPromptSubmit'] as const),
]);

/** The tables one after the other. */
export const mergeTables = (...tables: readonly HookTable[]): HookTable => {
  const merged: Partial<Record<HookEvent, readonly HookGroup[]>> = {};
  for (const table of tables)
    for (const [event, groups] of Object.entries(table) as [HookEvent, readonly HookGroup[]][])
      merged[event] = [...(merged[event] ?? []), ...groups];
  return merged;
};

/** Those for a subject, each once; where two are the same, the stricter answer to a failure holds. */
export const hooksFor = (
  groups: readonly HookGroup[],
  subject: string | undefined,
): readonly Hook[] => {
  const found = new Map<unknown, Hook>();
  for (const { matcher, hooks } of groups) {
    if (!matcher(subject)) continue;
    for (const hook of hooks) {
      const same = found.get(hook.identity);
      if (same === undefined) found.set(hook.identity, hook);
      else if (hook.onFailure === 'block')
        found.set(hook.identity, { ...same, onFailure: 'block' });
    }
  }
  return [...found.values()];
};
