/** What a classic store lists over the bus. */
import { expect, it } from 'vitest';
import { infosOf } from '../../src/client/classic-infos.ts';
import { SUMMARY_LENGTH } from '../../src/model/catalog-row.ts';
import type { SessionsApi } from '../../src/session/verbs/api.ts';
import type { FoundSession } from '../../src/session/verbs/reply-schemas.ts';

it('asks for the rest of long descriptions a few at a time, and keeps the order', async () => {
  const description = 'd'.repeat(SUMMARY_LENGTH);
  const found = Array.from({ length: 1_500 }, (_, n) => ({
    sessionId: `s${n}`,
    tags: [],
    description,
  }));
  let underWay = 0;
  let most = 0;
  const session = async (sessionId: string) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await Promise.resolve();
    underWay -= 1;
    return { session: { description: `all of ${sessionId}` } };
  };
  const api = { session } as unknown as Pick<SessionsApi, 'session'>;
  const infos = await infosOf(api, found as unknown as readonly FoundSession[]);
  expect(infos.map((info) => info.description)).toEqual(
    found.map(({ sessionId }) => `all of ${sessionId}`),
  );
  expect(most).toBeLessThan(100);
});
