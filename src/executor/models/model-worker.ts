/**
 * The program of a models thread: one task, `serve`, which lives as long as the thread. It takes
 * steps from a port and runs all of them side by side, since a model step is nearly all waiting.
 *
 * 1. Nothing is kept of a step once its outcome is posted, and nothing at module level ever (P4): connections,
 *    clients and the slabs that contexts lie in belong to `serve`, and everything else comes with the step.
 * 2. A step that fails is an outcome; only a bug ends the thread, and the pool starts those steps again.
 */
import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import Anthropic from '@anthropic-ai/sdk';
import { systemClock, systemRandom } from '../../otp/system-clock.ts';
import { secretsIn } from '../../platform/address.ts';
import { ChurnMap } from '../../platform/churn-map.ts';
import { Garbage } from '../../platform/garbage.ts';
import { redactor } from '../../platform/redact.ts';
import { Outbox } from '../pool/outbox.ts';
import { type Fetch, openConnections } from './http-fetch.ts';
import { ModelRun, type StepTools } from './model-step.ts';
import { StepEmitter } from './step-emitter.ts';
import type { Endpoint, FromWorker, ToWorker } from './wire.ts';

/** Clients for so many endpoints are kept; more than one is rare, as when a companion was restarted. */
const MAX_CLIENTS = 4;
const MAX_SOCKETS = 256;

/** Serves a port until its other side closes it. */
export const serve = (port: MessagePort): Promise<void> => {
  // The SDK warns of deprecated models on every single request, past its logger; the thread says nothing else.
  console.warn = () => undefined;
  const outbox = new Outbox<FromWorker>(port, systemClock);
  const connections = openConnections(MAX_SOCKETS);
  const clientFor = clients(connections.fetch);
  const runs = new ChurnMap<number, ModelRun>();
  const slabs = new Map<number, SharedArrayBuffer>();
  const garbage = new Garbage();
  let lastLook = performance.eventLoopUtilization();

  const start = ({ id, job }: Extract<ToWorker, { type: 'start' }>): void => {
    const { step, endpoint } = job;
    const emitter = new StepEmitter(id, outbox);
    const { context, ...others } = step;
    const { slab, byteOffset, byteLength } = context;
    const buffer = slabs.get(slab);
    if (buffer === undefined) throw new Error(`a step in slab ${slab}, which did not come`);
    const messages = new Uint8Array(buffer, byteOffset, byteLength);
    const run = new ModelRun({ ...others, messages }, endpoint, {
      clock: systemClock,
      random: systemRandom,
      ...withTokens(clientFor(endpoint), endpoint),
      emit: (event) => emitter.emit(event),
    });
    runs.set(id, run);
    void run.run().then((outcome) => {
      runs.delete(id);
      emitter.finish(outcome);
    });
  };
  /** A handle that was dropped keeps its memory until it is collected, and a thread that rests makes no garbage. */
  const forget = (slab: number): void => {
    slabs.delete(slab);
    if (runs.size === 0) garbage.collectAll();
  };
  const loadSinceLastLook = (): number => {
    const { utilization } = performance.eventLoopUtilization(lastLook);
    lastLook = performance.eventLoopUtilization();
    return utilization;
  };
  const receive = (message: ToWorker): void => {
    switch (message.type) {
      case 'start':
        return start(message);
      case 'slab':
        return void slabs.set(message.slab, message.buffer);
      case 'forget':
        return forget(message.slab);
      case 'cancel':
        return runs.get(message.id)?.cancel();
      case 'ping':
        garbage.look(runs.size === 0);
        return outbox.post({ type: 'pong', load: loadSinceLastLook() });
    }
  };

  return new Promise((resolve) => {
    port.on('message', (messages: readonly ToWorker[]) => {
      for (const message of messages) receive(message);
    });
    port.on('close', () => {
      for (const run of runs.values()) run.cancel();
      connections.close();
      resolve();
    });
    outbox.post({ type: 'ready' });
  });
};

type Client = Pick<StepTools, 'client' | 'redact'>;

/** What the API says of a server that it calls is not to name the token that it was given. */
const withTokens = ({ client, redact }: Client, { connectors }: Endpoint): Client => {
  if (connectors === undefined) return { client, redact };
  const hide = redactor(connectors.map(({ token }) => token));
  return { client, redact: (text) => hide(redact(text)) };
};

/** One client per endpoint, made when first needed: making one costs as much as a request. */
const clients = (fetch: Fetch): ((endpoint: Endpoint) => Client) => {
  const known = new Map<string, Client>();
  return ({ baseUrl, apiKey }) => {
    const key = `${baseUrl} ${apiKey}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const [oldest] = known.keys();
    if (known.size >= MAX_CLIENTS && oldest !== undefined) known.delete(oldest);
    const client = new Anthropic({
      baseURL: baseUrl,
      apiKey,
      fetch,
      maxRetries: 0, // ours are visible and can be cancelled
      logLevel: 'off',
      openTelemetry: false,
    });
    const made = { client, redact: redactor([apiKey, ...secretsIn(baseUrl)]) };
    known.set(key, made);
    return made;
  };
};
