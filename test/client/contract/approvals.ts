/** Cases of the contract: tool calls that wait for a person, and the audit of their answers. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GreenroomApi } from '../../../src/index.ts';
import { toolCalls } from '../../support/tool-turns.ts';
import { until } from '../../support/until.ts';
import type { Place } from './place.ts';

export const approvalCases = (place: () => Place) =>
  describe('what waits for a person', () => {
    const id = (word: string) => place().id(word);
    let greenroom: GreenroomApi;
    beforeAll(() => {
      greenroom = place().greenroom;
    });
    const waiting = async (sessionId: string) => {
      const session = { tools: ['note'] };
      const turn = greenroom.turn(sessionId, toolCalls([['note', { a: 1 }]]), { session });
      const text = turn.text();
      text.catch(() => undefined);
      await until(async () => (await greenroom.approvals.of(sessionId).catch(() => [])).length > 0);
      const [asked] = await greenroom.approvals.of(sessionId);
      if (asked === undefined) throw new Error('it waits for an answer');
      return { turn, text, asked };
    };

    test('is listed, answered once, and noted in the audit', async () => {
      const { text, asked } = await waiting(id('allow'));
      expect(asked).toMatchObject({ toolName: 'note', input: { a: 1 } });
      const { approvals } = await greenroom.approvals.list();
      expect(approvals.map(({ approvalId }) => approvalId)).toContain(asked.approvalId);
      const answer = await greenroom.approvals.allow(id('allow'), asked.approvalId);
      expect(answer).toMatchObject({ decision: 'allow' });
      expect(await text).toBe('done');
      const late = greenroom.approvals.deny(id('allow'), asked.approvalId);
      await expect(late).rejects.toMatchObject({ code: 'approval_not_found' });
      const { audit } = await greenroom.audit.of(id('allow'), { kind: 'permission' });
      expect(audit.map(({ action }) => action)).toEqual(['asked', 'allowed']);
    });

    test('may be denied with a reason, and everybody’s audit has it', async () => {
      const { text, asked } = await waiting(id('deny'));
      const deny = () =>
        greenroom.approvals.deny(id('deny'), asked.approvalId, { reason: 'not today' });
      const answers = await Promise.allSettled([deny(), deny()]);
      expect(answers).toMatchObject([
        { value: { decision: 'deny' } },
        { reason: { code: 'already_decided' } },
      ]);
      expect(await text).toBe('done');
      const { audit } = await greenroom.audit.list({ kind: 'permission', decision: 'denied' });
      expect(audit).toContainEqual(
        expect.objectContaining({
          sessionId: id('deny'),
          details: expect.objectContaining({ reason: 'not today' }),
        }),
      );
    });
  });
