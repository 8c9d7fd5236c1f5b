/** The file store holds what every classic store holds. */
import { describe, test } from 'vitest';
import { classicStoreContract, FileSessionStore } from '../../../../src/stores/index.ts';
import { folders } from '../../../storage/folders.ts';

const folder = folders();

classicStoreContract({
  ...{ describe, test, name: 'the file store' },
  open: async () => {
    const dir = folder();
    return { store: new FileSessionStore(dir), another: async () => new FileSessionStore(dir) };
  },
});
