/** What the Agent SDK's store can stand on, each opened for one test and gone after it. */
import { onTestFinished } from 'vitest';
import { type AgentSdkSessionStore, agentSdkSessionStore } from '../../src/agent-sdk/index.ts';
import { connectClient, type Greenroom } from '../../src/index.ts';
import { type Options, testGreenroom } from '../support/greenroom.ts';
import { natsServer } from '../support/nats.ts';

export interface Host {
  readonly greenroom: Greenroom;
  readonly store: AgentSdkSessionStore;
  /** Another store over the same sessions, as a second program has it. */
  another(): Promise<AgentSdkSessionStore>;
}

export const embedded = async (options: Options = {}): Promise<Host> => {
  const { greenroom } = await testGreenroom(options);
  return {
    greenroom,
    store: agentSdkSessionStore(greenroom),
    another: async () => agentSdkSessionStore(greenroom.api),
  };
};

export const overNats = async (options: Options = {}): Promise<Host> => {
  const { greenroom } = await testGreenroom({
    ...options,
    nats: { port: 0 },
    natsServerBin: natsServer,
  });
  const { broker } = greenroom.status();
  if (broker === null) throw new Error('there is no broker');
  const another = async () => {
    const client = await connectClient({ servers: broker });
    onTestFinished(() => client.close());
    return agentSdkSessionStore(client);
  };
  return { greenroom, store: await another(), another };
};
