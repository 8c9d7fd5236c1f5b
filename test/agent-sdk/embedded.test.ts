/** The Agent SDK's store in the process of its Greenroom. */
import { describe } from 'vitest';
import { sessionStoreContract } from './contract.ts';
import { embedded } from './hosts.ts';

describe('over an embedded Greenroom', () => {
  sessionStoreContract(embedded);
});
