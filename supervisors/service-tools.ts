/** Services on the bus as tools of sessions. It finds the bus by its name each time: the bus may come later, and go. */
import { join } from 'node:path';
import { linkName } from '../src/nats/link.ts';
import { serviceBus } from '../src/nats/service-bus.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import type { System } from '../src/otp/system.ts';
import { TOOL_OUTPUT } from '../src/storage/files/session-folders.ts';
import { FILE_TOOLS, WEB_TOOLS } from '../src/tools/builtin/all.ts';
import { COMMAND_TOOLS } from '../src/tools/commands/input.ts';
import { ServiceToolsServer } from '../src/tools/services/service-tools.ts';
import type { Parts } from './parts.ts';

const busOf = (system: System) => {
  const link = system.find(linkName);
  return link === undefined ? undefined : serviceBus(link);
};

const BUILT_IN: ReadonlySet<string> = new Set(
  [...[...FILE_TOOLS, ...WEB_TOOLS].map(({ offered }) => offered), ...COMMAND_TOOLS].map(
    ({ name }) => name,
  ),
);

export const serviceTools = ({ config, log }: Pick<Parts, 'config' | 'log'>): ChildSpec =>
  ServiceToolsServer.childSpec(
    {
      isOn: config.serviceTools === 'on',
      bus: busOf,
      refusals: {
        isTaken: (name) => BUILT_IN.has(name),
        isOurs: (subject) => subject.startsWith(`${config.prefix}.`),
      },
      spillFolder: join(config.dataDir, TOOL_OUTPUT),
      notices: log,
    },
    { id: 'services' },
  );
