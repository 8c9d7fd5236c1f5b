/**
 * Judges a history of one session: whether the operations of all its clients can be put in one order, each
 * at a moment between its call and its return, in which a list that is only appended to behaves as they saw.
 *
 * What is stored in the end is the order of the appends that landed. That makes the search (Wing and Gong's)
 * one walk: in each state go all operations that change nothing, fit it and may come now, as long as there
 * are any, for doing so takes nothing from the others; then the one append that comes next.
 */

/** An operation as its client saw it; times in nanoseconds of the machine's clock. */
export interface Operation {
  readonly client: string;
  readonly kind: 'append' | 'read';
  readonly calledAt: number;
  readonly returnedAt: number;
  /** `unknown`: it failed, and may have landed or not, then or later. */
  readonly outcome: 'ok' | 'conflict' | 'unknown';
  /** What was appended. */
  readonly value?: string;
  /** How long the list was whose version the append named. */
  readonly expected?: number;
  /** What was read. */
  readonly values?: readonly string[];
  readonly version?: number;
  readonly code?: string;
}

/** What is wrong with a history, in sentences; `stored` is what stands there after all of it. */
export const judgeHistory = (
  history: readonly Operation[],
  stored: readonly string[],
): readonly string[] => {
  const wrong = [...ofValues(history, stored), ...ofVersions(history)];
  return wrong.length > 0 ? wrong : ofOrder(history, stored);
};

/** Nothing is lost, doubled or made up, and every reading is how the list began. */
const ofValues = (history: readonly Operation[], stored: readonly string[]): string[] => {
  const wrong: string[] = [];
  const appends = new Map(
    history.flatMap((each) => (each.value === undefined ? [] : [[each.value, each]])),
  );
  if (new Set(stored).size < stored.length) wrong.push('a value is stored twice');
  for (const value of stored) {
    const append = appends.get(value);
    if (append === undefined) wrong.push(`${value} is stored, and nobody appended it`);
    else if (append.outcome === 'conflict') wrong.push(`${value} is stored, and was refused`);
  }
  for (const { value, outcome } of appends.values())
    if (outcome === 'ok' && value !== undefined && !stored.includes(value))
      wrong.push(`${value} was acknowledged, and is not stored`);
  for (const { client, values = [] } of history)
    if (values.some((value, at) => stored[at] !== value))
      wrong.push(`${client} read what was never the list`);
  return wrong;
};

/** A version means one state, and grows with it. */
const ofVersions = (history: readonly Operation[]): string[] => {
  const lengths = new Map<number, number>();
  const wrong: string[] = [];
  for (const { version, values } of history) {
    if (version === undefined || values === undefined) continue;
    if ((lengths.get(version) ?? values.length) !== values.length)
      wrong.push(`version ${version} was read with different values`);
    lengths.set(version, values.length);
  }
  const byVersion = [...lengths].sort(([a], [b]) => a - b);
  for (const [at, [version, length]] of byVersion.entries())
    if (at > 0 && length <= (byVersion[at - 1]?.[1] ?? 0))
      wrong.push(`version ${version} has no more values than the one before`);
  return wrong;
};

/** Whether it changes nothing and may have happened while the list was so long. */
const fits = ({ kind, outcome, expected, values }: Operation, length: number): boolean => {
  if (kind === 'read') return values?.length === length;
  return outcome === 'conflict' && expected !== length;
};

const ofOrder = (history: readonly Operation[], stored: readonly string[]): string[] => {
  // An append of unknown fate may land after its client gave up; one that did not land never happened.
  const left = new Set(
    history
      .filter(({ kind, outcome, value = '' }) =>
        outcome === 'unknown' ? kind === 'append' && stored.includes(value) : true,
      )
      .map((each) => (each.outcome === 'unknown' ? { ...each, returnedAt: Infinity } : each)),
  );
  for (let length = 0; length <= stored.length; length += 1) {
    for (let hasMoved = true; hasMoved; ) {
      const deadline = earliestReturn(left);
      const next = [...left].filter((each) => each.calledAt <= deadline && fits(each, length));
      for (const each of next) left.delete(each);
      hasMoved = next.length > 0;
    }
    if (length === stored.length) break;
    const append = [...left].find(({ value }) => value === stored[length]);
    if (append === undefined || append.calledAt > earliestReturn(left))
      return [`${stored[length]} lies at ${length}, and ${nameFirst(left)} cannot come before it`];
    if (append.expected !== undefined && append.expected !== length)
      return [`${append.value} was to be at ${append.expected}, and lies at ${length}`];
    left.delete(append);
  }
  return left.size === 0 ? [] : [`${nameFirst(left)} has no place in the order`];
};

const earliestReturn = (operations: ReadonlySet<Operation>): number => {
  let earliest = Infinity;
  for (const { returnedAt } of operations) earliest = Math.min(earliest, returnedAt);
  return earliest;
};

const nameFirst = (operations: ReadonlySet<Operation>): string => {
  const [first] = [...operations].sort((a, b) => a.returnedAt - b.returnedAt);
  if (first === undefined) return 'nothing';
  const { client, kind, outcome, value, expected, values } = first;
  return `${client}’s ${kind} ${JSON.stringify({ outcome, value, expected, read: values?.length })}`;
};
