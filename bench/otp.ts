/**
 * What does the actor runtime cost? Each of its promises as a rate, beside a bare mailbox, the actor libraries of the same
 * language, and Elixir where it is installed; then memory, restarts, and what must not grow with size.
 */
import type { Bench, Settings } from './harness/bench.ts';
import { describeComputer } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';
import { compareMemory, lookAtGrowth } from './otp/growth.ts';
import { planOf } from './otp/plan.ts';
import { compareRates } from './otp/rates.ts';
import { type Entrant, entrants } from './otp/rival.ts';

export const otp: Bench = {
  name: 'otp',
  question: 'What does the actor runtime cost, beside a bare mailbox and other runtimes?',
  run: async (settings) => {
    const sheet = new Sheet();
    const plan = planOf(settings);
    describeComputer(sheet);
    const present = enter(sheet, settings);
    await compareRates(sheet, settings, plan, present);
    settings.say('  memory');
    await compareMemory(sheet, plan, present);
    settings.say('  growth');
    await lookAtGrowth(sheet, plan, present);
    return sheet;
  },
};

/** Those that can be asked; who is missing is said aloud, and in the results. */
const enter = (sheet: Sheet, { say }: Settings): readonly Entrant[] => {
  const all = entrants();
  for (const { title, missing } of all) {
    if (missing === undefined) continue;
    say(`  NOT COMPARED WITH ${title.toUpperCase()}: ${missing}`);
    sheet.remark(`Not compared with ${title}: ${missing}. Its goals were not judged.`);
  }
  const present = all.filter(({ missing }) => missing === undefined);
  sheet.configure('contestants', present.map(({ title }) => title).join(', '));
  return present;
};
