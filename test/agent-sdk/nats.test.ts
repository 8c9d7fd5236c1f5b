/** The Agent SDK's store in a program that reaches its Greenroom over NATS. */
import { describe } from 'vitest';
import { withoutNatsServer } from '../support/nats.ts';
import { sessionStoreContract } from './contract.ts';
import { overNats } from './hosts.ts';

describe.skipIf(withoutNatsServer())('over NATS', () => {
  sessionStoreContract(overNats);
});
