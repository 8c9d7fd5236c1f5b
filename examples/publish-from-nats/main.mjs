/**
 * A turn for the daemon from a program that knows nothing of Greenroom: the npm package `nats`, a subject, some JSON.
 *
 *     npm start                                     # the daemon, in another terminal
 *     node examples/publish-from-nats/main.mjs      # NATS_URL names another broker than nats://127.0.0.1:4222
 *
 * With the `nats` tool instead of a program:
 *
 *     nats sub 'greenroom.v1.default.events.nightly' &
 *     nats pub greenroom.v1.default.session.nightly.turn '{"turnId":"report-1","prompt":"Write the report."}'
 *     nats req greenroom.v1.default.session.nightly.turn-status '{"turnId":"report-1"}'
 */
import { connect } from 'nats';

const ROOT = 'greenroom.v1.default';
const nc = await connect({ servers: process.env.NATS_URL ?? 'nats://127.0.0.1:4222' });

// First listen, then ask. Where nothing comes for 20 s, the loop below ends with an error.
const events = nc.subscribe(`${ROOT}.events.nightly`, { timeout: 20_000 });

// The broker keeps it until a daemon takes it. Sent twice under one turn id, it runs once.
const turn = { turnId: 'report-1', prompt: 'Write the report.', tags: ['nightly'] };
const queue = `${ROOT}.session.nightly.turn`;
for (let times = 0; times < 2; times++) await nc.jetstream().publish(queue, JSON.stringify(turn));

for await (const message of events) {
  const event = message.json();
  if (event.type !== 'delta') console.log(event.type);
  if (event.type === 'turn.finished') {
    console.log(event.text);
    break;
  }
}

const reply = await nc.request(`${ROOT}.session.nightly.get`, '');
console.log('turns of the session:', reply.json().session.numTurns);
await nc.close();
