/**
 * A tool that is a service on the bus: a NATS micro service, in any language, that says in its metadata what it can do. It
 * runs until Ctrl-C; `main.mjs` has a model call it.
 *
 *     node examples/tool-service/service.mjs
 */
import { connect } from 'nats';

/** What the model reads, and what the daemon checks its input against. */
const TOOL = {
  name: 'tide',
  description: 'Says when the water is highest today at a place.',
  inputSchema: {
    type: 'object',
    properties: { place: { type: 'string' } },
    required: ['place'],
  },
  effect: 'pure', // a call that a crash has broken off may be made again
};

const HIGH_WATER = { Bergen: '14:05', Hamburg: '17:40' };

const nc = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222' });
const service = await nc.services.add({ name: 'tides', version: '1.0.0' });
service.addEndpoint('tide', {
  subject: 'tools.tide',
  metadata: { 'greenroom-tool': JSON.stringify(TOOL) },
  handler: (error, message) => {
    if (error !== null) return;
    const { place } = message.json();
    const time = HIGH_WATER[place];
    const reply =
      time === undefined
        ? { content: `${place} is not in the table`, isError: true }
        : { content: `${place}: high water at ${time}` };
    message.respond(JSON.stringify(reply));
  },
});
await nc.flush();
console.log('the service is there');

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void nc.drain());
