/** Whatever comes from outside is refused, or is a session like every other. */
import { expect, it } from 'vitest';
import { isFull } from '../chaos/size.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { basesIn } from './bases.ts';
import { fuzz } from './fuzz.ts';

const CASES = isFull() ? 5_000 : 300;
const SEED = Number(process.env['GREENROOM_SEED'] ?? 1);

it('mutated exports, transcripts, mirrors and classic files break nothing', async () => {
  const test = await testGreenroom();
  const bases = await basesIn(test.greenroom);
  const { faults, taken } = await fuzz(test, bases, { seed: SEED, cases: CASES });
  expect(faults).toEqual([]);
  // Some harm none: else nothing of this was used.
  expect(taken).toBeGreaterThan(CASES / 20);
}, 1_800_000);
