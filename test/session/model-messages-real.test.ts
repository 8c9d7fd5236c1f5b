/** The effective history of every transcript that we have, by the API's rules. */
import { describe, expect, test } from 'vitest';
import { isCompactBoundary, isSynthetic } from '../../src/claude-code/describe-line.ts';
import {
  blocksOf,
  messageOf,
  type RawBlock,
  type RawLine,
} from '../../src/claude-code/raw-line.ts';
import { objectsOf } from '../../src/claude-code/read-line.ts';
import { modelMessages } from '../../src/session/context/model-messages.ts';
import { loadCorpora } from '../claude-code/corpora.ts';
import { validateMessagesRequest } from '../support/api-rules.ts';

const GO_ON = { role: 'user', content: 'go on' };

const messagesOf = (lines: readonly Uint8Array[]) =>
  modelMessages(
    lines.map((body, index) => ({ kind: 'imported' as const, seq: index + 1, body })),
  ).messages.map((message) => new TextDecoder().decode(message));

const request = (messages: readonly string[]) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 1_024,
  messages: [...messages.map((message) => JSON.parse(message)), GO_ON],
});

const blocksIn = (lines: readonly Uint8Array[]): readonly RawBlock[] =>
  lines.flatMap(objectsOf).flatMap((record) => blocksOf(messageOf(record).content));

/** Messages of the model and the user since the last compaction, read without following any chain. */
const sinceCompaction = (lines: readonly Uint8Array[]): readonly RawLine[] => {
  const records = lines.flatMap(objectsOf);
  const main = records.filter((record) => record.isSidechain !== true);
  const hasMain = main.some((record) => record.type === 'user' || record.type === 'assistant');
  const ours = hasMain ? main : records;
  return ours
    .slice(ours.findLastIndex(isCompactBoundary) + 1)
    .filter((record) => record.type === 'user' || record.type === 'assistant')
    .filter((record) => record.isMeta !== true && !isSynthetic(record));
};

/** What has to be in the request for a block to be there. */
const traceOf = (block: RawBlock): string | undefined => {
  if (block.type === 'text' && typeof block.text === 'string' && block.text.trim() !== '')
    return JSON.stringify(block.text).slice(1, -1);
  return block.type === 'tool_use' ? `"id":"${String(block.id)}"` : undefined;
};

/** Abandoned by a rewind: the session went on from a record before it. */
const REWOUND = new Map([
  ['entireio__cli/8a-e9468023c2-0.jsonl', ['<command-name>/exit', '<local-command-stdout>Bye!']],
]);

describe.each(loadCorpora())('$name', ({ samples }) => {
  const real = samples.filter((sample) => sample.kind === 'real');

  test.each(real)('$file: a request that the API takes', ({ lines }) => {
    const messages = messagesOf(lines);
    expect(messages.length).toBeGreaterThan(0);
    expect(validateMessagesRequest(request(messages), blocksIn(lines))).toEqual([]);
  });

  test.each(real)('$file: complete since the last compaction', ({ file, lines }) => {
    const sent = messagesOf(lines).join('\n');
    const missing = sinceCompaction(lines)
      .flatMap((record) =>
        blocksOf(messageOf(record).content).flatMap((block) => traceOf(block) ?? []),
      )
      .filter((trace) => !sent.includes(trace))
      .filter((trace) => !REWOUND.get(file)?.some((start) => trace.startsWith(start)));
    expect(missing).toEqual([]);
  });

  test.each(samples)('$file: never throws, and what it gives is fit to send', ({ lines }) => {
    const messages = messagesOf(lines);
    expect(validateMessagesRequest(request(messages))).toEqual([]);
  });

  test.each(real)('$file: cut after any line it is still fit to send', ({ lines }) => {
    const step = Math.max(1, Math.floor(lines.length / 12));
    for (let length = 1; length < lines.length; length += step) {
      const whole = lines.slice(0, length);
      const half = lines[length]?.slice(0, 100) ?? new Uint8Array();
      expect(validateMessagesRequest(request(messagesOf([...whole, half])))).toEqual([]);
    }
  });
});
