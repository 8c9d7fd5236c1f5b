/** A client whose daemon goes away, and comes back, or does not. */
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { type Client, type ClientOptions, connectClient } from '../../src/client/client.ts';
import type { WireEvent } from '../../src/model/event.ts';
import { MAX_WAITING_EVENTS } from '../../src/session/events/event-queue.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { Reading } from '../support/reading.ts';
import { gate, until } from '../support/until.ts';
import { accepted, BusDaemon, delta, finished, joined, message } from './bus-daemon.ts';

/** So long that whatever ends earlier was ended by what the client noticed. */
const FOR_EVER_MS = 3_600_000;

class Watched {
  readonly heard: string[] = [];
  readonly client: Client;

  private constructor(client: Client, heard: string[]) {
    this.client = client;
    this.heard = heard;
  }

  static async connect(options: ClientOptions): Promise<Watched> {
    const heard: string[] = [];
    const client = await connectClient({
      ...{ timeoutMs: FOR_EVER_MS, silenceMs: FOR_EVER_MS, rejoinMs: FOR_EVER_MS },
      onAway: () => void heard.push('away'),
      onBack: () => void heard.push('back'),
      ...options,
    });
    return new Watched(client, heard);
  }

  read(): Reading {
    return new Reading(this.client.turn('s', { prompt: 'x', turnId: 't' }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** What a reader sees: kinds, with the text of deltas and the seq of messages. */
const seen = (events: readonly WireEvent[]): string[] =>
  events.map((event) => {
    if (event.type === 'delta') return `delta ${event.text}`;
    if (event.type === 'message') return `message ${event.seq}`;
    return event.type;
  });

test.skipIf(withoutNatsServer())(
  'a broker that restarts takes along the answer to a request that changes nothing: it is asked once more',
  async () => {
    await using broker = await startBroker();
    await using daemon = await BusDaemon.start(broker.url, 'first');
    await using watched = await Watched.connect({ servers: broker.url });
    const service = await connect({ servers: broker.url, reconnectTimeWait: 20 });
    let asked = 0;
    service.subscribe('greenroom.v1.default.session.s.turns', {
      callback: (_, msg) => {
        asked += 1;
        if (asked > 1) msg.respond(JSON.stringify({ turns: [] })); // the first answer is lost
      },
    });
    await service.flush();
    const turns = watched.client.session('s', 'turns', {});
    const changed = watched.client.session('s', 'tag', { tags: ['x'] }).catch(() => undefined);
    await until(() => asked === 1 && daemon.verbs.some(({ verb }) => verb === 'tag'));
    await broker.kill();
    await broker.restart();
    expect(await turns).toEqual({ turns: [] });
    expect(daemon.verbs.filter(({ verb }) => verb === 'tag')).toHaveLength(1); // that would change something
    await service.close();
    await watched.client.close();
    await changed;
  },
);

describe.skipIf(withoutNatsServer())(
  'a daemon that dies behind a living broker',
  { concurrent: true },
  () => {
    test('is noticed: the request that it took along ends as unavailable', async () => {
      await using broker = await startBroker();
      await using daemon = await BusDaemon.start(broker.url, 'first');
      await using watched = await Watched.connect({ servers: broker.url });
      const asked = watched.client.session('s', 'get', {});
      const refused = expect(asked).rejects.toMatchObject({ code: 'unavailable' });
      await until(() => daemon.verbs.some(({ verb }) => verb === 'get'));
      await daemon.die();
      await refused;
      expect(watched.heard).toEqual(['away']);
    });

    test('and comes back: what was missed is read, nothing comes twice, and the stream goes on', async () => {
      await using broker = await startBroker();
      await using first = await BusDaemon.start(broker.url, 'first', {
        onAsk: [accepted(), delta(2, 'a'), message(3, 2), delta(4, 'half of')],
      });
      await using watched = await Watched.connect({ servers: broker.url });
      const reading = watched.read();
      await until(() => reading.events.length === 4);
      await first.die();
      await until(() => watched.heard.includes('away'));
      // Messages 3 and 4 were stored meanwhile; the step of message 5 runs, and its beginning was not heard.
      await using second = await BusDaemon.start(broker.url, 'second', {
        stored: [2, 3, 4],
        onAsk: [delta(7, 'in the middle', 2)],
      });
      await until(() => reading.events.length === 6);
      second.say(message(8, 5, 2), delta(9, 'b', 2), message(10, 6, 2), finished(11, 2));
      await reading.done;
      expect(seen(reading.events)).toEqual([
        ...['turn.accepted', 'delta a', 'message 2', 'delta half of', 'message 3', 'message 4'],
        ...['message 5', 'delta b', 'message 6', 'turn.finished'],
      ]);
      expect(watched.heard).toEqual(['away', 'back']);
    });

    test('and comes back: what the message under way has said is said again, without a gap or a double', async () => {
      await using broker = await startBroker();
      await using first = await BusDaemon.start(broker.url, 'first', {
        onAsk: [accepted(), delta(2, 'a'), message(3, 2), delta(4, 'half of')],
      });
      await using watched = await Watched.connect({ servers: broker.url });
      const reading = watched.read();
      await until(() => reading.events.length === 4);
      await first.die();
      await until(() => watched.heard.includes('away'));
      await using second = await BusDaemon.start(broker.url, 'second', {
        stored: [2],
        onAsk: [joined(2), delta(4, 'half of'), delta(5, 'it'), delta(6, ', and')],
      });
      await until(() => reading.events.length === 7);
      await second.die();
      // The message that was under way is stored now, and another one is half said.
      await using third = await BusDaemon.start(broker.url, 'third', {
        stored: [2, 3],
        onAsk: [joined(3), delta(9, 'next'), delta(10, 'one')],
      });
      await until(() => reading.events.length === 11);
      third.say(delta(11, '.'), message(12, 4), finished(13));
      await reading.done;
      expect(seen(reading.events)).toEqual([
        ...['turn.accepted', 'delta a', 'message 2', 'delta half of'],
        ...['ping', 'delta it', 'delta , and', 'message 3', 'ping', 'delta next', 'delta one'],
        ...['delta .', 'message 4', 'turn.finished'],
      ]);
    });

    test('and comes back: a message that is read and told comes once, behind its deltas', async () => {
      await using broker = await startBroker();
      await using first = await BusDaemon.start(broker.url, 'first', { onAsk: [accepted()] });
      await using watched = await Watched.connect({ servers: broker.url });
      const reading = watched.read();
      await reading.saw('turn.accepted');
      await first.die();
      await until(() => watched.heard.includes('away'));
      const { opened, open } = gate();
      await using second = await BusDaemon.start(broker.url, 'second', {
        onAsk: [{ type: 'turn.started', n: 1, attempt: 2 }, delta(2, 'a', 2), message(3, 2, 2)],
        stored: [2],
        storedAfter: opened,
      });
      await until(() => second.verbs.some(({ verb }) => verb === 'messages'));
      open();
      await until(() => reading.types.includes('message'));
      second.say(finished(4, 2));
      expect(seen(await reading.done)).toEqual([
        ...['turn.accepted', 'turn.started', 'delta a', 'message 2', 'turn.finished'],
      ]);
    });

    test('and comes back: what comes while missed messages are read is bounded too', async () => {
      await using broker = await startBroker();
      await using first = await BusDaemon.start(broker.url, 'first', { onAsk: [accepted()] });
      await using watched = await Watched.connect({ servers: broker.url });
      const reading = watched.read();
      const ended = expect(reading.done).rejects.toMatchObject({ code: 'mailbox_full' });
      await reading.saw('turn.accepted');
      await first.die();
      await until(() => watched.heard.includes('away'));
      await using second = await BusDaemon.start(broker.url, 'second', {
        storedAfter: new Promise(() => undefined),
      });
      await until(() => second.verbs.some(({ verb }) => verb === 'messages'));
      for (let n = 2; n < MAX_WAITING_EVENTS + 4; n += 1) second.say(delta(n, 'x'));
      await ended;
    });

    test('and a reader that is too slow loses its stream by the code that it would have embedded', async () => {
      await using broker = await startBroker();
      await using daemon = await BusDaemon.start(broker.url, 'first', { onAsk: [accepted()] });
      await using watched = await Watched.connect({ servers: broker.url });
      const turn = watched.client.turn('s', { prompt: 'x', turnId: 't' });
      const reading = turn[Symbol.asyncIterator]();
      await reading.next();
      for (let n = 2; n < MAX_WAITING_EVENTS + 4; n += 1) daemon.say(delta(n, 'x'));
      // Behind all of that: an answer to another request.
      await watched.client.session('s', 'turn-status', { turnId: 't' });
      let count = 0;
      const rest = (async () => {
        for await (const _ of { [Symbol.asyncIterator]: () => reading }) count += 1;
      })();
      await expect(rest).rejects.toMatchObject({ code: 'mailbox_full' });
      expect(count).toBe(MAX_WAITING_EVENTS + 1);
    });

    test('and is replaced before that was noticed: the stream is asked for again', async () => {
      await using broker = await startBroker();
      await using first = await BusDaemon.start(broker.url, 'first', { onAsk: [accepted()] });
      await using watched = await Watched.connect({ servers: broker.url });
      const reading = watched.read();
      await reading.saw('turn.accepted');
      await until(() => first.verbs.some(({ verb }) => verb === 'ping'));
      await using second = await BusDaemon.start(broker.url, 'second', { onAsk: [finished(1, 2)] });
      await first.die();
      await reading.done;
      expect(second.asks).toBe(1);
      expect(watched.heard).not.toContain('away');
    });

    test('and stays away: the stream ends as unavailable, and leaves no question behind', async () => {
      await using broker = await startBroker();
      await using daemon = await BusDaemon.start(broker.url, 'first', { onAsk: [accepted()] });
      await using watched = await Watched.connect({ servers: broker.url, rejoinMs: 10 });
      const reading = watched.read();
      await reading.saw('turn.accepted');
      await daemon.die();
      await expect(reading.done).rejects.toMatchObject({ code: 'unavailable' });
      expect(watched.heard).toEqual(['away']);
    });
  },
);

describe.skipIf(withoutNatsServer())(
  'a daemon that dies with its broker',
  { concurrent: true },
  () => {
    test('is found at its new address, and the stream goes on there', async () => {
      const old = await startBroker();
      const first = await BusDaemon.start(old.url, 'first', { onAsk: [accepted(), message(2, 2)] });
      let address: string | undefined = old.url;
      await using watched = await Watched.connect({ servers: old.url, locate: () => address });
      const reading = watched.read();
      await reading.saw('message');
      address = undefined;
      await first.die();
      await old.stop();
      await until(() => watched.heard.includes('away'));
      await using broker = await startBroker();
      await using second = await BusDaemon.start(broker.url, 'second', {
        stored: [2, 3],
        onAsk: [finished(5, 2)],
      });
      address = broker.url;
      expect(seen(await reading.done)).toEqual([
        ...['turn.accepted', 'message 2', 'message 3', 'turn.finished'],
      ]);
      expect(second.asks).toBe(1);
      // Requests go there too.
      await expect(watched.client.daemon('ping')).resolves.toMatchObject({ startedAt: 'second' });
    });

    test('takes no request along for ever', async () => {
      const broker = await startBroker();
      await using daemon = await BusDaemon.start(broker.url, 'first');
      await using watched = await Watched.connect({ servers: broker.url });
      const asked = watched.client.session('s', 'get', {});
      const refused = expect(asked).rejects.toMatchObject({ code: 'unavailable' });
      await until(() => daemon.verbs.some(({ verb }) => verb === 'get'));
      await broker.stop();
      await refused;
      // One that is made meanwhile waits a little for it, and no longer.
      await expect(watched.client.session('s', 'get', {})).rejects.toMatchObject({
        code: 'unavailable',
      });
    });
  },
);

describe.skipIf(withoutNatsServer())('what is told', { concurrent: true }, () => {
  test('is watched on, also at another address', async () => {
    const old = await startBroker();
    await using broker = await startBroker();
    const first = await BusDaemon.start(old.url, 'first');
    let address = old.url;
    await using watched = await Watched.connect({ servers: old.url, locate: () => address });
    const told: unknown[] = [];
    const reading = (async () => {
      for await (const each of watched.client.watch('s')) told.push(each);
    })();
    await until(() => first.verbs.some(({ verb }) => verb === 'ping'));
    await using second = await BusDaemon.start(broker.url, 'second');
    await first.die();
    await old.stop();
    address = broker.url;
    await until(() => watched.heard.includes('back'));
    // The broker may hear of the reader a moment after the reader of the daemon.
    await until(async () => {
      await second.tell('events.s', { type: 'turn.started' });
      return told.length > 0;
    });
    await watched.client.close();
    await reading;
    expect(told[0]).toEqual({ type: 'turn.started' });
  });
});
