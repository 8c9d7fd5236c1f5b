/** HTTP for what watches the daemon. It must not end what it watches. */
import { HttpServer } from '../src/http/http-server.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import type { Parts } from './parts.ts';

export const http = ({ config, bus, servesHttp, isUp, runtime, metrics }: Parts): ChildSpec =>
  supervisor({
    id: 'http',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // its port may be taken for hours: nobody above can mend that,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      HttpServer.childSpec(
        {
          wanted: servesHttp,
          port: config.httpPort === 'off' ? undefined : config.httpPort,
          past: { port: undefined },
          observed: { isUp, wantsBroker: bus.wanted, runtime, metrics },
        },
        { id: 'server' },
      ), // health and metrics
    ],
  });
