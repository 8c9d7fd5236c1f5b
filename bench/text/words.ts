/** Text that has the words of a language as often as a language has them: by Zipf, with commas, full stops, and now and then a name. */
import { Dice } from '../../src/testing/dice.ts';

const SYLLABLES = [
  'ta',
  'ren',
  'o',
  'mi',
  'sul',
  'ka',
  'de',
  'vor',
  'li',
  'pe',
  'nas',
  'tu',
  'gre',
];
const WORDS = 60_000;

export class Language {
  readonly #words: readonly string[];
  readonly #heap = new Float64Array(WORDS);
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#words = Array.from({ length: WORDS }, (_, n) => spelt(n));
    let sum = 0;
    for (let n = 0; n < WORDS; n += 1) {
      sum += 1 / (n + 1);
      this.#heap[n] = sum;
    }
  }

  /** The one of this rank; 0 is the most common. */
  ranked(rank: number): string {
    return this.#words[rank] ?? '';
  }

  word(): string {
    const wanted = this.#dice.next() * (this.#heap.at(-1) ?? 0);
    let low = 0;
    let high = WORDS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#heap[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.ranked(low);
  }

  /** About so many bytes. */
  text(bytes: number): string {
    const parts: string[] = [];
    for (let length = 0; length < bytes; ) {
      const word = this.#dice.once(40) ? `${this.word()}_${this.word()}.ts` : this.word();
      const sign = this.#dice.once(9) ? (this.#dice.once(2) ? ',' : '.') : '';
      parts.push(word + sign);
      length += word.length + sign.length + 1;
    }
    return parts.join(' ');
  }
}

const spelt = (rank: number): string => {
  let word = '';
  for (let rest = rank + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length))
    word += SYLLABLES[rest % SYLLABLES.length];
  return word;
};
