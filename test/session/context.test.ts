/** The live context: always the messages joined by commas, and a slice never changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Context } from '../../src/session/context.ts';

const bytes = (text: string) => Buffer.from(text);
const textOf = ({ buffer, byteLength }: ReturnType<Context['slice']>) =>
  Buffer.from(buffer, 0, byteLength).toString();
const messages = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 600 }));

describe('the context', () => {
  it('is its messages joined by commas, however they came in', () => {
    fc.assert(
      fc.property(messages, messages, (first, later) => {
        const context = new Context(first.map(bytes));
        for (const message of later) context.add(bytes(message));
        expect(textOf(context.slice())).toBe([...first, ...later].join(','));
      }),
    );
  });

  it('leaves every slice that it gave as it was', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const context = new Context([]);
        const slices = all.map((message) => {
          context.add(bytes(message));
          return context.slice();
        });
        expect(slices.map(textOf)).toEqual(all.map((_, at) => all.slice(0, at + 1).join(',')));
      }),
    );
  });

  it('holds at most twice what it needs, beyond its first kilobyte', () => {
    const context = new Context([]);
    for (let at = 0; at < 100; at++) context.add(bytes('x'.repeat(999)));
    expect(context.heldBytes).toBeGreaterThanOrEqual(context.slice().byteLength);
    expect(context.heldBytes).toBeLessThanOrEqual(2 * context.slice().byteLength);
  });

  it('is shared, not copied, when it is handed over', () => {
    const context = new Context([bytes('a')]);
    expect(context.slice().buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(context.slice().buffer).toBe(context.slice().buffer);
  });
});
