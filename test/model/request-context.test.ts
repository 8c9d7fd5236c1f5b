/** Trace ids: what is one, and what of a W3C traceparent is taken over. */
import { describe, expect, it } from 'vitest';
import { TraceId } from '../../src/model/id-schemas.ts';
import {
  newTraceId,
  readTraceparent,
  TraceIds,
  traceNamed,
} from '../../src/model/request-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const ZERO = '0'.repeat(32);

describe('a traceparent', () => {
  it.each([
    ['of version 00', `00-${TRACE}-${PARENT}-01`],
    ['of a later version', `cc-${TRACE}-${PARENT}-00`],
    ['of a later version that goes on', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`],
  ])('%s gives its trace and its span', (_, text) => {
    const isSampled = !text.endsWith('-00');
    expect(readTraceparent(text)).toEqual({ traceId: TRACE, spanId: PARENT, isSampled });
  });

  it.each([
    ['that is empty', ''],
    ['that is no header at all', 'hello'],
    ['of version ff', `ff-${TRACE}-${PARENT}-01`],
    ['of version 00 that goes on', `00-${TRACE}-${PARENT}-01-more`],
    ['of a later version that goes on without a dash', `cc-${TRACE}-${PARENT}-01.more`],
    ['with a trace of zeros', `00-${ZERO}-${PARENT}-01`],
    ['with a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['with a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['with a short parent', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['without flags', `00-${TRACE}-${PARENT}`],
    ['with a space before it', ` 00-${TRACE}-${PARENT}-01`],
    ['with a line end behind it', `00-${TRACE}-${PARENT}-01\n`],
  ])('%s gives none', (_, text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});

describe('a trace id', () => {
  it('that is new is one, and another each time', () => {
    const made = Array.from({ length: 100 }, newTraceId);
    expect(new Set(made).size).toBe(100);
    for (const traceId of made) expect(TraceId.safeParse(traceId).success).toBe(true);
  });

  it('of those that are drawn many at a time is one, and another each time', () => {
    const ids = new TraceIds();
    const made = Array.from({ length: 1_000 }, () => ids.next());
    expect(new Set(made).size).toBe(1_000);
    for (const traceId of made) expect(TraceId.safeParse(traceId).success).toBe(true);
  });

  it('that a caller names is taken, or refused by its name', () => {
    expect(traceNamed(TRACE, 'traceId')).toBe(TRACE);
    for (const wrong of ['', 'x', ZERO, `${TRACE}0`, TRACE.toUpperCase()])
      expect(() => traceNamed(wrong, 'traceId')).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          message: expect.stringMatching(/^traceId /),
        }),
      );
  });
});
