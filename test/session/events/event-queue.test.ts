/** Events between a session that tells and a reader who takes its time. */
import { describe, expect, it } from 'vitest';
import type { WireEvent } from '../../../src/model/event.ts';
import { EventQueue, MAX_WAITING_EVENTS } from '../../../src/session/events/event-queue.ts';

const event = (type: 'turn.started' | 'turn.finished'): WireEvent =>
  ({ type, turnId: 't' }) as WireEvent;

const readAll = async (queue: EventQueue): Promise<string[]> => {
  const types: string[] = [];
  for await (const { type } of queue.read()) types.push(type);
  return types;
};

describe('an event queue', () => {
  it('gives what came before and what comes later, to the end', async () => {
    const queue = new EventQueue();
    queue.push(event('turn.started'));
    const reading = readAll(queue);
    await Promise.resolve();
    queue.push(event('turn.started'));
    queue.push(event('turn.finished'));
    expect(await reading).toEqual(['turn.started', 'turn.started', 'turn.finished']);
  });

  it('gives nothing after the end, and does not fail any more', async () => {
    const queue = new EventQueue();
    queue.push(event('turn.finished'));
    queue.push(event('turn.started'));
    queue.fail(new Error('too late'));
    expect(await readAll(queue)).toEqual(['turn.finished']);
  });

  it('gives what came before it failed, then the failure', async () => {
    const queue = new EventQueue();
    queue.push(event('turn.started'));
    queue.fail(new Error('gone'));
    const events = queue.read();
    expect((await events.next()).value).toMatchObject({ type: 'turn.started' });
    await expect(events.next()).rejects.toThrow('gone');
  });

  it('gives a reader up that is too far behind', async () => {
    const queue = new EventQueue();
    for (let count = 0; count <= MAX_WAITING_EVENTS; count++) queue.push(event('turn.started'));
    await expect(readAll(queue)).rejects.toMatchObject({ code: 'mailbox_full' });
  });
});
