/**
 * A models thread that answers at once: it speaks the pool's wire protocol and calls no API, so that
 * a bench sees everything about a turn but the model.
 */
import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import type { FromWorker, ToWorker } from '../../src/executor/models/wire.ts';
import { emptyUsage } from '../../src/model/usage.ts';

const TEXT = 'A short answer, given at once.';
const BODY = JSON.stringify({ role: 'assistant', content: [{ type: 'text', text: TEXT }] });
const USAGE = { ...emptyUsage, inputTokens: 12, outputTokens: 9 };

export const serve = (port: MessagePort): Promise<void> => {
  const encoder = new TextEncoder();
  let answers = 0;
  let lastLook = performance.eventLoopUtilization();
  const loadSinceLastLook = (): number => {
    const { utilization } = performance.eventLoopUtilization(lastLook);
    lastLook = performance.eventLoopUtilization();
    return utilization;
  };
  const answer = ({
    id,
    job: { step, endpoint },
  }: Extract<ToWorker, { type: 'start' }>): FromWorker => ({
    type: 'outcome',
    id,
    outcome: {
      type: 'message',
      body: encoder.encode(BODY),
      text: TEXT,
      toolUses: [],
      stopReason: 'end_turn',
      messageId: `msg_bench_${++answers}`,
      model: step.model,
      provider: endpoint.provider,
      usage: USAGE,
      costNanoUsd: 171_000,
    },
  });
  const reply = (message: ToWorker): readonly FromWorker[] => {
    switch (message.type) {
      case 'start':
        return [answer(message)];
      case 'ping':
        return [{ type: 'pong', load: loadSinceLastLook() }];
      case 'slab':
      case 'forget':
      case 'cancel':
        return [];
    }
  };
  return new Promise((resolve) => {
    port.on('message', (messages: readonly ToWorker[]) =>
      port.postMessage(messages.flatMap(reply)),
    );
    port.on('close', resolve);
    port.postMessage([{ type: 'ready' }] satisfies FromWorker[]);
  });
};
