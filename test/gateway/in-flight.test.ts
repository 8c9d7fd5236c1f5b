/** Requests under way: as many as there is room for, each settled once, none longer than its deadline. */
import { describe, expect, it } from 'vitest';
import { InFlight, type Ticket } from '../../src/gateway/in-flight.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';

const begin = (limit = 10) => {
  const clock = virtualClock();
  const requests = new InFlight(limit, clock);
  const late: string[] = [];
  const enter = (name: string, timeoutMs = 1_000): Ticket =>
    requests.enter('acme', timeoutMs, ({ code }) => late.push(`${name} ${code}`));
  return { clock, requests, late, enter };
};

describe('requests under way', () => {
  it('are late when their time is over, and then nobody else may answer', async () => {
    const { clock, requests, late, enter } = begin();
    const [short, long] = [enter('short', 300), enter('long', 5_000)];
    await clock.advance(1_000);
    expect(late).toEqual(['short deadline_exceeded']);
    expect([requests.leave(short), requests.leave(long), requests.leave(long)]).toEqual([
      ...[false, true, false],
    ]);
  });

  it('are ended together, whatever their ends begin and end', () => {
    const { requests, late, enter } = begin();
    const others = [enter('a'), enter('b')];
    requests.enter('acme', 1_000, () => {
      for (const other of others) requests.leave(other);
    });
    requests.endAll(new GreenroomError('draining', 'this daemon is stopping'));
    expect(late).toEqual(['a draining', 'b draining']);
    expect(requests.size).toBe(0);
  });

  it('leave room for others', () => {
    const { requests, enter } = begin(2);
    const first = enter('first');
    enter('second');
    expect(() => enter('third')).toThrow(expect.objectContaining({ code: 'mailbox_full' }));
    requests.leave(first);
    expect(enter('third').timeoutMs).toBe(1_000);
  });

  it('say when none is left', async () => {
    const { requests, enter } = begin();
    const [a, b] = [enter('a'), enter('b')];
    const told: string[] = [];
    const idle = requests.idle().then(() => told.push('idle'));
    requests.leave(b);
    await Promise.resolve();
    expect(told).toEqual([]);
    requests.leave(a);
    await idle;
    expect(told).toEqual(['idle']);
  });
});
