/** The actor behind the tool `Agent`: it registers the runner under `agentsName`. Calls do not pass its mailbox. */
import { genServer, protocol } from '../../otp/gen-server.ts';
import { nameOf } from '../../otp/name.ts';
import type { Self } from '../../otp/self.ts';
import type { ToolRunner } from '../tool/runner.ts';
import { Agents, type AgentsOptions } from './agents.ts';

export const agentsName = nameOf<ToolRunner>('agents');

const agentsProtocol = protocol({ calls: {} });

export const AgentsServer = genServer(agentsProtocol, {
  init: (options: AgentsOptions, self: Self<typeof agentsProtocol>): Agents => {
    const agents = new Agents(self.system, options);
    self.own(() => agents.end());
    self.register(agentsName, agents);
    return agents;
  },
  handleCall: {},
  redact: ({ tools }) => ({ tools: tools.map(({ name }) => name) }),
});
