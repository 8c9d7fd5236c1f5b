import { expect, it } from 'vitest';
import { MAX_IMAGE_BYTES } from '../../../src/tools/files/media.ts';
import { shownMedia, withShownMedia } from '../../../src/tools/files/shown-media.ts';
import { png } from '../pictures.ts';

const data = png(2, 3).toString('base64');

it('an image that is called another one is shown as what it is', () => {
  expect(shownMedia('image/jpeg', data)).toEqual({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data },
  });
});

it.each([
  ['that is too wide', png(8_001, 1), 'image/png is 8001 by 1 pixels'],
  ['that is cut short', png(1, 1).subarray(0, 18), 'begins like image/png and is damaged'],
  ['of too many bytes', Buffer.concat([png(1, 1), Buffer.alloc(MAX_IMAGE_BYTES)]), '3750000'],
  ['that is none', Buffer.from('<svg/>'), 'image/png of 6 bytes is left out'],
  ['that is a PDF with a password', Buffer.from('%PDF-1.7 /Encrypt 12 0 R'), 'with a password'],
])('one %s is left out, and named', (_, bytes, said) => {
  expect(shownMedia('image/png', bytes.toString('base64'))).toEqual({
    type: 'text',
    text: expect.stringContaining(said),
  });
});

it('texts stay, and what is no base64 is left out', () => {
  const text = { type: 'text', text: 'a' } as const;
  const source = { type: 'base64', media_type: 'image/png', data: 'no base64!' } as const;
  expect(withShownMedia([text, { type: 'image', source }])).toEqual([
    text,
    { type: 'text', text: '[image/png of 8 bytes is left out]' },
  ]);
});
