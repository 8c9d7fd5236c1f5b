/**
 * Whether a history of one session is linearizable: is there one order of its operations, each at some moment between its
 * call and its answer, in which every answer is right? Searched for after Wing and Gong, with a memory of dead ends (Lowe).
 * A version is any number that grows with each change; how much, is the store's business.
 */
export type Operation =
  | { readonly kind: 'append'; readonly id: string; readonly expected?: number | undefined }
  | { readonly kind: 'update'; readonly turns: number; readonly expected?: number | undefined }
  | { readonly kind: 'load' };

export type Answer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'conflict' }
  | {
      readonly kind: 'state';
      readonly ids: readonly string[];
      readonly turns: number;
      readonly version: number;
    };

export interface Event {
  readonly operation: Operation;
  readonly answer: Answer;
  /** Of one counter for all: what was answered before another was called really came before it. */
  readonly calledAt: number;
  readonly answeredAt: number;
}

interface Model {
  readonly ids: readonly string[];
  readonly turns: number;
  /** undefined: a change has raised it, and nobody has seen to what. */
  readonly version: number | undefined;
  /** The highest that is known to have passed. */
  readonly passed: number;
}

const EMPTY: Model = { ids: [], turns: 0, version: undefined, passed: -1 };

export const isLinearizable = (events: readonly Event[]): boolean => {
  const sorted = events.toSorted((a, b) => a.calledAt - b.calledAt);
  const done = sorted.map(() => false);
  const deadEnds = new Set<string>();

  const search = (first: number, left: number, model: Model): boolean => {
    if (left === 0) return true;
    let from = first;
    while (done[from]) from += 1;
    const key = keyOf(done, from, model);
    if (deadEnds.has(key)) return false;
    for (const at of candidates(sorted, done, from)) {
      const next = step(model, sorted[at]);
      if (next === undefined) continue;
      done[at] = true;
      const isHopeful = next.ids === model.ids || willBeSeen(sorted, done, from, next.ids);
      if (isHopeful && search(from, left - 1, next)) return true;
      done[at] = false;
    }
    deadEnds.add(key);
    return false;
  };
  return search(0, sorted.length, EMPTY);
};

/** Those that nobody who is still to come has been answered before. */
const candidates = (
  sorted: readonly Event[],
  done: readonly boolean[],
  from: number,
): readonly number[] => {
  const open: number[] = [];
  let firstAnswer = Number.POSITIVE_INFINITY;
  for (let at = from; at < sorted.length; at += 1) {
    const event = sorted[at];
    if (event === undefined || event.calledAt > firstAnswer) break;
    if (done[at]) continue;
    open.push(at);
    firstAnswer = Math.min(firstAnswer, event.answeredAt);
  }
  return open.filter((at) => (sorted[at]?.calledAt ?? 0) < firstAnswer);
};

/**
 * Messages stay where they are: so the last one stands at its place in every state that is still to be read. Without
 * this a wrong history would be searched for minutes, through all the orders of what overlaps in it.
 */
const willBeSeen = (
  sorted: readonly Event[],
  done: readonly boolean[],
  from: number,
  ids: readonly string[],
): boolean => {
  const place = ids.length - 1;
  return sorted.every(
    ({ answer }, at) =>
      at < from || done[at] || answer.kind !== 'state' || answer.ids[place] === ids[place],
  );
};

/** What is done beyond the first that is not, and what the order among it has led to. */
const keyOf = (done: readonly boolean[], from: number, { ids, turns, version, passed }: Model) =>
  [
    from,
    done.slice(from).map(Number).join('').replace(/0+$/, ''),
    ids,
    turns,
    version,
    passed,
  ].join('|');

/** The state after an operation; undefined if it would not have been answered so. */
const step = (model: Model, event: Event | undefined): Model | undefined => {
  if (event === undefined) return undefined;
  const { operation, answer } = event;
  if (operation.kind === 'load') return answer.kind === 'state' ? seen(model, answer) : undefined;
  const { expected } = operation;
  const isMatch = expected === undefined || mayBe(model, expected);
  if (answer.kind === 'conflict')
    return expected !== undefined && model.version !== expected ? model : undefined;
  if (answer.kind !== 'ok' || !isMatch) return undefined;
  const raised = { version: undefined, passed: expected ?? model.version ?? model.passed };
  return operation.kind === 'append'
    ? { ...model, ...raised, ids: [...model.ids, operation.id] }
    : { ...model, ...raised, turns: operation.turns };
};

const mayBe = ({ version, passed }: Model, asked: number): boolean =>
  version === undefined ? asked > passed : asked === version;

const seen = (model: Model, found: Extract<Answer, { kind: 'state' }>): Model | undefined => {
  const isSame =
    found.turns === model.turns &&
    found.ids.length === model.ids.length &&
    found.ids.every((id, at) => id === model.ids[at]);
  return isSame && mayBe(model, found.version) ? { ...model, version: found.version } : undefined;
};
