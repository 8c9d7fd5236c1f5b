/** Tags and titles: what looks the same is the same, and comes back as it was given. */
import { describe, expect, it } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { Settings } from '../../src/model/head.ts';
import { isTag, normaliseTag } from '../../src/tags/tags.ts';

describe('a tag', () => {
  it.each([
    ...['a\u202eb', 'a\u200bb', '\u2066x', 'a\u200fb', '\ufeff\u2060x', 'a\u00adb', '\ud800x'],
    ...[
      'x\udc00',
      'a\u2028b',
      'a\u0000',
      'a\u001b[31m',
      'a\u{e0041}',
      'a\u3164',
      'a\u200d',
      'a\u200db',
    ],
  ])('%j is refused', (tag) => {
    expect(isTag(tag)).toBe(false);
    expect(() => normaliseTag(tag)).toThrow(GreenroomError);
  });

  it('is as long as it is stored: composed, or taken apart where Unicode wants that', () => {
    expect(isTag('e\u0301'.repeat(64))).toBe(true);
    expect(normaliseTag('e\u0301'.repeat(64))).toBe('\u00e9'.repeat(64));
    expect(isTag('\u0958'.repeat(64))).toBe(false);
    expect(() => normaliseTag('\u0958'.repeat(64))).toThrow(GreenroomError);
  });

  it.each(['größe', '日本', 'a b', '👩‍👩‍👧', '❤️', '👩🏽‍🚀', 'می‌خواهم', 'עברית', 'क्‍ष', 'c++'])(
    '%j is taken',
    (tag) => {
      expect(isTag(tag)).toBe(true);
      expect(normaliseTag(` ${tag} `)).toBe(tag.normalize('NFC'));
    },
  );
});

describe('settings', () => {
  it.each([
    ...[{ title: 'a\ud800' }, { description: '\udc00' }, { owner: '\ud800' }, { model: 'm\ud800' }],
    ...[{ metadata: { a: ['\ud800'] } }, { metadata: { '\udc00': 1 } }, { hooks: ['\ud800'] }],
  ])('with half a surrogate pair are refused: %j', (settings) => {
    expect(Settings.safeParse(settings).success).toBe(false);
  });

  it.each(['{"__proto__":{"x":1}}', '{"a":1,"__proto__":"x"}'])(
    'with a field of metadata that would vanish are refused: %s',
    (metadata) => {
      expect(Settings.safeParse({ metadata: JSON.parse(metadata) }).success).toBe(false);
    },
  );

  it('with whole characters are taken', () => {
    const settings = { title: '😀 é', metadata: { '😀': ['😀'] } };
    expect(Settings.parse(settings)).toEqual(settings);
  });

  it('nested without end are refused', () => {
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    expect(Settings.safeParse({ metadata: { deep } }).success).toBe(false);
  });
});
