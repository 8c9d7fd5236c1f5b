import { expect, test } from 'vitest';
import { newHead } from '../../../src/model/head.ts';
import type { SessionId, Tenant } from '../../../src/model/ids.ts';
import { ShownSessions } from '../../../src/session/verbs/shown-session.ts';
import { sessionView } from '../../../src/session/verbs/views.ts';

const head = newHead({ tenant: 'default' as Tenant, sessionId: 'one' as SessionId }, 1_000);

test('a session that has not changed is shown as it was, and written once', () => {
  const shown = new ShownSessions();
  const first = shown.of(head);
  expect(shown.of(head)).toBe(first);
  expect(first.json).toBe(first.json);
  expect(JSON.parse(first.json)).toEqual({ session: sessionView(head) });
});

test('another head of it is shown anew', () => {
  const shown = new ShownSessions();
  shown.of(head);
  const renamed = { ...head, title: 'renamed' };
  expect(JSON.parse(shown.of(renamed).json)).toMatchObject({ session: { title: 'renamed' } });
});

test('what all who ask are given cannot be changed by one of them', () => {
  const { session } = new ShownSessions().of(head);
  expect(() => Object.assign(session, { title: 'mine' })).toThrow(TypeError);
});
