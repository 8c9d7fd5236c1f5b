/** `kill -9` while words are taken in: the next life says what the journal has. */
import { expect, it } from 'vitest';
import { isFull } from '../chaos/size.ts';
import { unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { caughtUp } from './caught-up.ts';
import { Oracle } from './oracle.ts';

const KILLS = isFull() ? 50 : 1;
/** For a busy machine: each life is the start of a process. */
const TIMEOUT_MS = KILLS * 120_000;
const TURNS = 15;

it('killed in the middle, it agrees with the journal again', { timeout: TIMEOUT_MS }, async () => {
  const test = await unstartedGreenroom({ textSearch: 'talk' });
  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new GreenroomProcess(test.dataDir, test.rehearsal.url, {
      GREENROOM_TEXT_SEARCH: 'talk',
    });
    await life.saw('ready');
    for (let n = 0; n < TURNS; n += 1)
      life.turn(`s${n % 7}`, `life${kill} turn${n} of many words`, `t-${kill}-${n}`);
    await life.saw('turn.finished', `t-${kill}-${(kill * 7) % TURNS}`);
    await life.kill();
  }
  await test.start();
  await caughtUp(test);
  const oracle = await Oracle.of(test.greenroom);
  const questions = oracle.questions(40);
  expect(questions.length).toBeGreaterThan(20);
  for (const text of questions) {
    const { sessions } = await test.sessions.search({ text });
    expect(sessions.map(({ sessionId }) => sessionId).toSorted(), text).toEqual(oracle.find(text));
  }
});
