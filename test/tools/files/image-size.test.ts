import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ImageType, imageSize } from '../../../src/tools/files/image-size.ts';
import { rounds } from '../../support/rounds.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

it.each<[string, ImageType, string, { width: number; height: number }]>([
  ['a GIF', 'image/gif', 'GIF89a\x02\x01\x03\0', { width: 258, height: 3 }],
  [
    'a JPEG behind tables and padding',
    'image/jpeg',
    '\xff\xd8\xff\xc4\0\x03a\xff\xff\xff\xc2\0\x11\x08\x01\x03\0\x02',
    { width: 2, height: 259 },
  ],
  [
    'a lossy WebP',
    'image/webp',
    'RIFF....WEBPVP8 ....xxx\x9d\x01\x2a\x02\x01\x03\0',
    { width: 258, height: 3 },
  ],
  [
    'a lossless WebP',
    'image/webp',
    'RIFF....WEBPVP8L....\x2f\x01\x80\0\0',
    { width: 2, height: 3 },
  ],
  [
    'an extended WebP',
    'image/webp',
    'RIFF....WEBPVP8X........\x01\0\0\x02\0\x01',
    { width: 2, height: 65_539 },
  ],
])('%s has the size that it says', (_, type, text, size) => {
  expect(imageSize(type, bytes(text))).toEqual(size);
});

it('what ends early, or is anything at all, has a size or has not', () => {
  const type = fc.constantFrom<ImageType>('image/png', 'image/jpeg', 'image/gif', 'image/webp');
  const head = fc.constantFrom('', '\xff\xd8', 'RIFF....WEBPVP8X', '\xff\xd8\xff\xe0\0\0');
  fc.assert(
    fc.property(type, head, fc.uint8Array({ maxLength: 40 }), (asked, start, rest) => {
      const size = imageSize(asked, Buffer.concat([bytes(start), rest]));
      if (size !== undefined) expect(Math.min(size.width, size.height)).toBeGreaterThan(0);
    }),
    { numRuns: rounds(2_000) },
  );
});
