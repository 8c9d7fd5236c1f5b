/** A session as people read it: by what there is to say of it. */
import type { SessionView } from '../session/verbs/reply-schemas.ts';
import { facts, money } from './format.ts';

/** Counters that stand at zero say nothing. */
export const sessionText = ({
  usage,
  totalCostUsd,
  knownCostUsd,
  ...session
}: SessionView): string =>
  facts({
    ...nonZero(session),
    usage: nonZero(usage),
    cost: money(totalCostUsd, knownCostUsd),
  });

const nonZero = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
