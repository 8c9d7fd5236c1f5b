/** Parts of the gateway on a system of their own, with a fake door behind and a real broker before them. */
import { connect, type Msg, type NatsConnection } from 'nats';
import { Api, type ApiArgs } from '../../src/nats/api.ts';
import { Intake } from '../../src/nats/intake.ts';
import { Link } from '../../src/nats/link.ts';
import type { Window } from '../../src/nats/turn-queue.ts';
import type { Report } from '../../src/otp/report.ts';
import { type SupervisorRef, startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { FakeDaemon } from '../support/fake-daemon.ts';
import { startBroker } from '../support/nats.ts';
import { FakeDoor } from './fake-door.ts';

export interface Gateway {
  readonly system: System;
  readonly door: FakeDoor;
  readonly tree: SupervisorRef;
  readonly reports: Report[];
  /** What an operator was told, as `level text`. */
  readonly notices: string[];
  /** A bare client beside the gateway. */
  readonly client: NatsConnection;
  /** Ends the gateway in order. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface GatewayOptions {
  readonly door?: FakeDoor;
  readonly api?: Partial<ApiArgs>;
  /** With an intake, as of this store. */
  readonly storeId?: string;
  readonly window?: Partial<Window>;
}

export const startGateway = async (url: string, options: GatewayOptions = {}): Promise<Gateway> => {
  const { door = new FakeDoor(), storeId, window = {} } = options;
  const { feed } = door;
  const reports: Report[] = [];
  const notices: string[] = [];
  const tell = (level: string) => (_: unknown, text: string) =>
    void notices.push(`${level} ${text}`);
  const log = { info: tell('info'), warn: tell('warn'), error: tell('error') };
  const system = new System({ onReport: (report) => void reports.push(report) });
  const api = {
    prefix: 'greenroom',
    version: '1.2.3',
    feed: door.feed,
    door,
    daemon: new FakeDaemon(),
    ...options.api,
  };
  const tree = await startTree(
    system,
    supervisor({
      id: 'gateway',
      strategy: 'rest_for_one',
      maxRestarts: 20,
      children: [
        Link.childSpec({ url, notices: log }, { id: 'link' }),
        ...(storeId === undefined
          ? []
          : [
              Intake.childSpec(
                { prefix: 'greenroom', feed, door, storeId, window, notices: log },
                { id: 'intake' },
              ),
            ]),
        Api.childSpec(api, { id: 'api' }),
      ],
    }),
  );
  const client = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  const stop = async () => void (await system.stop(tree, 'shutdown'));
  const dispose = async () => {
    await client.close();
    await stop();
  };
  return { system, door, tree, reports, notices, client, stop, [Symbol.asyncDispose]: dispose };
};

/** A gateway on a broker of its own. */
export const startWithBroker = async (options?: GatewayOptions): Promise<Gateway> => {
  const broker = await startBroker();
  const gateway = await startGateway(broker.url, options);
  const dispose = async () => {
    await gateway[Symbol.asyncDispose]();
    await broker.stop();
  };
  return { ...gateway, [Symbol.asyncDispose]: dispose };
};

/** One request for tenant `acme`. */
export const ask = ({ client }: Gateway, rest: string, body = ''): Promise<Msg> =>
  client.request(`greenroom.v1.acme.${rest}`, body, { timeout: 5_000 });

/** What a reply says that went wrong. */
export const refusal = (msg: Msg): { status: string | undefined; code: string | undefined } => ({
  status: msg.headers?.get('Nats-Service-Error-Code'),
  code: (msg.json() as { error?: { code?: string } }).error?.code,
});
