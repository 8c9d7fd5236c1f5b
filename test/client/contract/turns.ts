/** Cases of the contract: a turn, read in a loop or at its end, cancelled, joined, refused. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GreenroomApi, WireEvent } from '../../../src/index.ts';
import { toolCalls } from '../../support/tool-turns.ts';
import { until } from '../../support/until.ts';
import { all, begun, type Place } from './place.ts';

export const turnCases = (place: () => Place) =>
  describe('a turn', () => {
    const id = (word: string) => place().id(word);
    let greenroom: GreenroomApi;
    beforeAll(() => {
      greenroom = place().greenroom;
    });
    test('tells its events in order, under the id that it has from the start', async () => {
      const turn = greenroom.turn(id('events'), 'Hello');
      const events = await all(turn);
      expect([...new Set(events.map(({ type }) => type))]).toEqual([
        ...['turn.accepted', 'turn.started', 'delta', 'message', 'turn.finished'],
      ]);
      expect(events.map(({ n }) => n)).toEqual(events.map((_, at) => at + 1));
      expect(new Set(events.map(({ turnId }) => turnId))).toEqual(new Set([turn.turnId]));
      expect(turn.sessionId).toBe(id('events'));
    });

    test('does not begin before it is read', async () => {
      const turn = greenroom.turn(id('unread'), 'Hello');
      await expect(greenroom.sessions.get(id('unread'))).rejects.toMatchObject({
        code: 'session_not_found',
      });
      await expect(turn.cancel()).rejects.toMatchObject({ code: 'session_not_found' });
    });

    test('gives its text, its last message and its end, in any order and together', async () => {
      const turn = greenroom.turn(id('whole'), 'Hello');
      const [text, message, result] = await Promise.all([
        ...[turn.text(), turn.finalMessage(), turn.result()],
      ] as const);
      expect(text).toBe('Rehearsal answer to: Hello');
      expect(message).toMatchObject({ role: 'assistant', content: [{ type: 'text', text }] });
      expect(result).toMatchObject({ type: 'turn.finished', status: 'completed', text });
      expect((await greenroom.sessions.get(id('whole'))).numTurns).toBe(1);
    });

    test('gives them behind a loop too, and behind one that was left', async () => {
      const read = greenroom.turn(id('behind'), 'Hello');
      await all(read);
      expect(await read.text()).toBe('Rehearsal answer to: Hello');
      const left = greenroom.turn(id('left'), 'Hello');
      for await (const _ of left) break;
      expect(await left.finalMessage()).toMatchObject({ role: 'assistant' });
      expect((await greenroom.sessions.get(id('left'))).numTurns).toBe(1);
    });

    test('that is over gives the answer that is stored to whoever asks by its id', async () => {
      const options = { turnId: id('known') };
      await greenroom.turn(id('again'), 'Hello', options).result();
      const again = greenroom.turn(id('again'), 'Hello', options);
      expect((await all(again)).map(({ type }) => type)).toEqual(['turn.finished']);
      expect(await again.finalMessage()).toMatchObject({ role: 'assistant' });
    });

    test('that uses tools ends with the answer behind them', async () => {
      const session = { tools: ['note'], allowedTools: ['note'] };
      const turn = greenroom.turn(id('tools'), toolCalls([['note', { a: 1 }]]), { session });
      const events = await all(turn);
      const types = events.map(({ type }) => type);
      expect(types).toContain('tool.finished');
      expect(types.filter((type) => type === 'message')).toHaveLength(3);
      expect(await turn.text()).toBe('done');
      expect(await turn.finalMessage()).toMatchObject({ role: 'assistant' });
    });

    test('that runs tells whoever joins what its answer has said so far', async () => {
      const { turn, events, done, open } = await begun(place(), id('join'));
      const joined: WireEvent[] = [];
      const options = { turnId: turn.turnId };
      const joining = (async () => {
        for await (const event of greenroom.turn(id('join'), `hold ${id('join')}`, options))
          joined.push(event);
      })();
      await until(() => joined.some(({ type }) => type === 'delta'));
      open();
      await Promise.all([done, joining]);
      const [first, ...rest] = joined;
      expect(first).toMatchObject({ type: 'ping', after: 1 });
      expect(rest).toEqual(events.filter(({ type }) => type !== 'turn.accepted'));
    });

    test('is cancelled by cancel(), and its readers hear the end', async () => {
      const { turn, events, done } = await begun(place(), id('cancel'));
      expect(await turn.cancel()).toMatchObject({ turnId: turn.turnId, status: 'cancelled' });
      await done;
      expect(events.at(-1)).toMatchObject({ type: 'turn.finished', status: 'cancelled' });
      expect(await turn.result()).toMatchObject({ status: 'cancelled' });
      await expect(turn.text()).rejects.toMatchObject({ code: 'invalid_state' });
      await expect(turn.finalMessage()).rejects.toMatchObject({ code: 'invalid_state' });
      expect(await turn.cancel()).toMatchObject({ status: 'cancelled' });
    });

    test('is cancelled by its signal, and whoever reads is told the reason', async () => {
      const abort = new AbortController();
      const reason = new Error('enough');
      const { signal } = abort;
      const turn = greenroom.turn(id('signal'), `hold ${id('signal')}`, { signal });
      const text = turn.text();
      text.catch(() => undefined);
      const reading = (async () => {
        for await (const { type } of turn) if (type === 'delta') abort.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
      await expect(text).rejects.toBe(reason);
      const ended = async () =>
        (await greenroom.sessions.turnStatus(id('signal'), turn.turnId)).status === 'cancelled';
      await until(ended);
      await expect(greenroom.turn(id('late'), 'Hello', { signal }).text()).rejects.toBe(reason);
    });

    test('that is refused rejects with its code, however it is read', async () => {
      await greenroom.sessions.create(id('limit'), { limits: { maxTurns: 1 } });
      await greenroom.turn(id('limit'), 'Hello').text();
      const refused = { code: 'max_turns_reached' };
      await expect(all(greenroom.turn(id('limit'), 'More'))).rejects.toMatchObject(refused);
      await expect(greenroom.turn(id('limit'), 'More').text()).rejects.toMatchObject(refused);
      await expect(greenroom.turn(id('limit'), 'More').result()).rejects.toMatchObject(refused);
      await expect(all(greenroom.turn('a.b', 'Hello'))).rejects.toMatchObject({
        code: 'invalid_session_id',
      });
      const odd = { ofNoRequest: 1 } as object;
      await expect(all(greenroom.turn(id('odd'), 'Hello', odd))).rejects.toMatchObject({
        code: 'invalid_request',
      });
      const reused = greenroom.turn(id('limit'), 'Other', { turnId: id('reused') });
      await expect(reused.text()).rejects.toMatchObject(refused);
    });
  });
