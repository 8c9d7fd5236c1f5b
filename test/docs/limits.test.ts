/** The README's numbers are those in the code, whether they are exported or not. */
import { expect, test } from 'vitest';
import { MAX_LISTED } from '../../src/housekeeping/sweep.ts';
import { REQUEST_TIMEOUT_MS } from '../../src/model/deadlines.ts';
import { ID_PATTERN } from '../../src/model/ids.ts';
import { MAX_METADATA_BYTES } from '../../src/model/metadata.ts';
import { MAX_SEGMENTS } from '../../src/model/segments.ts';
import { MAX_TAG_LENGTH, MAX_TAGS } from '../../src/model/tags.ts';
import { API_LIMITS } from '../../src/nats/answers.ts';
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from '../../src/nats/body.ts';
import { MAX_WAITING_EVENTS } from '../../src/session/events/event-queue.ts';
import { SESSION, SESSIONS } from '../../src/session/verbs/declared.ts';
import { MAX_APPENDED } from '../../src/session/verbs/mirror-api.ts';
import { SESSION_VERBS, SESSIONS_VERBS } from '../../src/session/verbs/registry.ts';
import { MAX_MESSAGE_BYTES } from '../../src/session/verbs/requests.ts';
import {
  MAX_CHANGE_BYTES,
  MAX_CHANGE_RECORDS,
  MAX_ENTRY_BYTES,
} from '../../src/storage/records/limits.ts';
import { documentNamed, tableBelow } from './readme.ts';

const KIB = 1024;
const count = (number: number): string => number.toLocaleString('en-US');
const size = (bytes: number): string => {
  const power = Math.floor(Math.log(bytes) / Math.log(KIB));
  return `${bytes / KIB ** power} ${['bytes', 'KiB', 'MiB', 'GiB'][power]}`;
};
const seconds = (ms: number): string => `${ms / 1_000} s`;

/** A number that a file gives a name to: a product of numbers, or a property. */
const numberIn = (path: string, name: string): number => {
  const [, product] =
    new RegExp(`\\b${name}(?: =|:) ([\\d_]+(?: \\* [\\d_]+)*)`).exec(documentNamed(path)) ?? [];
  if (product === undefined) throw new Error(`${path} has no number ${name}`);
  return product
    .split('*')
    .map((factor) => Number(factor.replaceAll('_', '')))
    .reduce((a, b) => a * b);
};

const streams = (name: string): number => numberIn('src/nats/streams.ts', name);
const ofSession = (name: string): number => numberIn('supervisors/session.ts', name);

const LIMITS: readonly (readonly [limit: string, value: string])[] = [
  [
    '`saveSession` of `lmdb:` and `memory:`',
    `${size(MAX_CHANGE_BYTES)} and ${count(MAX_CHANGE_RECORDS)} records in its one commit`,
  ],
  [
    'calls that wait for a `file:` store',
    `${count(numberIn('src/classic/stores/shared/call-order.ts', 'MAX_WAITING'))}; for another process that holds the session ` +
      `${seconds(numberIn('src/classic/stores/file/process-lock.ts', 'TIMEOUT_MS'))}`,
  ],
  ['a prompt or an appended message, as JSON', size(MAX_MESSAGE_BYTES)],
  ["a request's body", `${size(MAX_BODY_BYTES)}, nested ${MAX_JSON_DEPTH} deep`],
  ['a stored entry', size(MAX_ENTRY_BYTES)],
  ['tags', `${MAX_TAGS} per session, ${MAX_TAG_LENGTH} characters each`],
  ['`metadata` of a session', `${size(MAX_METADATA_BYTES)} of JSON`],
  [
    'an append of the Agent SDK',
    `${count(MAX_APPENDED)} entries and ${size(numberIn('src/agent-sdk/index.ts', 'MAX_REQUEST_BYTES'))} in one commit; ` +
      `${count(numberIn('src/agent-sdk/index.ts', 'MAX_WAITING'))} appends may wait for one transcript`,
  ],
  [
    'project and session id of the Agent SDK',
    `${count(numberIn('src/session/mirror/mirror-key.ts', 'MAX_EXTERNAL_KEY'))} characters together, as JSON`,
  ],
  [
    'changes that wait in one session',
    count(numberIn('src/session/actor/waiting-changes.ts', 'MAX_WAITING')),
  ],
  ['requests over NATS under way', count(API_LIMITS.inFlight)],
  ['streams of `ask` that are open', count(API_LIMITS.openAsks)],
  [
    "a request's time",
    `${seconds(REQUEST_TIMEOUT_MS)}; \`cleanup\` ${seconds(SESSIONS.cleanup.timeoutMs)}, ` +
      `\`import\` and \`compact\` ${seconds(SESSION.import.timeoutMs)}; another one by the header ` +
      `\`Greenroom-Timeout-Ms\`, at most ${seconds(numberIn('src/nats/answers.ts', 'LONGEST_TIMEOUT_MS'))}`,
  ],
  [
    'tokens of one answer',
    `${count(numberIn('src/session/actor/step-runner.ts', 'MAX_TOKENS'))}, unless \`maxTokens\` says otherwise`,
  ],
  ['events that may wait for a slow reader in the same process', count(MAX_WAITING_EVENTS)],
  [
    'the queue of turns in the broker',
    `${count(streams('MAX_QUEUED'))} messages, ${size(streams('queueBytes'))}`,
  ],
  [
    'refused turns that the broker keeps',
    `${count(streams('MAX_DEAD'))} messages, ${size(streams('refusedBytes'))}`,
  ],
  [
    'crashes of one session',
    `${ofSession('maxRestarts')} in ${ofSession('maxSeconds')} s, then it is parked`,
  ],
  ['forks of forks, each with entries of its own, one after another', count(MAX_SEGMENTS)],
  ["sessions that a cleanup's report names", `${count(MAX_LISTED)}; its \`count\` is of all`],
];

test.each(LIMITS)('%s: %s', (limit, value) => {
  expect(tableBelow('Limits')).toContainEqual([limit, value]);
});

test('a page has at most as many items as the table says', () => {
  const schemas = [
    SESSION_VERBS.messages.request,
    SESSION_VERBS.turns.request,
    SESSIONS_VERBS.search.request,
  ];
  const most = 1_000;
  expect(tableBelow('Limits')).toContainEqual([
    'a page of `messages`, `turns` or `search`',
    `at most ${count(most)}`,
  ]);
  for (const schema of schemas) {
    expect(schema.safeParse({ limit: most }).success).toBe(true);
    expect(schema.safeParse({ limit: most + 1 }).success).toBe(false);
  }
});

test('a turn makes as many model calls as the table says', () => {
  const usual = numberIn('src/app/runtime.ts', 'MAX_STEPS');
  expect(tableBelow('Limits')).toContainEqual(['model calls of a turn', `${usual}, at most 1,000`]);
});

test('an id has the pattern that the table says', () => {
  expect(ID_PATTERN.source).toBe('^[A-Za-z0-9_-]{1,128}$');
  expect(tableBelow('Limits')).toContainEqual([
    'id of a session, turn or tenant',
    '1-128 of `A-Z a-z 0-9 _ -`',
  ]);
});
