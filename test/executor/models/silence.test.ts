/** A call that says nothing any more is noticed, and one that speaks slowly is not. */
import { describe, expect, it } from 'vitest';
import { LONGEST_CALL_MS, Silence } from '../../../src/executor/models/silence.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';

const LIMIT = 120_000;

const watching = () => {
  const clock = virtualClock(0);
  const told: string[] = [];
  let bytes = 0;
  const moved = () => bytes;
  const watch = new Silence({ clock, limitMs: LIMIT, moved, onTooLong: (why) => told.push(why) });
  /** So many times one byte, with a pause before each. */
  const speak = async (times: number, pauseMs: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      await clock.advance(pauseMs);
      bytes += 1;
    }
  };
  return { clock, told, watch, speak };
};

describe('a call', () => {
  it('that never says a word is noticed at its limit', async () => {
    const { clock, told } = watching();
    await clock.advance(LIMIT - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['silent']);
  });

  it('that stops in the middle is noticed a limit later, or a quarter more', async () => {
    const { clock, told, speak } = watching();
    await speak(7, 10_000);
    await clock.advance(LIMIT - 10_000);
    expect(told).toEqual([]);
    await clock.advance(LIMIT / 4 + 10_000);
    expect(told).toEqual(['silent']);
  });

  it('may take ten times its limit while it goes on', async () => {
    const { told, speak } = watching();
    await speak(13, LIMIT * 0.75);
    expect(told).toEqual([]);
  });

  it('ends after an hour, whatever it says', async () => {
    const { told, speak } = watching();
    await speak(LONGEST_CALL_MS / 60_000 - 1, 60_000);
    expect(told).toEqual([]);
    await speak(2, 60_000);
    expect(told).toEqual(['endless']);
  });

  it('that has ended is watched no longer', async () => {
    const { clock, told, watch } = watching();
    watch.end();
    await clock.advance(10 * LIMIT);
    expect(told).toEqual([]);
  });
});
