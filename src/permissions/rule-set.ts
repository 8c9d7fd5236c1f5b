/** Rules of several scopes as one set. A deny is never lifted, because sets are only ever put together. */
import { type Behavior, parseRule, type Rule } from './rule.ts';

export const RULE_SCOPES = ['daemon', 'tenant', 'session', 'turn'] as const;
export type RuleScope = (typeof RULE_SCOPES)[number];

export interface ScopedRule extends Rule {
  readonly scope: RuleScope;
  /** What a path that begins with one `/` is relative to. Default: the session's working folder. */
  readonly settingsFolder: string | undefined;
}

export type RuleSet = Readonly<Record<Behavior, readonly ScopedRule[]>>;

export type RuleTexts = Readonly<Partial<Record<Behavior, readonly string[]>>>;

export interface RuleSource {
  readonly scope: RuleScope;
  /** An absolute path. */
  readonly settingsFolder?: string;
  /** Names of tools that are not built in. */
  readonly tools?: readonly string[];
}

export const NO_RULES: RuleSet = { allow: [], ask: [], deny: [] };

/** Reads the rules of one scope. Throws `invalid_settings` for the first that could never match. */
export const readRules = (texts: RuleTexts, source: RuleSource): RuleSet => {
  const { scope, settingsFolder, tools } = source;
  const read = (behavior: Behavior) =>
    (texts[behavior] ?? []).map((text): ScopedRule => {
      const rule = parseRule(text, tools === undefined ? { behavior } : { behavior, tools });
      return { ...rule, scope, settingsFolder };
    });
  return { allow: read('allow'), ask: read('ask'), deny: read('deny') };
};

export const mergeRules = (...sets: readonly RuleSet[]): RuleSet => ({
  allow: sets.flatMap(({ allow }) => allow),
  ask: sets.flatMap(({ ask }) => ask),
  deny: sets.flatMap(({ deny }) => deny),
});
