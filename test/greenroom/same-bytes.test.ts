/**
 * What the model is sent does not depend on whether the session was awake: the same operations on one
 * that stays live and on one that is put to sleep, or killed, in between give the same requests, byte
 * for byte. (P8 rests on the live context; durability rests on it being only a copy.)
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { gate, until } from '../support/until.ts';

/** What happens to the session's actor between two operations, and in the middle of one. */
type Fate = 'stays' | 'sleeps' | 'is killed';

interface Scene {
  readonly test: TestGreenroom;
  readonly name: string;
  readonly fate: Fate;
  /** Replaces the promise that held answers wait for. */
  readonly hold: () => ReturnType<typeof gate>;
}

type Operation = (scene: Scene) => Promise<unknown>;

const says = (directives: string): Operation =>
  named(directives, ({ test, name }) => test.run(name, `Do it. ${directives}`));

const named = (name: string, operation: Operation): Operation =>
  Object.assign(operation, { [fc.toStringMethod]: () => name });

const meet = async ({ test, name, fate }: Scene): Promise<void> => {
  if (fate !== 'is killed') return;
  const before = test.live(name);
  if (before === undefined) return;
  test.greenroom.system.exit(before, 'kill');
  await until(() => ![undefined, before].includes(test.live(name)));
};

const restBetween = async ({ test, name, fate }: Scene): Promise<void> => {
  const ref = test.live(name);
  if (fate !== 'stays' && ref !== undefined) await test.greenroom.system.stop(ref);
};

/** A turn that runs while others queue up behind it; `cancels` names turns to cancel, 0 the running one. */
const crowd = (count: number, cancels: readonly number[]): Operation =>
  named(`crowd(${count}, [${cancels}])`, async (scene) => {
    const { test, name, hold } = scene;
    const answer = hold();
    const id = (at: number) => `${test.modelCalls.length}-${at}`;
    const ids = Array.from({ length: count + 1 }, (_, at) => id(at));
    const readings = [test.begin(name, 'hold', { turnId: ids[0] })];
    await readings[0]?.saw('delta');
    for (const turnId of ids.slice(1)) {
      const waiting = test.begin(name, `waited as ${readings.length}`, { turnId });
      await waiting.saw('turn.accepted');
      readings.push(waiting);
    }
    await meet(scene);
    for (const at of cancels) await test.sessions.cancel(name, ids[at]);
    answer.open();
    await Promise.all(readings.map(({ done }) => done));
  });

const append = (...messages: { role: 'user' | 'assistant'; content: string | object[] }[]) =>
  named('append', ({ test, name }) =>
    test.sessions.append(name, messages as Parameters<typeof test.sessions.append>[1]),
  );

const set = (settings: Parameters<TestGreenroom['sessions']['update']>[1]): Operation =>
  named(JSON.stringify(settings), async ({ test, name }) => {
    await test.sessions.append(name, [{ role: 'user', content: 'so that it exists' }]);
    await test.sessions.update(name, settings);
  });

const OPERATIONS: Operation[] = [
  says(''),
  says('[[rehearse: text="été 漢字 \\"quoted\\""]]'),
  says('[[rehearse: thinking="hm" text=so]]'),
  says('[[rehearse: thinking="only thoughts"]]'),
  says('[[rehearse: tool=Bash input={"n":1.50} tool=Read]] [[rehearse: text=done]]'),
  says('[[rehearse: thinking=first text=then tool=Bash]] [[rehearse: tool=Read]]'),
  says('[[rehearse: text=a stop=pause_turn]] [[rehearse: text=b]]'),
  says('[[rehearse: text=no refusal=never]]'),
  says('[[rehearse: text=half stop=max_tokens]]'),
  says('[[rehearse: text="  "]]'),
  says('[[rehearse: status=400]]'),
  says('[[rehearse: tool=Bash]] [[rehearse: status=400]]'),
  says('[[rehearse: text=onetwo chunks=2 error-after=3 type=odd_error]]'),
  crowd(0, [0]),
  crowd(2, []),
  crowd(3, [1]),
  crowd(2, [0, 2]),
  append({ role: 'user', content: 'by hand' }),
  append(
    { role: 'assistant', content: [{ type: 'text', text: 'an answer by hand' }] },
    { role: 'user', content: [{ type: 'text', text: 'and a question' }] },
  ),
  set({ systemPrompt: 'Be brief.' }),
  set({ maxTokens: 100 }),
  named('another model', ({ test, name }) =>
    test.run(name, 'What about you? [[rehearse: thinking=mine text=me]]', {
      model: 'claude-opus-5',
    }),
  ),
];

type Stage = Omit<Scene, 'fate' | 'name'>;

/** Plays the operations on a new session and gives the model's requests; one made again after a crash counts once. */
const play = async (
  { test, hold }: Stage,
  name: string,
  fate: Fate,
  operations: readonly Operation[],
): Promise<string[]> => {
  const scene = { test, hold, name, fate };
  test.rehearsal.clear();
  for (const operation of operations) {
    await operation(scene);
    await restBetween(scene);
  }
  await says('And now?')(scene);
  const bodies = test.modelCalls.map(({ rawBody }) => rawBody.toString());
  return bodies.filter((body, at) => body !== bodies[at - 1]);
};

/** A Greenroom whose answers to "hold" wait for the newest promise. */
const stage = async (): Promise<Stage> => {
  let answer = gate();
  const test = await testGreenroom({ script: (request) => holding(answer.opened)(request) });
  const hold = () => {
    answer = gate();
    return answer;
  };
  return { test, hold };
};

it('the model is sent the same bytes by a session that slept or crashed and by one that did not', async () => {
  const [here, there] = await Promise.all([stage(), stage()]); // side by side: most of a play is waiting for disks
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...OPERATIONS), { minLength: 1, maxLength: 6 }),
      fc.constantFrom<Fate>('sleeps', 'is killed'),
      async (operations, fate) => {
        run += 1;
        const [live, other] = await Promise.all([
          play(here, `s-${run}`, 'stays', operations),
          play(there, `s-${run}`, fate, operations),
        ]);
        expect(other).toEqual(live);
      },
    ),
    { numRuns: 100, interruptAfterTimeLimit: 20_000 },
  );
});

it('the model is sent the same bytes after a restart of all as without', async () => {
  const answer = gate();
  answer.open();
  const test = await testGreenroom({ script: holding(answer.opened) });
  const scene = { test, hold: () => answer };
  const before = await play(scene, 'a', 'stays', OPERATIONS.slice(0, 13));
  await play(scene, 'b', 'stays', OPERATIONS.slice(0, 13));
  await test.run('a', 'one more');
  const without = test.lastCall;
  await test.restart();
  await test.run('b', 'one more');
  expect(before.length).toBeGreaterThan(10);
  expect(test.lastCall).toBe(without);
});
