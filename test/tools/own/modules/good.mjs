/** Tools as plain objects, with JSON Schema. */
import { threadId } from 'node:worker_threads';

const input = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] };

export const tools = [
  {
    ...{ name: 'shout', description: 'Says a word loudly', input, effect: 'pure' },
    run: ({ word }, { sessionId }) => `${word.toUpperCase()} in ${sessionId}`,
  },
  {
    ...{
      name: 'thread',
      description: 'Says its thread',
      input: { type: 'object' },
      effect: 'pure',
    },
    run: () => `${threadId}`,
  },
  {
    ...{ name: 'spin', description: 'Never ends', input: { type: 'object' } },
    run: () => {
      for (;;);
    },
  },
];
