/** The classic face of our journal holds what every classic store holds, on LMDB. In memory: `memory.test.ts`. */
import { describe, test } from 'vitest';
import { classicStoreContract, openStore } from '../../../src/stores/index.ts';
import { folders } from '../../storage/folders.ts';

const folder = folders();

classicStoreContract({
  ...{ describe, test, name: 'the lmdb store', sharing: false },
  open: async () => ({ store: await openStore(`lmdb:${folder()}`) }),
});
