import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonBackwards } from '../../../src/executor/models/json-backwards.ts';

const ENOUGH = 1_000_000;
const PREFIX = 'xxxx';

/** Strings full of what a scanner could take for something else. */
const tricky = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom('\\', '"', '{', '}', '[', ']', ',', ':', '\n', 'é', 'a'))
    .map((all) => all.join('')),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    tricky,
    fc.constantFrom(null, true, false, 0, -1.5e-7),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(tricky, tie('value'), { maxKeys: 4 }),
  ),
})).value;

const readerOf = (text: string, maxSteps = ENOUGH) => {
  const bytes = Buffer.from(text);
  return { bytes, reader: new JsonBackwards(bytes, maxSteps) };
};

describe('JSON read from its end', () => {
  it('has the values that it was written from, with and without white space', () => {
    fc.assert(
      fc.property(fc.array(json, { minLength: 1, maxLength: 5 }), fc.nat(2), (values, indent) => {
        const list = JSON.stringify(values, null, indent);
        const { bytes, reader } = readerOf(list);
        const read = [...reader.elements({ start: 0, end: bytes.length })].map(({ start, end }) =>
          JSON.parse(bytes.toString('utf8', start, end)),
        );
        expect(read.reverse()).toEqual(JSON.parse(list));
      }),
      { numRuns: 100 },
    );
  });

  it('has the members that an object was written from', () => {
    fc.assert(
      fc.property(fc.dictionary(tricky, json, { maxKeys: 6 }), fc.nat(2), (object, indent) => {
        const { bytes, reader } = readerOf(PREFIX + JSON.stringify(object, null, indent));
        const members = [...reader.members({ start: PREFIX.length, end: bytes.length })];
        const values = members.map(({ value }) => bytes.toString('utf8', value.start, value.end));
        expect(values.reverse().map((text) => JSON.parse(text))).toEqual(
          Object.values(JSON.parse(JSON.stringify(object))),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('names the keys of members', () => {
    const { bytes, reader } = readerOf('{"role":"user","content":[{"type":"text"}],"n" : 1}');
    const members = [...reader.members({ start: 0, end: bytes.length })];
    expect(members.map(({ key, value }) => [key, reader.text(value)])).toEqual([
      ['n', '1'],
      ['content', '[{"type":"text"}]'],
      ['role', '"user"'],
    ]);
  });

  it.each(['', '[', ']', '}', '"', '"\\"', '{"a"}', '{"a":}', ',', ']]', 'x"]', ' '])(
    'finds no more than there is in %j',
    (text) => {
      const { bytes, reader } = readerOf(text);
      const all = { start: 0, end: bytes.length };
      expect([...reader.elements(all), ...reader.members(all)]).toEqual([]);
    },
  );

  it('finds nothing in random bytes that it could not end with', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const reader = new JsonBackwards(bytes, ENOUGH);
        for (const { start, end } of reader.valuesBefore(bytes.length)) {
          expect(start).toBeLessThan(end);
          for (const { value } of reader.members({ start, end }))
            expect(value.start).toBeGreaterThan(start);
        }
      }),
    );
  });

  it('stops after so many steps', () => {
    const list = `[${Array.from({ length: 1_000 }, (_, n) => n).join(',')}]`;
    const { bytes, reader } = readerOf(list, 100);
    const found = [...reader.elements({ start: 0, end: bytes.length })].length;
    expect(found).toBeGreaterThan(5);
    expect(found).toBeLessThan(50);
  });

  it('takes one step for a long string', () => {
    const { bytes, reader } = readerOf(`["${'x'.repeat(1_000_000)}"]`, 10);
    expect([...reader.elements({ start: 0, end: bytes.length })]).toHaveLength(1);
  });
});
