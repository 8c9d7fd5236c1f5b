/** What the Agent SDK's store can stand on, each opened for one test and gone after it. */
import { onTestFinished } from 'vitest';
import {
  type AgentSdkSessionStore,
  agentSdkSessionStore,
  type MirrorApi,
} from '../../src/agent-sdk/index.ts';
import { connectClient, type Greenroom } from '../../src/index.ts';
import { openStore } from '../../src/stores/index.ts';
import { type Options, testGreenroom } from '../support/greenroom.ts';
import { natsServer } from '../support/nats.ts';

export interface Host {
  /** The sessions themselves. */
  readonly api: MirrorApi;
  readonly store: AgentSdkSessionStore;
  /** Another store over the same sessions, as a second program has it. */
  another(): Promise<AgentSdkSessionStore>;
}

export interface WholeHost extends Host {
  readonly greenroom: Greenroom;
}

export const hostOf = (greenroom: Greenroom): WholeHost => ({
  greenroom,
  api: greenroom.api,
  store: agentSdkSessionStore(greenroom),
  another: async () => agentSdkSessionStore(greenroom.api),
});

export const embedded = async (options: Options = {}): Promise<WholeHost> =>
  hostOf((await testGreenroom(options)).greenroom);

export const overNats = async (options: Options = {}): Promise<WholeHost> => {
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
  return { greenroom, api: greenroom.api, store: await another(), another };
};

/** A journal in memory, without a Greenroom around it. */
export const inMemory = async (): Promise<Host> => {
  const opened = await openStore('memory:');
  onTestFinished(() => opened.close());
  return {
    api: opened.api,
    store: agentSdkSessionStore(opened),
    another: async () => agentSdkSessionStore(opened.api),
  };
};
