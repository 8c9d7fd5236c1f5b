/** HTTP: for what watches the daemon, for programs, and for people. It must not end what it serves. */
import { Tokens } from '../src/http/access/tokens.ts';
import { HttpServer } from '../src/http/http-server.ts';
import type { ChildSpec } from '../src/otp/child-spec.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import type { Parts } from './parts.ts';

export const http = (parts: Parts): ChildSpec => {
  const { config, bus, servesHttp, isUp, runtime, metrics, sessions, daemon, feed } = parts;
  return supervisor({
    id: 'http',
    strategy: 'one_for_one',
    restartGapMs: 1_000, // its port may be taken for hours: nobody above can mend that,
    maxRestarts: 10, // so this is more than the gap lets happen
    maxSeconds: 1,
    children: [
      Tokens.childSpec({ wanted: servesHttp, dataDir: config.dataDir }, { id: 'tokens' }), // who may come in
      HttpServer.childSpec(
        {
          wanted: servesHttp,
          port: config.httpPort === 'off' ? undefined : config.httpPort,
          settings: config,
          past: { port: undefined },
          observed: { isUp, wantsBroker: bus.wanted, runtime, metrics },
          ...{ door: sessions, daemon, feed },
        },
        { id: 'server' },
      ), // health, metrics, the API, the page
    ],
  });
};
