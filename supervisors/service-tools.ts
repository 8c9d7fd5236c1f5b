/** Services on the bus as tools of sessions. It finds the bus by its name each time: the bus may come later, and go. */
import { join } from 'node:path';
import { linkName } from '../src/nats/link.ts';
import { serviceBus } from '../src/nats/service-bus.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import type { System } from '../src/otp/system.ts';
import { ServiceToolsServer } from '../src/tools/services/service-tools.ts';
import type { Parts } from './parts.ts';

const busOf = (system: System) => {
  const link = system.find(linkName);
  return link === undefined ? undefined : serviceBus(link);
};

/** @param isTaken whether a tool of another kind has this name. */
export const serviceTools = (
  { config, log }: Pick<Parts, 'config' | 'log'>,
  isTaken: (name: string) => boolean,
): ChildSpec =>
  ServiceToolsServer.childSpec(
    {
      isOn: config.serviceTools === 'on',
      bus: busOf,
      refusals: { isTaken, isOurs: (subject) => subject.startsWith(`${config.prefix}.`) },
      spillFolder: join(config.dataDir, 'tool-output'),
      notices: log,
    },
    { id: 'services' },
  );
