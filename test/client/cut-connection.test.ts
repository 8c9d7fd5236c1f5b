/** Requests of a client whose connection is cut for a moment: what was sent and what is asked meanwhile. The time of the client stands. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { connect } from 'nats';
import { expect, test } from 'vitest';
import { Connection } from '../../src/client/connection.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { BusDaemon } from './bus-daemon.ts';

const FOR_EVER_MS = 3_600_000;
const SESSION = 'greenroom.v1.default.session.s';
const FROM_START = Buffer.from('{"from":1}');

/** A way to the broker that can be cut while both ends live. */
class Way {
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  #server: Server;
  port = 0;

  constructor(target: number) {
    this.#target = target;
    this.#server = this.#listening();
  }

  async open(): Promise<void> {
    this.#server = this.#listening();
    await new Promise<void>((resolve) => {
      this.#server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as { port: number }).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #listening(): Server {
    return createServer((near) => {
      const far = dial(this.#target, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
    });
  }
}

const connectedBy = async (way: Way) => {
  const clock = virtualClock();
  const servers = `127.0.0.1:${way.port}`;
  const nc = await connect({ servers, reconnectTimeWait: 10, maxReconnectAttempts: -1 });
  const connection = new Connection(nc, {
    clock,
    open: () => Promise.reject(new Error('it does not move')),
    locate: () => undefined,
    pingSubject: 'greenroom.v1.default.daemon.ping',
  });
  const isCut = () => until(() => nc.info === undefined);
  return { clock, connection, isCut };
};

test.skipIf(withoutNatsServer())(
  'what is asked while it is cut is sent when it is back; what was sent before is given up soon after',
  async () => {
    await using broker = await startBroker();
    await using daemon = await BusDaemon.start(broker.url, 'one');
    const way = new Way(broker.port);
    await way.open();
    const { clock, connection, isCut } = await connectedBy(way);
    const ask = (verb: string) =>
      connection.request(`${SESSION}.${verb}`, FROM_START, {
        timeoutMs: FOR_EVER_MS,
        changesNothing: false,
      });
    const lost = ask('get'); // it is never answered
    lost.catch(() => undefined);
    await until(() => daemon.verbs.some(({ verb }) => verb === 'get'));
    await way.cut();
    await isCut();
    const meanwhile = ask('messages');
    await way.open();
    expect((await meanwhile).json()).toEqual({ entries: [] });
    await clock.advance(2_000);
    await expect(lost).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the connection was lost'),
    });

    const late = connection.request(`${SESSION}.get`, FROM_START, {
      timeoutMs: FOR_EVER_MS,
      changesNothing: false,
    });
    late.catch(() => undefined);
    await way.cut();
    await isCut();
    const short = connection.request(`${SESSION}.get`, FROM_START, {
      timeoutMs: 500,
      changesNothing: false,
    });
    short.catch(() => undefined);
    await clock.advance(500);
    await expect(short).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await connection.close();
    await expect(late).rejects.toMatchObject({ code: 'unavailable' });
    expect(daemon.verbs.filter(({ verb }) => verb === 'messages')).toHaveLength(1);
  },
);
