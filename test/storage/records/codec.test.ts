import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, catalogRowOf } from '../../../src/model/catalog-row.ts';
import type { Entry } from '../../../src/model/entry.ts';
import { newHead } from '../../../src/model/head.ts';
import * as codec from '../../../src/storage/records/codec.ts';
import * as frame from '../../../src/storage/records/frame.ts';
import { keyOf, message, NOW } from '../sessions.ts';

const NAME = 'tenant\0session\0P';
const head = newHead(keyOf('s1'), NOW);
/** Anything that JSON can say, but for the one field that is refused. */
const json = fc
  .jsonValue({ depthSize: 'medium' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'));

describe('records', () => {
  it('any JSON value comes back as it was', () => {
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        const bytes = frame.record(NAME, frame.packValue, plain);
        expect(frame.readValue(NAME, bytes)).toEqual(plain);
      }),
    );
  });

  it('numbers of any size come back exactly', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        (costNanoUsd) => {
          const bytes = frame.record(NAME, codec.packHead, {
            head: { ...head, costNanoUsd },
            epoch: 1,
          });
          expect(codec.readHead(NAME, bytes).costNanoUsd === costNanoUsd).toBe(true);
        },
      ),
    );
  });

  it('a head comes back with the places of all fields, whichever were stored', () => {
    const bytes = frame.record(NAME, codec.packHead, { head: { ...head, title: 'x' }, epoch: 1 });
    const read = codec.readHead(NAME, bytes);
    expect(Object.keys(read)).toEqual(Object.keys(head));
    expect(read).toEqual({ ...head, title: 'x' });
  });

  it('a field of a known name comes back as it was, whatever another program put there', () => {
    const values = [7, null, 'ab', {}, { a: 1 }, [], ['a'], [null], [[1, 2]], [{ seq: 1 }, 2]];
    for (const name of ['segments', 'openTurns', 'key', 'phase', 'limits', 'error'])
      for (const value of values)
        for (const part of [value, { inside: value, [name]: value }]) {
          const entry = { ...message(1), [name]: part, body: new Uint8Array([1]) };
          const read = codec.readEntry(NAME, frame.record(NAME, codec.packEntry, entry));
          expect(read, `${name}: ${JSON.stringify(part)}`).toEqual(entry);
        }
  });

  it('a record with any number of fields comes back as it was', () => {
    const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`z${at}`, at]));
    const entry = { ...message(1), body: new Uint8Array([1]), phase: { ...many }, ...many };
    const read = codec.readEntry(NAME, frame.record(NAME, codec.packEntry, entry));
    expect(read).toEqual(entry);
  });

  it('the same value gives the same bytes', () => {
    fc.assert(
      fc.property(json, (value) => {
        const [first, second] = [1, 2].map(() => frame.record(NAME, frame.packValue, value));
        expect(second).toEqual(first);
      }),
    );
  });

  it('a body comes back byte for byte, as a copy', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (body) => {
        const entry: Entry = { ...message(1), body };
        const bytes = frame.record(NAME, codec.packEntry, entry);
        const read = codec.readEntry(NAME, bytes);
        bytes.fill(0);
        expect(read.kind === 'message' && Buffer.from(body).equals(read.body)).toBe(true);
      }),
    );
  });

  it('a row comes back as it was, with all fields and with few', () => {
    const few = catalogRowOf(head);
    const texts = { title: '', summary: 's', description: 'd', model: 'm', workingDirectory: '/w' };
    const all: Required<CatalogRow> = {
      ...{ ...few, ...texts, importedAtMs: 0, tags: ['a'], permissionMode: 'plan', owner: 'o' },
      ...{ templateId: 't', externalKey: 'e', projectKey: 'j', parentId: 'p', offers: 1 },
      ...{ errorCount: 2, tokens: 3, toolsUsed: ['Bash', 'Read'], childOf: 'c' },
      ...{ hasArchive: true, hasApproval: false },
    };
    for (const row of [few, all]) {
      const bytes = frame.record(NAME, codec.packRow, row);
      expect(codec.readRow(NAME, bytes, row.key)).toEqual(row);
    }
  });

  it('a row of a session at a turn, of a version that did not say whether a person is asked, is made anew', () => {
    const read = (row: CatalogRow) =>
      codec.readRow(NAME, frame.record(NAME, codec.packRow, row), row.key);
    const row = { ...catalogRowOf(head), status: 'waiting' } as const;
    expect(read(row)).toBeUndefined();
    expect(read({ ...row, hasApproval: false })).toMatchObject({ hasApproval: false });
  });

  it('version and epoch of a head are read without decoding it', () => {
    const bytes = frame.record(NAME, codec.packHead, {
      head: { ...head, version: 70_000 },
      epoch: 3,
    });
    expect([frame.versionOf(bytes), frame.epochOf(bytes)]).toEqual([70_000, 3]);
  });
});

describe('damage', () => {
  const bytes = frame.record(NAME, codec.packHead, { head, epoch: 1 });

  it('any flipped bit is found, and the error names the key', () => {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => codec.readHead(NAME, flipped)).toThrow(
        expect.objectContaining({ code: 'corrupt_record', details: { key: NAME } }),
      );
    }
  });

  it('a record that is cut off, empty, or under another key is found', () => {
    for (const length of [0, 1, 4, 5, bytes.length - 1])
      expect(() => codec.readHead(NAME, bytes.subarray(0, length))).toThrow(/checksum|too short/);
    expect(() => codec.readHead('tenant\0another\0P', bytes)).toThrow('checksum');
  });

  it('a format of the future is refused, not guessed at', () => {
    const future = Buffer.from(bytes);
    future[0] = frame.RECORD_FORMAT + 1;
    const sum = crc32(future.subarray(0, -4), crc32(Buffer.from(NAME, 'latin1')));
    future.writeUInt32LE(sum, future.length - 4);
    expect(() => codec.readHead(NAME, future)).toThrow('format 2');
  });
});
