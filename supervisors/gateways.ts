/** The doors to the outside. Last to open, first to close. */
import { onlyIf } from '../src/otp/only-if.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { canUseTool } from './can-use-tool.ts';
import { nats } from './nats.ts';
import type { Parts } from './parts.ts';

export const gateways = (parts: Parts) =>
  supervisor({
    id: 'gateways',
    strategy: 'one_for_one', // each door stands alone
    maxRestarts: 5,
    maxSeconds: 10,
    children: [
      canUseTool(parts), // the program's own answers to what waits for a person
      onlyIf(parts.bus.wanted, nats(parts)), // NATS
    ],
  });
