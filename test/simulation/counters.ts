/** How often what a simulation is for has really happened. A simulation in which nothing happens proves nothing. */

export type Counters = Map<string, number>;

/** What has to happen in 2,000 seeds, and how often at the least. */
export const REQUIRED: Readonly<Record<string, number>> = {
  'restart under one_for_one': 3000,
  'restart under one_for_all': 8000,
  'restart under rest_for_one': 5000,
  'restart under dynamic': 600,
  'restart after a gap': 3000,
  'failed restart': 4000,
  'tree that did not start': 70,
  'init that took too long': 500,
  'child that was not wanted': 400,
  'supervisor gave up': 900,
  'root gave up': 250,
  'stop by order': 20000,
  'brutal kill': 3000,
  'child killed because it was late': 180,
  'crash while ending': 400,
  'late init closed': 80,
  'parked child': 300,
  'parked child started again': 60,
  max_children: 130,
  'call answered': 9000,
  'call timeout': 1400,
  'call noproc': 6000,
  'call callee_died': 15000,
  'call mailbox_full': 20000,
  'call failed by its handler': 500,
  'answer that came too late': 350,
  'call not carried out because its time was up': 500,
  'answer after a commit': 700,
  'cast refused': 13000,
  DOWN: 600,
  'DOWN of a dead actor': 350,
  'DOWN taken back': 250,
  'death by link': 180,
  'trapped exit': 400,
  'key registered': 2000,
  'key taken': 400,
  'key freed by a death': 280,
  'task done': 1300,
  'task timeout': 1100,
  'task refused': 240,
  'task lost with its supervisor': 450,
};

export const add = (total: Counters, more: Counters): void => {
  for (const [what, times] of more) total.set(what, (total.get(what) ?? 0) + times);
};

/** What did not happen as often as it has to in so many seeds. */
export const tooRare = (
  counters: Counters,
  seeds: number,
  required: Readonly<Record<string, number>>,
): string[] =>
  Object.entries(required).flatMap(([what, in2000]) => {
    const least = Math.floor((in2000 * seeds) / 2_000);
    const times = counters.get(what) ?? 0;
    return times < least ? [`${what}: ${times} times, not ${least}`] : [];
  });
