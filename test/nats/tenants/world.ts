/** A real broker with the generated configuration, a real Greenroom behind it, and connections of its users. */

import { rmSync } from 'node:fs';
import { connect, createInbox, type NatsConnection } from 'nats';
import { type Greenroom, startGreenroom } from '../../../src/index.ts';
import { brokerConfigText, type Wall } from '../../../src/nats/broker-config.ts';
import { type BrokerUser, brokerUsers } from '../../../src/nats/broker-users.ts';
import { Subjects } from '../../../src/nats/subjects.ts';
import { createLog } from '../../../src/platform/log.ts';
import { newFolder } from '../../docs/running.ts';
import { startBroker } from '../../support/nats.ts';

export const TENANTS = ['acme', 'beta'] as const;
export const subjects = new Subjects('greenroom');
const PASSWORD = 'word';
/** In the form of `htpasswd`. */
const PASSWORD_HASH = '$2y$04$abcdefghijklmnopqrstuuB/GrfUOm5dtrEiT8lcouu5XB5ftbWLi';

export interface World {
  readonly greenroom: Greenroom;
  readonly users: readonly BrokerUser[];
  /** The address with the user's name and password in it. */
  urlOf(name: string): string;
  /** A bare connection of the user, with its inbox; the same one each time. */
  as(name: string): Promise<NatsConnection>;
  /** Asks a turn as the user, and waits for its end. */
  asked(name: string, subject: string, body: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const startWorld = async (
  wall: Wall,
  configure = (text: string) => text,
): Promise<World> => {
  const users = brokerUsers(TENANTS, ['ann:acme:sender']);
  const config = {
    ...{ wall, subjects, tenants: TENANTS, users, called: [] },
    secretOf: ({ name }: BrokerUser) => ({ text: name === 'ann' ? PASSWORD_HASH : PASSWORD }),
  };
  const broker = await startBroker({
    configure: (text) => {
      const listen = `127.0.0.1:${/^port: (\d+)/m.exec(text)?.[1]}`;
      const storeDir: string = JSON.parse(/store_dir: (".*")/.exec(text)?.[1] ?? '');
      return configure(brokerConfigText({ ...config, listen, storeDir }));
    },
  });
  const urlOf = (name: string) => `nats://${name}:${PASSWORD}@127.0.0.1:${broker.port}`;
  const dataDir = newFolder();
  const greenroom = await startGreenroom({
    ...{
      dataDir,
      provider: 'rehearsal',
      workers: 1,
      minFreeMb: 1,
      textSearch: 'off',
      drainSeconds: 0,
    },
    nats: { url: urlOf('greenroom') },
    log: createLog({ level: 'error' }),
  });
  const open = new Map<string, Promise<NatsConnection>>();
  const inboxOf = (name: string) => users.find((user) => user.name === name)?.inboxPrefix ?? '';
  const as = (name: string): Promise<NatsConnection> => {
    const servers = `127.0.0.1:${broker.port}`;
    const account = { user: name, pass: PASSWORD, inboxPrefix: inboxOf(name) };
    const nc = open.get(name) ?? connect({ servers, ...account, maxReconnectAttempts: 0 });
    open.set(name, nc);
    return nc;
  };
  return {
    greenroom,
    users,
    urlOf,
    as,
    asked: async (name, subject, body) => {
      const nc = await as(name);
      const inbox = createInbox(inboxOf(name));
      const replies = nc.subscribe(inbox);
      nc.publish(subject, body, { reply: inbox });
      for await (const { data } of replies) if (data.length === 0) break;
    },
    [Symbol.asyncDispose]: async () => {
      for (const nc of await Promise.all(open.values())) await nc.close();
      await greenroom.stop();
      await broker.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
