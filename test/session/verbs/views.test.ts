/** Records as the wire shows them: RFC 3339, dollars, and nothing of the inside. */
import { describe, expect, it } from 'vitest';
import { catalogRowOf } from '../../../src/model/catalog-row.ts';
import { newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import type { ClosedTurn, OpenTurn } from '../../../src/model/turn.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { entryView, sessionView, summaryView, turnView } from '../../../src/session/verbs/views.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const SHOWN = '2026-01-02T03:04:05.006Z';
const head = { ...newHead(sessionKey('acme', 's'), AT), version: 3 };

const turn = {
  ...{ turnId: 't' as TurnId, seq: 1, lastSeq: 2, promptHash: 'secret of ours' },
  ...{ acceptedAtMs: AT, usage: emptyUsage, costNanoUsd: 1_500, steps: 1, attempt: 1, retries: 0 },
};

describe('a session as shown', () => {
  it('has its key, its times and its money in plain words', () => {
    const view = sessionView({ ...head, costNanoUsd: 2_500_000_000, title: 'x' });
    expect(view).toMatchObject({
      ...{ tenant: 'acme', sessionId: 's', version: 3, title: 'x' },
      ...{ createdAt: SHOWN, updatedAt: SHOWN, totalCostUsd: 2.5 },
    });
    expect(view).not.toHaveProperty('knownCostUsd');
  });

  it('has no field that says nothing', () => {
    for (const view of [sessionView(head), summaryView(catalogRowOf(head))])
      expect(Object.values(view)).not.toContain(undefined);
  });

  it('has no total where some answer had no price, but the part that is known', () => {
    const unpriced = { ...head, costNanoUsd: 1_000_000_000, unpricedAnswers: 1 };
    expect(sessionView(unpriced)).toMatchObject({ totalCostUsd: null, knownCostUsd: 1 });
    expect(summaryView(catalogRowOf(unpriced))).toMatchObject({
      totalCostUsd: null,
      knownCostUsd: 1,
    });
  });

  it('shows nothing of the inside, in full or in a list', () => {
    const busy = { ...head, openTurns: [{ ...turn, status: 'running', options: {} } as OpenTurn] };
    for (const view of [sessionView(busy), summaryView(catalogRowOf(busy))])
      expect(JSON.stringify(view)).not.toMatch(/nano|Ms"|openTurns|promptHash|"key"/i);
  });
});

describe('a turn as shown', () => {
  it('that is open has no end and no stop reason', () => {
    const open: OpenTurn = { ...turn, status: 'queued', options: { model: 'x' }, runs: 0 };
    const view = turnView(open);
    expect(view).toMatchObject({ status: 'queued', stopReason: null, acceptedAt: SHOWN });
    expect(Object.keys(view)).not.toContain('finishedAt');
    expect(JSON.stringify(view)).not.toMatch(/secret|options/);
  });

  it('that is closed has its end, its cost and its error', () => {
    const error = { code: 'refusal', message: 'no', retryable: false };
    const closed: ClosedTurn = {
      ...turn,
      ...{ status: 'failed', finishedAtMs: AT, stopReason: 'refusal', error },
    };
    const view = turnView(closed);
    expect(view).toMatchObject({ finishedAt: SHOWN, costUsd: 0.0000015, error });
    expect(turnView({ ...closed, costNanoUsd: null }).costUsd).toBeNull();
  });
});

describe('an entry as shown', () => {
  const body = (text: string) => Buffer.from(text);

  it('that is a message has the message as the API has it', () => {
    const json = '{"role":"user","content":[{"type":"text","text":"hi","odd":1.0}]}';
    const view = entryView({ kind: 'message', seq: 1, atMs: AT, role: 'user', body: body(json) });
    expect(view).toEqual({ seq: 1, at: SHOWN, type: 'message', message: JSON.parse(json) });
  });

  it('that is an imported line is its object, or its text where it is not JSON', () => {
    const line = (text: string) => ({
      ...{ kind: 'imported' as const, seq: 1, atMs: AT, body: body(text) },
    });
    expect(entryView(line('{"type":"summary"}'))).toMatchObject({ line: { type: 'summary' } });
    expect(entryView(line('{"type":"summ'))).toMatchObject({ line: '{"type":"summ' });
  });

  it('that changes the view is shown as what it is', () => {
    const view = { type: 'rollback', fromSeq: 1, throughSeq: 2, turnId: 't' as TurnId } as const;
    expect(entryView({ kind: 'view', seq: 3, atMs: AT, view })).toEqual({
      ...{ seq: 3, at: SHOWN, type: 'view', view },
    });
  });
});
