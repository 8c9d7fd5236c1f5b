import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packHistory, unpackHistory } from '../../../src/executor/history/packed-history.ts';
import type { SeenEntry } from '../../../src/session/context/model-messages.ts';

const body = fc.uint8Array({ maxLength: 40 });
const entry: fc.Arbitrary<SeenEntry> = fc.oneof(
  fc.record({ kind: fc.constant('imported' as const), seq: fc.nat(), body }),
  fc.record(
    {
      kind: fc.constant('message' as const),
      seq: fc.nat(),
      role: fc.constantFrom('user' as const, 'assistant' as const),
      body,
      turnId: fc.string(),
      isPartial: fc.boolean(),
      model: fc.string(),
    },
    { requiredKeys: ['kind', 'seq', 'role', 'body'] },
  ),
  fc.record({
    kind: fc.constant('view' as const),
    seq: fc.nat(),
    view: fc.record({
      type: fc.constant('compaction' as const),
      throughSeq: fc.nat(),
      summary: fc.string(),
    }),
  }),
);

it('unpacks what was packed, also after the copy that a thread gets', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(unpackHistory(structuredClone(packHistory(entries)))).toEqual(entries);
    }),
  );
});

it('carries nothing of an entry but what the model sees', () => {
  const known = { kind: 'message', seq: 1, role: 'user', body: new Uint8Array([123]) } as const;
  const entries = [{ ...known, atMs: 5, usage: { inputTokens: 1 } }];
  expect(unpackHistory(packHistory(entries))).toEqual([known]);
});
