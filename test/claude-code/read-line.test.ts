import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeLine } from '../../src/claude-code/describe-line.ts';
import { objectsOf, readLine } from '../../src/claude-code/read-line.ts';
import { splitObjects } from '../../src/claude-code/salvage.ts';
import { bytes } from './records.ts';

describe('a line of a transcript', () => {
  test('is one object', () => {
    expect(readLine(bytes({ type: 'user' }))).toEqual({
      kind: 'objects',
      objects: [{ type: 'user' }],
      isRecovered: false,
    });
  });

  test('with two objects and no newline between gives both', () => {
    const first = { type: 'user', text: 'a } and a " and a {' };
    const second = { type: 'assistant' };
    const line = readLine(bytes(JSON.stringify(first) + JSON.stringify(second)));
    expect(line).toEqual({ kind: 'objects', objects: [first, second], isRecovered: true });
  });

  test('whose end a crash cut off keeps the whole object before it', () => {
    expect(readLine('{"type":"user"}{"type":"assi')).toMatchObject({
      objects: [{ type: 'user' }],
      isRecovered: true,
    });
  });

  test.each([
    ['behind NULs', (whole: string) => '\0'.repeat(400) + whole],
    ['before NULs', (whole: string) => whole + '\0'.repeat(400)],
    ['between NULs and a cut record', (whole: string) => `\0\0${whole}\0{"type":"us`],
    ['behind the beginning of another', (whole: string) => `{"type":"user","message":{"ro${whole}`],
    [
      'behind one that broke off in a text',
      (whole: string) => `{"type":"user","text":"a \\" { b${whole}`,
    ],
    ['behind the end of another', (whole: string) => `"text"}]},"uuid":"u9"}${whole}`],
    ['before the beginning of another', (whole: string) => `${whole}{"type":"user","mess`],
    ['between two cut ones', (whole: string) => `{"type":"u${whole} `],
  ])('that is damaged still gives the whole record %s', (_, damaged) => {
    const record = { type: 'user', uuid: 'u1', text: 'a } and a " and a { and a \\' };
    expect(readLine(damaged(JSON.stringify(record)))).toEqual({
      kind: 'objects',
      objects: [record],
      isRecovered: true,
    });
  });

  test('whose beginning is lost gives two records behind it, in their order', () => {
    const records = [1, 2].map((n) => ({ type: 'user', uuid: `u${n}` }));
    const line = `"}]}}${records.map((record) => JSON.stringify(record)).join('')}`;
    expect(objectsOf(line)).toEqual(records);
  });

  test('whose beginning is lost does not pass a part of a record for a record', () => {
    const part = '{"type":"message","usage":{"input_tokens":5}}';
    expect(readLine(`sage":${part}`).kind).toBe('malformed');
    expect(readLine(`sage":${part},"uuid":"u1"}`).kind).toBe('malformed');
  });

  test('that was cut short, or is no object, is malformed', () => {
    for (const line of ['{"type":"us', 'massive error', '42', '[1]', '"a"', 'null', '}{'])
      expect(readLine(line).kind).toBe('malformed');
  });

  test('may be blank, end in a carriage return, or begin with a byte order mark', () => {
    expect(readLine('  ').kind).toBe('blank');
    expect(readLine(bytes('{"type":"user"}\r')).kind).toBe('objects');
    expect(readLine(bytes('\ufeff{"type":"user"}')).kind).toBe('objects');
  });

  test('of any bytes at all is read without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (line) => {
        for (const object of objectsOf(line)) describeLine(object);
      }),
    );
  });

  test('holding any JSON at all is described without throwing', () => {
    const record = fc.record(
      {
        type: fc.constantFrom('user', 'assistant', 'system', 'summary', 'tag', 'new-kind'),
        message: fc.anything(),
        uuid: fc.anything(),
        timestamp: fc.anything(),
        origin: fc.anything(),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(record, (value) => {
        for (const object of objectsOf(JSON.stringify(value))) describeLine(object);
      }),
    );
  });
});

test('objects written one behind the other are told apart', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 });
  fc.assert(
    fc.property(objects, (values) => {
      const line = values.map((value) => JSON.stringify(value)).join('');
      expect(splitObjects(line)).toEqual(JSON.parse(`[${values.map((v) => JSON.stringify(v))}]`));
    }),
  );
});

test('a record is found at the end of anything, and a long broken line takes no longer', () => {
  const record = { type: 'user', uuid: 'u1' };
  const broken = `${'{"a":"'.repeat(300_000)}\n`;
  expect(objectsOf(broken)).toEqual([]);
  expect(objectsOf(`${'{"a":'.repeat(300_000)}\0${JSON.stringify(record)}`)).toEqual([record]);
});
