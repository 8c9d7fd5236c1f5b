/** Child processes that we bring along, each restarting alone. */
import { Broker } from '../src/nats/broker.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { rehearsalChild } from '../src/rehearsal/child.ts';
import type { Parts } from './parts.ts';

const MB = 1024 * 1024;

export const companions = ({ config, bus, log }: Parts) =>
  supervisor({
    id: 'companions',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // a broker may be away for hours, or its port be taken: nobody above can mend that,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      Broker.childSpec(
        {
          dataDir: config.dataDir,
          wanted: bus.wanted && config.natsUrl === undefined, // else somebody else's broker is used
          port: config.natsPort,
          program: config.natsServerBin,
          maxPayloadBytes: 8 * 1024 * 1024, // what nats-server recommends at most; lines of transcripts reach 1 MB
          streamBytes: (config.queueMb + config.refusedMb) * MB,
          onWarning: (line) => log.warn({ from: 'nats-server' }, line),
        },
        { id: 'broker', shutdownMs: 10_000, initTimeoutMs: 30_000 },
      ),
      rehearsalChild(config.provider === 'rehearsal'), // stands in for the Claude API without a key
    ],
  });
