/** By what tags are the same, and how those begin that a prefix asks for. */
import { expect, test } from 'vitest';
import { beginsSo, tagKey, tagStarts } from '../../src/model/tag-key.ts';

test.each([
  ['Größe', 'GRÖßE'],
  ['ΝΑΣΟΣ', 'νασος'],
  ['ΐ', 'ΐ'.toUpperCase()],
  ['ǰ', 'J\u030c'],
  ['İ', 'i\u0307'],
])('%s and %s are one tag', (one, other) => {
  expect(tagKey(one)).toBe(tagKey(other));
});

test.each([
  ['ΝΑΣΟΣ', 'ΝΑΣ', true],
  ['νασος', 'νας', true],
  ['νας', 'ΝΑΣ', true],
  ['ΝΑΣ.Α', 'ΝΑΣ.', true],
  ['νας/1', 'ΝΑΣ/', true],
  ['ΝΑΣΣΟΣ', 'ΝΑΣΣ', true],
  ['ΝΑΤΟ', 'ΝΑΣ', false],
  ['team/a', 'TEAM/', true],
  ['team', 'team/', false],
])('whether %s begins with %s: %j', (tag, prefix, does) => {
  expect(beginsSo(tagKey(tag), tagStarts(prefix))).toBe(does);
});
