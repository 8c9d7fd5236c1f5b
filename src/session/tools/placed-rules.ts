/** Rules about tools whose calls never come here, so that they decide what is offered: what denies, and what would ask. Pure. */
import { parseRule, type Rule } from '../../permissions/rule.ts';
import type { RuleSet } from '../../permissions/rule-set.ts';

/** Of the daemon. */
export type KeepingRules = Pick<RuleSet, 'ask' | 'deny'>;

/** What is not offered, and why. */
export interface KeptTool {
  /** As the session names it. */
  readonly type: string;
  /** As it is written, and where. */
  readonly rule: string;
  readonly of: 'daemon' | 'session';
}

export interface PlacedRule extends Pick<KeptTool, 'of'> {
  readonly text: string;
  /** undefined: it cannot be read; older stores may hold any text. */
  readonly rule: Rule | undefined;
}

/** In the order in which they are asked. @param own of the session: they deny. */
export const placedRules = (
  { deny, ask }: KeepingRules,
  own: readonly string[] = [],
): readonly PlacedRule[] => [
  ...[...deny, ...ask].map((rule): PlacedRule => ({ of: 'daemon', text: rule.text, rule })),
  ...own.map((text): PlacedRule => ({ of: 'session', text, rule: readable(text) })),
];

export const keptBy = (type: string, { text, of }: PlacedRule): KeptTool => ({
  ...{ type, rule: text, of },
});

const readable = (text: string): Rule | undefined => {
  try {
    return parseRule(text, { behavior: 'deny', tools: [text.replace(/\(.*$/s, '')] });
  } catch {
    return undefined;
  }
};
