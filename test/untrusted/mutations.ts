/** JSON with something wrong in it, of a kind that nobody checks for by accident. The same dice give the same harm. */
import type { Dice } from '../../src/testing/dice.ts';

/** Stand for what `JSON.stringify` cannot write. */
const INFINITE = '@@1e400@@';
const DEEP = '@@deep@@';

const ODD: readonly unknown[] = [
  ...[null, true, {}, [], '', ' ', 'x', [null], [{}], { a: null }, INFINITE, DEEP],
  ...[0, -1, 0.5, 1e308, -1e308, 2 ** 32, 2 ** 53, 9e15, 1e13],
  ...[8_640_000_000_000_001, 8_639_999_999_999_999, -8_640_000_000_000_001, 4_102_444_800_000],
  ...['\u202e', '\u200b', '\ud800', '\u0000', 'x'.repeat(5_000), '../../etc', '__proto__'],
  ...[
    '2026-01-01T00:00:00.000Z',
    '+275760-09-13T00:00:00.000Z',
    'running',
    'uuid/x',
    'constructor',
  ],
];

type Place = { readonly holder: Record<string, unknown>; readonly field: string };

/** Every field and every item, however deep. */
const placesIn = (value: unknown): Place[] => {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((field) => [{ holder, field }, ...placesIn(holder[field])]);
};

/** A copy with one to three harms. */
export const mutated = (value: unknown, dice: Dice): unknown => {
  const root = { value: structuredClone(value) };
  for (let left = dice.once(4) ? dice.int(2, 3) : 1; left > 0; left -= 1) {
    const places = placesIn(root);
    if (places.length > 0) harm(dice.pick(places), places, dice);
  }
  return root.value;
};

const harm = ({ holder, field }: Place, places: readonly Place[], dice: Dice): void => {
  const before = holder[field];
  switch (dice.int(0, 9)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(field), 1);
      else delete holder[field];
      return;
    case 1:
      if (Array.isArray(before)) before.push(...structuredClone(before), dice.pick(ODD));
      else holder[`${field}x`] = dice.pick(ODD);
      return;
    case 2: {
      const other = dice.pick(places);
      holder[field] = structuredClone(other.holder[other.field]);
      return;
    }
    case 3:
      if (typeof before === 'number') holder[field] = before + dice.pick([-1, 1, 5, 1_000]);
      else holder[field] = dice.pick(ODD);
      return;
    default:
      holder[field] = dice.pick(ODD);
  }
};

/** As text, with what only text can say. */
export const textOf = (value: unknown): string =>
  String(JSON.stringify(value) ?? null)
    .replaceAll(`"${INFINITE}"`, '1e400')
    .replaceAll(`"${DEEP}"`, `${'['.repeat(50_000)}${']'.repeat(50_000)}`);
