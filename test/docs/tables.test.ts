/** The README's tables say what the code says. The code's side is computed, or forced by the compiler to be complete. */
import { describe, expect, test } from 'vitest';
import { EXIT_STORE_FAILED } from '../../src/app/greenroom.ts';
import { MIGRATIONS } from '../../src/classic/stores/postgres/schema.ts';
import type { ExitCode } from '../../src/cli/failure.ts';
import { EXIT_INTERRUPTED, failureOf } from '../../src/cli/failure.ts';
import { CONFIG_NAMES, VARIABLES } from '../../src/config/config.ts';
import { Criteria, criteriaShape } from '../../src/model/criteria.ts';
import { ERRORS, type ErrorCode, GreenroomError } from '../../src/model/errors.ts';
import type { WireEvent } from '../../src/model/event.ts';
import { Settings } from '../../src/model/head.ts';
import { DIRECTIVE_KEYS } from '../../src/rehearsal/directives.ts';
import { TurnRequest } from '../../src/session/verbs/turn-request.ts';
import { codeIn, codeInColumn, README, tableBelow } from './readme.ts';

const sorted = (words: Iterable<string>): string[] => [...words].sort();

describe('error codes', () => {
  const rowOf = ([code, { status, retryable, when }]: [string, (typeof ERRORS)[ErrorCode]]) => {
    const { exitCode } = failureOf(new GreenroomError(code as ErrorCode, 'x'));
    return [`\`${code}\``, String(status), retryable ? 'yes' : 'no', String(exitCode), when];
  };

  test('the table of error codes is the one in the code', () => {
    expect(tableBelow('Error codes')).toEqual(Object.entries(ERRORS).map(rowOf));
  });

  test('no other code is called one in the text', () => {
    const known = new Set<string>(Object.keys(ERRORS));
    const named = [...README.matchAll(/`([a-z]+_[a-z_]+)`/g)].map((match) => match[1] ?? '');
    const others = ['max_payload', 'connection_error', 'worker_lost', 'tool_use', 'tool_result'];
    others.push('sessions_by_update', 'sessions_directories', 'statement_timeout'); // of the servers
    const tables = MIGRATIONS.flatMap(
      ({ up }) => up.join('\n').match(/(?<=CREATE TABLE )\w+/g) ?? [],
    );
    others.push(...tables);
    expect(named.filter((word) => !known.has(word) && !others.includes(word))).toEqual([]);
  });
});

describe('exit codes', () => {
  const ofCommands = { 0: true, 1: true, 2: true, 3: true, 4: true, 5: true } satisfies Record<
    ExitCode,
    true
  >;

  test('every exit code of the command line and of the daemon is there', () => {
    const codes = tableBelow('Exit codes').map(([code]) => code);
    expect(codes).toEqual([
      ...Object.keys(ofCommands),
      String(EXIT_INTERRUPTED),
      String(EXIT_STORE_FAILED),
    ]);
  });
});

describe('configuration', () => {
  test('every variable is there with its name in files, its default and its meaning', () => {
    const rows = CONFIG_NAMES.map((name) => {
      const { env, otherwise, meaning } = VARIABLES[name];
      return [`\`${env}\``, `\`${name}\``, otherwise, meaning];
    });
    expect(tableBelow('Configuration')).toEqual(rows);
  });

  test('the classic names are told', () => {
    const aliases = CONFIG_NAMES.flatMap((name) =>
      'aliases' in VARIABLES[name] ? VARIABLES[name].aliases : [],
    );
    const sentence = /^Also understood: .*$/m.exec(README)?.[0] ?? '';
    expect(aliases.filter((alias) => !sentence.includes(`\`${alias}\` for`))).toEqual([]);
  });
});

type EventType = WireEvent['type'];
type Envelope = 'type' | 'tenant' | 'sessionId' | 'turnId' | 'attempt' | 'n' | 'at';
type FieldsOf<E> = E extends unknown ? Exclude<keyof E, Envelope> : never;

/** The compiler refuses an event or a field that is missing here, and one that is too many. */
const EVENTS = {
  'turn.accepted': { seq: true },
  'turn.started': {},
  delta: { block: true, text: true, thinking: true, inputJson: true },
  message: { seq: true, message: true },
  'tool.started': { toolUseId: true, name: true, input: true },
  'tool.finished': { toolUseId: true, isError: true, durationMs: true },
  retry: { delayMs: true, error: true },
  ping: {},
  'turn.finished': {
    status: true,
    stopReason: true,
    error: true,
    usage: true,
    costUsd: true,
    durationMs: true,
    text: true,
  },
} satisfies { [T in EventType]: Record<FieldsOf<Extract<WireEvent, { type: T }>>, true> };

test('the events are there with all their fields', () => {
  const rows = tableBelow('Events').map(([type, fields]) => [codeIn(type)[0], codeIn(fields)]);
  expect(rows).toEqual(Object.entries(EVENTS).map(([type, fields]) => [type, Object.keys(fields)]));
});

describe('requests', () => {
  test('every field of a turn request is there', () => {
    const named = codeInColumn(tableBelow('Turn requests'), 0);
    expect(sorted(named)).toEqual(sorted(Object.keys(TurnRequest.shape)));
  });

  test('every setting is there', () => {
    const named = codeInColumn(tableBelow('Settings'), 0);
    expect(sorted(named)).toEqual(sorted(Object.keys(Settings.shape)));
  });

  test('every criterion is there', () => {
    const named = codeInColumn(tableBelow('Search criteria'), 0);
    expect(sorted(named)).toEqual(sorted(Object.keys(criteriaShape)));
  });

  test('every order of a search is there', () => {
    const sentence = /Sorted by `sortBy` \(([^)]*)\)/.exec(README)?.[1];
    expect(codeIn(sentence)).toEqual(Criteria.shape.sortBy.def.innerType.options);
  });
});

test('every key of the rehearsal directives is there', () => {
  const named = codeInColumn(tableBelow('The rehearsal model'), 0);
  expect(sorted(named)).toEqual(sorted(DIRECTIVE_KEYS));
});
