/** The walk over LMDB's page trees accepts what LMDB writes, and names what is damaged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Head } from '../../../src/model/head.ts';
import { type DataFileState, inspectDataFile } from '../../../src/storage/files/data-file.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { folders } from '../folders.ts';
import { append, DAY_MS, keyOf, NOW, remove } from '../sessions.ts';

const PAGE = 4_096;
const HEADER = 24;
const FLAGS = { branch: 1, leaf: 2, overflow: 4 } as const;
const MOST_DAMAGES = 25;
/** In a meta page. */
const TRANSACTION_AT = 152;
const FREE_FLAGS_AT = 52;
const FREE_ROOT_AT = 88;

describe('the page trees of a data file', () => {
  const folder = folders();

  /** Several levels deep, with large values and pages that were freed; closed. */
  const fill = async (dir: string): Promise<void> => {
    const { journal, close } = await openLmdbJournal({ dir });
    const heads = new Map<string, Head>();
    const ids = Array.from({ length: 300 }, (_, number) => `s${number}`);
    for (let round = 0; round < 3; round += 1)
      await Promise.all(
        ids.map(async (id, number) => {
          const text = 'x'.repeat(number % 20 === 0 ? 20_000 : 300);
          const change = append(keyOf(id), heads.get(id), text);
          await journal.commit(change);
          heads.set(id, change.head);
        }),
      );
    for (const [id, head] of [...heads].slice(0, 100))
      await journal.commit(remove(keyOf(id), head, NOW + DAY_MS));
    while ((await journal.purge(50)).left);
    await close();
  };

  let filled = Buffer.alloc(0);
  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'greenroom-pages-'));
    await fill(dir);
    filled = readFileSync(join(dir, 'data.mdb'));
    rmSync(dir, { recursive: true });
  });

  const stateOf = (file: Buffer): DataFileState => {
    const path = join(folder(), 'data.mdb');
    writeFileSync(path, file);
    return inspectDataFile(path);
  };

  /** What is said of damages to pages of a kind, those that are free among them. */
  const damageEach = (kind: number, damage: (page: Buffer) => void): string => {
    const pages = Array.from({ length: filled.length / PAGE - 2 }, (_, at) => (at + 2) * PAGE);
    const ofKind = pages.filter(
      (at) =>
        filled.readUInt16LE(at + 18) === kind && Number(filled.readBigUInt64LE(at)) * PAGE === at,
    );
    const states = ofKind.slice(-MOST_DAMAGES).map((at) => {
      const hurt = Buffer.from(filled);
      damage(hurt.subarray(at, at + PAGE));
      return stateOf(hurt);
    });
    return states.map((state) => (state.kind === 'broken' ? state.why : '')).join('\n');
  };

  it('are sound as LMDB wrote them', () => {
    expect(stateOf(filled)).toEqual({ kind: 'sound' });
  });

  it.each<[string, number, (page: Buffer) => void, RegExp]>([
    ['a leaf that is zeroed', FLAGS.leaf, (page) => page.fill(0), /page \d+ is none of/],
    ['a branch that is zeroed', FLAGS.branch, (page) => page.fill(0), /page \d+ is none of/],
    [
      'a page of another number',
      FLAGS.leaf,
      (page) => page.writeBigUInt64LE(3n, 0),
      /page \d+ is none of/,
    ],
    [
      'a layout that cannot be',
      FLAGS.leaf,
      (page) => page.writeUInt16LE(page.readUInt16LE(22) + 2, 20),
      /not laid out as a page/,
    ],
    [
      'a pointer out of the page',
      FLAGS.leaf,
      (page) => page.writeUInt16LE(PAGE - 2, HEADER),
      /points outside of itself/,
    ],
    [
      'a record that is longer than its page',
      FLAGS.leaf,
      (page) => page.writeUInt16LE(PAGE, HEADER + page.readUInt16LE(HEADER) + 6),
      /does not end there/,
    ],
    [
      'keys out of order',
      FLAGS.leaf,
      (page) =>
        page.fill(
          0xff,
          HEADER + page.readUInt16LE(HEADER) + 8,
          HEADER + page.readUInt16LE(HEADER) + 12,
        ),
      /keys out of order/,
    ],
    [
      'a branch that leads elsewhere',
      FLAGS.branch,
      (page) => page.writeUInt32LE(0x7fff_ffff, HEADER + page.readUInt16LE(HEADER)),
      /which cannot be/,
    ],
    [
      'a branch that leads to one page twice',
      FLAGS.branch,
      (page) => {
        const [first, second] = [0, 2].map((slot) => HEADER + page.readUInt16LE(HEADER + slot));
        page.writeUInt32LE(page.readUInt32LE(first), second ?? 0);
      },
      /in two places/,
    ],
    [
      'a large value that is said to have other pages',
      FLAGS.overflow,
      (page) => page.writeUInt32LE(77, 20),
      /does not have \d+ pages/,
    ],
    [
      'a page of a transaction that is still to come',
      FLAGS.leaf,
      (page) => page.writeUInt8(0x40, 14),
      /page \d+ of .* is of a transaction that is still to come/,
    ],
    [
      'a large value of a transaction that is still to come',
      FLAGS.overflow,
      (page) => page.writeUInt8(0x40, 14),
      /page \d+ of .* is of a transaction that is still to come/,
    ],
    [
      'a record that is said to reach into another',
      FLAGS.leaf,
      (page) => {
        const nodes = page.readUInt16LE(20) / 2;
        const offsets = Array.from({ length: nodes }, (_, at) =>
          page.readUInt16LE(HEADER + 2 * at),
        );
        const first = HEADER + Math.min(...offsets);
        page.writeUInt32LE(page.readUInt32LE(first) + 8, first);
      },
      /stand in one another/,
    ],
    [
      'a record of a kind that no table holds',
      FLAGS.leaf,
      (page) => page.writeUInt16LE(0x04, HEADER + page.readUInt16LE(HEADER) + 4),
      /holds something else/,
    ],
    [
      'a record less',
      FLAGS.leaf,
      (page) => page.writeUInt16LE(Math.max(2, page.readUInt16LE(20) - 2), 20),
      /has \d+ records and not \d+/,
    ],
  ])('%s is found', (_, kind, damage, why) => {
    expect(damageEach(kind, damage)).toMatch(why);
  });

  /** A copy with the first record of the free pages' tree changed; its key and its value are given. */
  const withFree = (damage: (key: Buffer, value: Buffer, node: Buffer) => void): DataFileState => {
    const file = Buffer.from(filled);
    const newer =
      file.readBigUInt64LE(TRANSACTION_AT) > file.readBigUInt64LE(PAGE + TRANSACTION_AT);
    const root = Number(file.readBigUInt64LE((newer ? 0 : PAGE) + FREE_ROOT_AT)) * PAGE;
    const page = file.subarray(root, root + PAGE);
    expect(page.readUInt16LE(18)).toBe(FLAGS.leaf);
    const node = page.subarray(HEADER + page.readUInt16LE(HEADER));
    damage(node.subarray(8, 16), node.subarray(16, 16 + node.readUInt32LE(0)), node);
    return stateOf(file);
  };

  it.each<[string, (key: Buffer, value: Buffer, node: Buffer) => void, RegExp]>([
    [
      'of a transaction that is still to come',
      (key) => key.writeUInt8(1, 7),
      /out of order|to come/,
    ],
    ['of no transaction', (key) => key.fill(0), /is of no transaction/],
    ['longer than its record', (_, value) => value.writeUInt32LE(5_000, 0), /longer than it is/],
    ['without a length', (_key, _value, node) => node.writeUInt32LE(0, 0), /has no length/],
    ['of another kind', (_key, _value, node) => node.writeUInt16LE(2, 4), /holds something else/],
  ])('a list of free pages %s is found', (_, damage, why) => {
    expect(withFree(damage)).toMatchObject({ kind: 'broken', why: expect.stringMatching(why) });
  });

  it('a tree that is said to be of another kind is found', () => {
    const file = Buffer.from(filled);
    for (const at of [FREE_FLAGS_AT, PAGE + FREE_FLAGS_AT])
      file.writeUInt16LE(file.readUInt16LE(at) ^ 0x04, at);
    expect(stateOf(file)).toMatchObject({ why: expect.stringContaining('of another kind') });
  });

  it('a file that ends before its pages do is found', () => {
    for (const pages of [20, 10, 5])
      expect(stateOf(filled.subarray(0, pages * PAGE))).toMatchObject({ kind: 'broken' });
  });

  it('meta pages of which an old one claims to be newer are found', () => {
    const file = Buffer.from(filled);
    const [first, second] = [TRANSACTION_AT, PAGE + TRANSACTION_AT];
    const old = file.readBigUInt64LE(first) > file.readBigUInt64LE(second) ? second : first;
    file.writeBigUInt64LE(file.readBigUInt64LE(old) + 1_024n, old);
    expect(stateOf(file)).toMatchObject({
      kind: 'broken',
      why: expect.stringContaining('do not follow each other'),
    });
  });
});
