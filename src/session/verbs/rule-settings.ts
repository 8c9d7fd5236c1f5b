/**
 * Permission rules where they are set: one that could never match is refused, because its author relies on it. What is
 * stored already, by classic stores or an older version, stays as it is: `src/session/tools/judge.ts` says what it is worth.
 */
import type { Settings } from '../../model/head.ts';
import type { Behavior } from '../../permissions/rule.ts';
import { parseRule, printRule } from '../../permissions/rule.ts';
import { toolboxName } from '../ports/tools.ts';
import type { Ground } from './verb.ts';

/** As it is printed. Throws `invalid_settings`, with what was probably meant. */
export const ruleToSet = ({ caller }: Ground, text: string, behavior: Behavior): string => {
  const tools = caller.system.find(toolboxName)?.tools.map(({ name }) => name) ?? [];
  return printRule(parseRule(text, { behavior, tools }));
};

/** Throws `invalid_settings` for the first rule that could never match. */
export const mustBeRules = (
  ground: Ground,
  { allowedTools = [], disallowedTools = [] }: Pick<Settings, 'allowedTools' | 'disallowedTools'>,
): void => {
  for (const text of allowedTools) ruleToSet(ground, text, 'allow');
  for (const text of disallowedTools) ruleToSet(ground, text, 'deny');
};
