/** What the guide of HTTP says from the code: codes that only HTTP has, and its limits. */
import { MAX_BODY_BYTES } from '../../src/gateway/body.ts';
import { REQUEST_LIMITS } from '../../src/gateway/requests.ts';
import { MAX_TOKENS } from '../../src/http/access/token-book.ts';
import { LIMITS } from '../../src/http/listening.ts';
import { MAX_ANSWER, MAX_KEPT, MAX_KEYS } from '../../src/http/rest/keyed-answers.ts';
import { MAX_WAIT_SECONDS } from '../../src/http/rest/preferences.ts';
import { MAX_REPLY_BYTES } from '../../src/http/rest/verb-request.ts';
import { HEARTBEAT_MS } from '../../src/http/streams/event-stream.ts';
import { MAX_FOLLOWED } from '../../src/http/streams/follow-sessions.ts';
import { MAX_STREAMS } from '../../src/http/streams/open-streams.ts';
import { MAX_MISSED } from '../../src/http/streams/stored-events.ts';
import { HTTP_ERRORS } from '../../src/http/wire/problem.ts';
import { code, type Regions, table } from './markdown.ts';

const errors = (): string =>
  table(
    ['code', 'status', 'when'],
    Object.entries(HTTP_ERRORS).map(([name, { status, when }]) => [
      code(name),
      String(status),
      when,
    ]),
  );

const count = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${ms / 1_000} s`;
const MIB = 1024 * 1024;

const limits = (): string =>
  table(
    ['what', 'limit'],
    [
      ['body of a request', `${MAX_BODY_BYTES / MIB} MiB`],
      ['headers of a request', `${LIMITS.headerBytes / 1024} KiB, in ${seconds(LIMITS.headersMs)}`],
      ['a request with its body', seconds(LIMITS.bodyMs)],
      ['answer', `${MAX_REPLY_BYTES / MIB} MiB; a page is cut before that`],
      ['requests under way', count(REQUEST_LIMITS.inFlight)],
      ['wait for a turn', `${MAX_WAIT_SECONDS} s`],
      ['streams', count(MAX_STREAMS)],
      ['sessions of one stream', count(MAX_FOLLOWED)],
      ['messages, or ends of turns, that a stream makes up for', count(MAX_MISSED)],
      ['silence of a stream', seconds(HEARTBEAT_MS)],
      ['connections', count(LIMITS.connections)],
      ['of them without a request with a token so far', count(LIMITS.newConnections)],
      ['tokens', count(MAX_TOKENS)],
      [
        'changes whose `Idempotency-Key` is remembered',
        `${count(MAX_KEYS)}, ${MAX_KEPT / MIB} MiB of answers, of at most ${MAX_ANSWER / 1024} KiB each`,
      ],
    ],
  );

export const httpRegions = (): Regions => ({ 'http-errors': errors(), 'http-limits': limits() });
