/** The classic face of our journal holds what every classic store holds, in memory. */
import { describe, test } from 'vitest';
import { classicStoreContract, openStore } from '../../../src/stores/index.ts';

classicStoreContract({
  ...{ describe, test, name: 'the memory store', sharing: false },
  open: async () => ({ store: await openStore('memory:') }),
});
