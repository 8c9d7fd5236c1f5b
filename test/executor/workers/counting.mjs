/** A worker for tests: it answers each step with the number of slabs that it was given and told to forget so far. */
export const serve = (port) =>
  new Promise((resolve) => {
    let given = 0;
    let forgotten = 0;
    const outcome = () => ({
      type: 'message',
      body: new TextEncoder().encode('{}'),
      text: `${given} given, ${forgotten} forgotten`,
      toolUses: [],
      stopReason: 'end_turn',
      messageId: 'msg_1',
      model: 'instant',
      provider: 'rehearsal',
      usage: {},
      costNanoUsd: null,
    });
    port.on('close', resolve);
    port.on('message', (messages) => {
      for (const { type, id } of messages) {
        if (type === 'slab') given += 1;
        if (type === 'forget') forgotten += 1;
        if (type === 'ping') port.postMessage([{ type: 'pong', load: 0 }]);
        if (type === 'start') port.postMessage([{ type: 'outcome', id, outcome: outcome() }]);
      }
    });
    port.postMessage([{ type: 'ready' }]);
  });
