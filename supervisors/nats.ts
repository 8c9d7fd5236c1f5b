/** The bus: a request that comes in needs the connection, and what is asked while the intake is away can wait in the broker. */
import { Api } from '../src/nats/api.ts';
import { Intake } from '../src/nats/intake.ts';
import { Link } from '../src/nats/link.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { version } from '../src/platform/version.ts';
import type { Parts } from './parts.ts';

const MB = 1024 * 1024;

export const nats = ({ config, log, feed, runtime, sessions, daemon }: Parts): ChildSpec =>
  supervisor({
    id: 'nats',
    strategy: 'rest_for_one',
    restartGapMs: 1_000, // a broker may be away for hours, or its port be taken: nobody above can mend that,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      Link.childSpec(
        { url: config.natsUrl, creds: config.natsCreds, notices: log },
        { id: 'link', initTimeoutMs: 60_000 },
      ), // the connection
      Intake.childSpec(
        {
          ...{ prefix: config.prefix, feed, door: sessions },
          sizes: { queueBytes: config.queueMb * MB, refusedBytes: config.refusedMb * MB },
          notices: log,
          trails: runtime.trails, // the queue's part of a turn's trace
          past: { hasOpened: false }, // so that a queue that is gone after a reconnection is told of as lost
        },
        { id: 'intake', initTimeoutMs: 60_000, shutdownMs: 10_000 },
      ), // takes turns off the queue
      Api.childSpec(
        { prefix: config.prefix, version, feed, door: sessions, daemon },
        { id: 'api', shutdownMs: 10_000 },
      ), // answers requests, tells events
    ],
  });
