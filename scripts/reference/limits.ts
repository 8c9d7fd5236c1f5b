/** The page of limits: every number as the code has it, whether it is exported or not. */

import { readFileSync } from 'node:fs';
import { KEPT, MAX_SEEN, MAX_TRACES } from '../../src/app/actor-traces.ts';
import { MAX_BUDGETS } from '../../src/budgets/book.ts';
import { WAIT_MS } from '../../src/budgets/ledger.ts';
import { VARIABLES } from '../../src/config/config.ts';
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from '../../src/gateway/body.ts';
import { LONGEST_TIMEOUT_MS } from '../../src/gateway/headers.ts';
import { MAX_LISTED } from '../../src/housekeeping/sweep.ts';
import { LIMITS } from '../../src/http/listening.ts';
import { MAX_PAGE } from '../../src/model/criteria.ts';
import { REQUEST_TIMEOUT_MS } from '../../src/model/deadlines.ts';
import { MAX_NAME_LENGTH } from '../../src/model/definition.ts';
import { MAX_SIDE_TRANSCRIPTS } from '../../src/model/head.ts';
import { MAX_METADATA_BYTES } from '../../src/model/metadata.ts';
import { MAX_SEGMENTS } from '../../src/model/segments.ts';
import { MAX_DELAY_MS, MOST_STEPS } from '../../src/model/turn.ts';
import { API_LIMITS } from '../../src/nats/answers.ts';
import { MAX_DUE } from '../../src/search/live/live-watch.ts';
import {
  FORGOTTEN_AFTER_MS,
  MAX_DUE_OF_ALL,
  MAX_PRESENT,
  MAX_WATCHES,
  MAX_WATCHES_OF_TENANT,
  TICK_MS,
} from '../../src/search/live/memory-watches.ts';
import { MAX_WAITING_EVENTS } from '../../src/session/events/event-queue.ts';
import { MAX_BYTES, MAX_EVENTS } from '../../src/session/events/recent-events.ts';
import { MAX_STATIONS, MAX_TRAILS } from '../../src/session/events/turn-trails.ts';
import { MAX_DEFINITION_BYTES, MAX_DEFINITIONS } from '../../src/session/verbs/definitions.ts';
import { MAX_APPENDED } from '../../src/session/verbs/mirror-api.ts';
import { MAX_MESSAGE_BYTES } from '../../src/session/verbs/requests.ts';
import { DAEMON, SESSION, SESSIONS } from '../../src/session/verbs/verb-facts.ts';
import {
  MAX_CHANGE_BYTES,
  MAX_CHANGE_RECORDS,
  MAX_ENTRY_BYTES,
} from '../../src/storage/records/limits.ts';
import { MAX_TAG_LENGTH, MAX_TAGS } from '../../src/tags/tags.ts';
import { MAX_CONTENT } from '../../src/traces/content.ts';
import { MAX_TURNS } from '../../src/traces/tracing.ts';
import { code, type Regions, table } from './markdown.ts';

const KIB = 1024;
export const count = (number: number): string => number.toLocaleString('en-US');
export const size = (bytes: number): string => {
  const power = Math.floor(Math.log(bytes) / Math.log(KIB));
  return `${bytes / KIB ** power} ${['bytes', 'KiB', 'MiB', 'GiB'][power]}`;
};
export const seconds = (ms: number): string => `${ms / 1_000} s`;

/** Reads the numbers that files keep to themselves: a product of numbers with a name, or a property. */
const numbersBelow =
  (root: string) =>
  (path: string, name: string): number => {
    const text = readFileSync(`${root}${path}`, 'utf8');
    const [, product] =
      new RegExp(`\\b${name}(?: =|:) ([\\d_]+(?: \\* [\\d_]+)*)`).exec(text) ?? [];
    if (product === undefined) throw new Error(`${path} has no number ${name}`);
    return product
      .split('*')
      .map((factor) => Number(factor.replaceAll('_', '')))
      .reduce((a, b) => a * b);
  };

