/** The live context: always the messages joined by commas, and a slice never changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Context } from '../../../src/session/context/context.ts';
import { Slabs } from '../../../src/session/memory/slabs.ts';

const bytes = (text: string) => Buffer.from(text);
const textOf = ({ slab, byteOffset, byteLength }: ReturnType<Context['slice']>) =>
  Buffer.from(slab.buffer, byteOffset, byteLength).toString();
const messages = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 600 }));

describe('the context', () => {
  it('is its messages joined by commas, however they came in', () => {
    fc.assert(
      fc.property(messages, messages, (first, later) => {
        const context = new Context(new Slabs(), first.map(bytes));
        for (const message of later) context.add(bytes(message));
        expect(textOf(context.slice())).toBe([...first, ...later].join(','));
      }),
    );
  });

  it('leaves every slice that is held as it was', () => {
    fc.assert(
      fc.property(messages, (all) => {
        const context = new Context(new Slabs(), []);
        const slices = all.map((message) => {
          context.add(bytes(message));
          const slice = context.slice();
          slice.hold();
          return slice;
        });
        expect(slices.map(textOf)).toEqual(all.map((_, at) => all.slice(0, at + 1).join(',')));
      }),
    );
  });

  it('holds at most twice what it needs, beyond its first kilobytes', () => {
    const context = new Context(new Slabs(), []);
    for (let at = 0; at < 100; at++) context.add(bytes('x'.repeat(999)));
    expect(context.heldBytes).toBeGreaterThanOrEqual(context.slice().byteLength);
    expect(context.heldBytes).toBeLessThanOrEqual(2 * context.slice().byteLength);
  });

  it('takes room for what comes next when it is made', () => {
    const slabs = new Slabs();
    const context = new Context(slabs, [bytes('x'.repeat(40_000))]);
    const { byteOffset } = context.slice();
    context.add(bytes('y'.repeat(8_000)));
    expect(context.slice().byteOffset).toBe(byteOffset);
  });

  it('is shared, not copied, when it is handed over', () => {
    const context = new Context(new Slabs(), [bytes('a')]);
    expect(context.slice().slab.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(context.slice().slab).toBe(context.slice().slab);
  });

  it('holds nothing while it is empty, and nothing when it was let go of', () => {
    const slabs = new Slabs();
    const context = new Context(slabs, []);
    expect(slabs.usedBytes).toBe(0);
    for (let at = 0; at < 50; at++) context.add(bytes('x'.repeat(999)));
    expect(slabs.usedBytes).toBe(context.heldBytes);
    context.free();
    expect([slabs.usedBytes, context.heldBytes]).toEqual([0, 0]);
  });

  it('leaves what a reader holds alone when it is let go of', () => {
    const slabs = new Slabs();
    const context = new Context(slabs, [bytes('first')]);
    const slice = context.slice();
    const release = slice.hold();
    context.free();
    new Context(slabs, [bytes('other')]);
    expect(textOf(slice)).toBe('first');
    release();
    new Context(slabs, [bytes('third')]);
    expect(textOf(slice)).toBe('third'); // nobody holds it any more: the room is used again
  });
});
