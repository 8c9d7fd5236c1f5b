/** The doors to the outside. Last to open, first to close. */
import { onlyIf } from '../src/otp/only-if.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { canUseTool } from './can-use-tool.ts';
import { http } from './http.ts';
import { nats } from './nats.ts';
import type { Parts } from './parts.ts';

export const gateways = (parts: Parts) =>
  supervisor({
    id: 'gateways',
    strategy: 'one_for_one', // each door stands alone
    maxRestarts: 5,
    maxSeconds: 10,
    children: [
      http(parts), // first: it shows what the others wait for
      canUseTool(parts), // the program's own answers to what waits for a person
      onlyIf(parts.bus.wanted, nats(parts)), // NATS
    ],
  });
