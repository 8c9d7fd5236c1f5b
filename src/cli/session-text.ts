/** A session as people read it: by what there is to say of it. */
import type { SessionView } from '../session/verbs/reply-schemas.ts';
import { facts, money } from './format.ts';

/** Counters that stand at zero say nothing. */
export const sessionText = ({
  usage,
  totalCostUsd,
  knownCostUsd,
  waits,
  branches,
  ...session
}: SessionView): string =>
  facts({
    ...nonZero(session),
    'waits for': waits && waitText(waits),
    branches: branches && branchesText(branches),
    usage: nonZero(usage),
    cost: money(totalCostUsd, knownCostUsd),
  });

const nonZero = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));

const waitText = ({ what, why, turnId, until }: NonNullable<SessionView['waits']>): string => {
  const turn = turnId === undefined ? '' : ` (turn ${turnId})`;
  return `${what}, ${until === undefined ? '' : `until ${until}, `}${why}${turn}`;
};

/** Two programs went on with it. */
const branchesText = ({ chosen, numbers }: NonNullable<SessionView['branches']>): string =>
  `${numbers.length}, the model sees ${chosen}: sessions branches`;
