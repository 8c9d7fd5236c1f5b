/** Lines through a descriptor that takes some, none, or fails: what its reader gets to see. */
import { expect, test } from 'vitest';
import { LineOutput } from '../../src/platform/line-output.ts';

type Taking = 'all' | 'none' | 'half, then full' | 'closed';

/** A descriptor that takes what it is told to, and the output before it. */
const descriptor = () => {
  let taking: Taking = 'all';
  let seen = '';
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  const take = (bytes: Uint8Array, count: number): number => {
    seen += Buffer.from(bytes.subarray(0, count)).toString();
    return count;
  };
  let isHalf = false;
  const writeSome = (_: number, bytes: Uint8Array): number => {
    switch (taking) {
      case 'all':
        return take(bytes, bytes.length);
      case 'none':
        return fail('EAGAIN');
      case 'closed':
        return fail('EPIPE');
      case 'half, then full':
        isHalf = !isHalf;
        return isHalf ? take(bytes, Math.ceil(bytes.length / 2)) : fail('ENOSPC');
    }
  };
  const output = new LineOutput({
    fd: 2,
    lostLine: (lost, why) => `${lost} lost: ${why}\n`,
    writeSome,
  });
  return {
    output,
    take: (next: Taking) => {
      taking = next;
    },
    get seen() {
      return seen;
    },
  };
};

test('lines go out at once and in order', () => {
  const d = descriptor();
  d.output.write('a\n');
  d.output.write('b\n');
  expect(d.seen).toBe('a\nb\n');
});

test('what nobody reads is dropped without a word to its writer, and counted for the next reader', () => {
  const d = descriptor();
  d.take('closed');
  for (const line of ['a\n', 'b\n', 'c\n']) d.output.write(line);
  d.take('all');
  d.output.write('d\n');
  expect(d.seen).toBe('3 lost: EPIPE\nd\n');
});

test('a line that a full disk has cut ends before the next one begins', () => {
  const d = descriptor();
  d.take('half, then full');
  d.output.write('abcdef\n');
  d.take('closed');
  d.output.write('gone\n');
  d.take('all');
  d.output.write('next\n');
  expect(d.seen).toBe('abcd\n2 lost: EPIPE\nnext\n');
});

test('lines wait for a reader that stands still, and come out whole when it goes on', () => {
  const d = descriptor();
  d.take('none');
  d.output.write('a\n');
  d.output.write('b\n');
  d.take('all');
  d.output.write('c\n');
  expect(d.seen).toBe('a\nb\nc\n');
});

test('of what a reader that stands still leaves, a mebibyte is kept and the rest is counted', () => {
  const d = descriptor();
  d.take('none');
  const line = `${'x'.repeat(64 * 1024 - 1)}\n`;
  for (let n = 0; n < 20; n++) d.output.write(line);
  d.take('all');
  d.output.write('');
  d.output.write('next\n');
  const kept = d.seen.split('\n').filter((seen) => seen.startsWith('x'));
  expect(kept).toHaveLength(16);
  expect(d.seen).toContain('4 lost: the reader has stopped\n');
  expect(d.seen.endsWith('next\n')).toBe(true);
});
