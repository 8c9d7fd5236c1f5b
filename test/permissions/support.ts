/** One decision, in a working folder without links. */
import {
  decide,
  type PermissionContext,
  type PermissionDecision,
} from '../../src/permissions/decide.ts';
import { type RuleTexts, readRules } from '../../src/permissions/rule-set.ts';

export const HOME = '/home/ada';
export const CWD = '/home/ada/app';

/** @param links each path with what the link there leads to. */
export const filesWith = (links: Readonly<Record<string, string>> = {}) => ({
  readLink: (path: string) => (Object.hasOwn(links, path) ? links[path] : undefined),
});

export const contextWith = (changes: Partial<PermissionContext> = {}): PermissionContext => ({
  ...{ mode: 'default', cwd: CWD, home: HOME, files: filesWith() },
  ...changes,
});

export const bash = (
  command: string,
  rules: RuleTexts = {},
  changes: Partial<PermissionContext> = {},
): PermissionDecision =>
  decide(
    { tool: 'Bash', input: { command } },
    readRules(rules, { scope: 'session' }),
    contextWith(changes),
  );

export const call = (
  tool: string,
  input: Readonly<Record<string, unknown>>,
  rules: RuleTexts = {},
  changes: Partial<PermissionContext> = {},
): PermissionDecision =>
  decide({ tool, input }, readRules(rules, { scope: 'session' }), contextWith(changes));
