/**
 * Text of any characters at all, for tests by chance. (`unit: 'binary'` of fast-check is the same, and looks through all
 * of Unicode before the first one: seconds.)
 */
import fc from 'fast-check';

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

const character = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => !isSurrogate(code))
  .map((code) => String.fromCodePoint(code));

/** Lengths are in characters. By default as long as fast-check's own texts. */
export const anyText = (
  lengths: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> =>
  fc.oneof(
    fc.array(character, lengths).map((characters) => characters.join('')),
    fc.string(lengths), // also what is a name of JavaScript's own
  );
