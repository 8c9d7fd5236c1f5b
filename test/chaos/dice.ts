/** The test kit's dice, with a seed for each run. Tests print it; `GREENROOM_SEED` sets it. */
import { Dice as SeededDice } from '../../src/testing/dice.ts';

export class Dice extends SeededDice {
  constructor(seed: number = seedOfTheRun()) {
    super(seed);
  }
}

const seedOfTheRun = (): number => {
  const { GREENROOM_SEED: given } = process.env;
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
};
