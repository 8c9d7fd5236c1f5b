/**
 * A worker for tests: it answers at once, without HTTP, unless told otherwise. The step's model says how it
 * misbehaves (`exit`, `throw`, `hang`, `mute`; `busy` only says that it is), `maxTokens` how many times; the times are counted in the
 * step's shared context, which outlives the thread.
 */
const outcomeOf = (text) => ({
  type: 'message',
  body: new TextEncoder().encode(JSON.stringify({ role: 'assistant', content: text })),
  text,
  toolUses: [],
  stopReason: 'end_turn',
  messageId: 'msg_1',
  model: 'instant',
  provider: 'rehearsal',
  usage: {},
  costNanoUsd: null,
});

const misbehave = (how) => {
  switch (how) {
    case 'exit':
      return process.exit(3);
    case 'throw':
      throw new Error('a bug in the worker');
    case 'hang':
      for (;;);
    case 'mute':
      return;
  }
};

export const serve = (port) =>
  new Promise((resolve) => {
    let load = 0;
    const slabs = new Map();
    port.on('close', resolve);
    port.on('message', (messages) => {
      for (const message of messages) {
        if (message.type === 'slab') slabs.set(message.slab, message.buffer);
        if (message.type === 'ping') {
          port.postMessage([{ type: 'pong', load }]);
          load = 0; // that was of the time since the ping before
        }
        if (message.type !== 'start') continue;
        const {
          id,
          job: { step },
        } = message;
        load = step.model === 'busy' ? 1 : 0;
        const before = Atomics.add(new Int32Array(slabs.get(step.context.slab)), 0, 1);
        const events = [{ type: 'delta', block: 0, text: `try ${before}` }];
        port.postMessage([{ type: 'events', id, events }]);
        if (before < step.maxTokens && step.model !== 'fine') misbehave(step.model);
        else port.postMessage([{ type: 'outcome', id, outcome: outcomeOf(`try ${before}`) }]);
      }
    });
    port.postMessage([{ type: 'ready' }]);
  });
