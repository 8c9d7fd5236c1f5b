/** The `text` criteria that stand in a condition. */
import type { Condition } from './criteria.ts';

/** All of them, each once. */
export const textsIn = (condition: Condition): readonly string[] => [
  ...new Set(collected(condition, true)),
];

/** Those that a session is found by, and not left out for. */
export const soughtIn = (condition: Condition): readonly string[] => [
  ...new Set(collected(condition, false)),
];

const collected = (condition: Condition, withLeftOut: boolean): readonly string[] => {
  const { text, allOf, anyOf, noneOf } = condition;
  if (text === undefined && allOf === undefined && anyOf === undefined && noneOf === undefined)
    return NO_TEXTS;
  const inner = [...(allOf ?? []), ...(anyOf ?? []), ...(withLeftOut ? (noneOf ?? []) : [])];
  return [
    ...(text === undefined ? [] : [text]),
    ...inner.flatMap((one) => collected(one, withLeftOut)),
  ];
};

const NO_TEXTS: readonly string[] = [];