/** The usual time, and the verbs that have longer, by that time. */
const requestTime = (): string => {
  const slower = new Map<number, string[]>();
  for (const [name, { timeoutMs }] of [SESSION, SESSIONS, DAEMON].flatMap(
    Object.entries<{ timeoutMs: number }>,
  ))
    if (timeoutMs !== REQUEST_TIMEOUT_MS)
      slower.set(timeoutMs, [...(slower.get(timeoutMs) ?? []), code(name)]);
  const exceptions = [...slower].map(([ms, names]) => `${names.join(', ')} ${seconds(ms)}`);
  return (
    `${seconds(REQUEST_TIMEOUT_MS)}; ${exceptions.join('; ')}; another one by the header ` +
    `\`Greenroom-Timeout-Ms\`, at most ${seconds(LONGEST_TIMEOUT_MS)}`
  );
};

const rows = (root: string): readonly (readonly [limit: string, value: string])[] => {
  const numberIn = numbersBelow(root);
  const streams = (name: string) => numberIn('src/nats/streams.ts', name);
  const ofSession = (name: string) => numberIn('supervisors/session.ts', name);
  const classic = (file: string, name: string) => numberIn(`src/classic-client/${file}.ts`, name);
  const agentSdk = (name: string) => numberIn('src/agent-sdk/index.ts', name);
  return [
    ['id of a session, turn or tenant', '1-128 of `A-Z a-z 0-9 _ -`'],
    ['a prompt or an appended message, as JSON', size(MAX_MESSAGE_BYTES)],
    ["a request's body", `${size(MAX_BODY_BYTES)}, nested ${MAX_JSON_DEPTH} deep`],
    [
      'any message over NATS',
      `the broker's \`max_payload\`; ${size(numberIn('supervisors/companions.ts', 'maxPayloadBytes'))} for the daemon's own broker`,
    ],
    [
      'an event or an entry, whole, over NATS',
      'a quarter of `max_payload`; larger ones come without their content, as `{ truncated: true, bytes }`; programs in the same process get them whole',
    ],
    ['a stored entry', size(MAX_ENTRY_BYTES)],
    ['tags', `${MAX_TAGS} per session, ${MAX_TAG_LENGTH} characters each`],
    ['`metadata` of a session', `${size(MAX_METADATA_BYTES)} of JSON`],
    [
      'templates, tasks and schedules',
      `${count(MAX_DEFINITIONS)} of each per tenant, ${size(MAX_DEFINITION_BYTES)} of JSON each, names of ${MAX_NAME_LENGTH} characters`,
    ],
    ['a turn that is set for a time', `${MAX_DELAY_MS / 86_400_000} days ahead`],
    ['side transcripts', `${count(MAX_SIDE_TRANSCRIPTS)} per session`],
    [
      'an append of the Agent SDK',
      `${count(MAX_APPENDED)} entries and ${size(agentSdk('MAX_REQUEST_BYTES'))} in one commit; ` +
        `${count(agentSdk('MAX_WAITING'))} appends may wait for one transcript`,
    ],
    [
      'project and session id of the Agent SDK',
      `${count(numberIn('src/session/mirror/mirror-key.ts', 'MAX_EXTERNAL_KEY'))} characters together, as JSON`,
    ],
    [
      '`saveSession` of `lmdb:` and `memory:`',
      `${size(MAX_CHANGE_BYTES)} and ${count(MAX_CHANGE_RECORDS)} records in its one commit`,
    ],
    [
      'calls that wait for a `file:` store',
      `${count(numberIn('src/classic/stores/shared/call-order.ts', 'MAX_WAITING'))}; for another process that holds the session ` +
        `${seconds(numberIn('src/classic/stores/file/process-lock.ts', 'TIMEOUT_MS'))}`,
    ],
    [
      'turns of classic clients that wait for one session of a store',
      `${count(classic('turn-lines', 'MAX_WAITING'))}; a caller that has a message in hand holds up others for ` +
        `${seconds(classic('turn-lines', 'LONGEST_PAUSE_MS'))}, a change by another process is tried again for ` +
        `${seconds(classic('turn', 'CONFLICT_MS'))}`,
    ],
    [
      'messages of a classic query that wait to be read',
      `${count(classic('client-query', 'MAX_UNREAD'))}; then the oldest go`,
    ],
    ['turns of a session of classic clients', 'the option `maxTurns`, 100'],
    ['open turns of a session', `${VARIABLES.queuePerSession.otherwise}, the running one included`],
    [
      'changes that wait in one session',
      count(numberIn('src/session/commits/waiting-changes.ts', 'MAX_WAITING')),
    ],
    [
      'HTTP',
      `${LIMITS.connections} connections, the oldest goes first; ${size(LIMITS.headerBytes)} of headers within ${seconds(LIMITS.headersMs)}`,
    ],
    [
      'requests over NATS under way',
      `${count(API_LIMITS.inFlight)}, and ${count(API_LIMITS.waiting)} that wait for something to happen`,
    ],
    ['streams of `ask` that are open', count(API_LIMITS.openAsks)],
    [
      'live queries',
      `${count(MAX_WATCHES_OF_TENANT)} of a tenant, ${count(MAX_WATCHES)} of a daemon; one that is asked nothing for ${seconds(FORGOTTEN_AFTER_MS)} is forgotten`,
    ],
    ['sessions that a live query tells as present', count(MAX_PRESENT)],
    [
      'changes of live queries that wait',
      `${count(MAX_DUE)} for one reader, ${count(MAX_DUE_OF_ALL)} for all; beyond that a live query begins again`,
    ],
    [
      'readers of live queries that are answered',
      `${count(numberIn('src/search/live/memory-watches.ts', 'ANSWERED_PER_TICK'))} in ${TICK_MS} ms, fewer beside many commits, one of each tenant by turns`,
    ],
    ['budgets', `${count(MAX_BUDGETS)} of a tenant`],
    [
      'model calls that wait for money',
      `${count(numberIn('src/budgets/ledger.ts', 'MAX_WAITING'))}, each ${seconds(WAIT_MS)} for calls under way`,
    ],
    ["a request's time", requestTime()],
    [
      'model calls of a turn',
      `${numberIn('src/app/runtime.ts', 'MAX_STEPS')}, at most ${count(MOST_STEPS)}`,
    ],
    [
      'tokens of one answer',
      `${count(numberIn('src/session/running/step-runner.ts', 'MAX_TOKENS'))}, unless \`maxTokens\` says otherwise; ${count(classic('request', 'MAX_TOKENS'))} of classic clients without tools`,
    ],
    ['a page of `messages`, `turns` or `search`', `at most ${count(MAX_PAGE)}`],
    [
      'events that may wait for a slow reader, in the same process or of `greenroom/client`',
      count(MAX_WAITING_EVENTS),
    ],
    [
      'events of an open turn that are said once more to readers who join it',
      `${count(MAX_EVENTS)} since its last message; ${size(MAX_BYTES)} of all turns`,
    ],
    [
      'the queue of turns in the broker',
      `${count(streams('MAX_QUEUED'))} messages, ${size(streams('queueBytes'))}`,
    ],
    [
      'turns whose way is kept for `turn-trace`',
      `${count(MAX_TRAILS)}, of each ${MAX_STATIONS} stations; of others what is stored`,
    ],
    [
      'turns that have spans at once',
      `${count(MAX_TURNS)}; of more there are none. What is said is cut at ${count(MAX_CONTENT)} characters`,
    ],
    [
      'refused turns that the broker keeps',
      `${count(streams('MAX_DEAD'))} messages, ${size(streams('refusedBytes'))}`,
    ],
    [
      'actors that are traced at once',
      `${count(MAX_TRACES)}, of each the last ${count(KEPT)} messages; it ends by itself, at the latest after ${count(MAX_SEEN)} messages or 600 s`,
    ],
    [
      'crashes of one session',
      `${ofSession('maxRestarts')} in ${ofSession('maxSeconds')} s, then it is parked`,
    ],
    ['forks of forks, each with entries of its own, one after another', count(MAX_SEGMENTS)],
    ["sessions that a cleanup's report names", `${count(MAX_LISTED)}; its \`count\` is of all`],
  ];
};

export const limitRegions = (root: string): Regions => ({
  limits: table(['limit', 'value'], rows(root)),
});
